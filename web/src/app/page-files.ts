import { lazyRouteComponent } from '@tanstack/react-router'
import { BASE_PATH } from './search-params.ts'

/** The files of a page could not be fetched, as the server cannot be reached. */
export class PageAwayError extends Error {
  constructor(cause: unknown) {
    super('The server cannot be reached. Check the connection and try again.', { cause })
  }
}

export const isServerThere = () =>
  fetch(`${BASE_PATH}/`, { method: 'HEAD', cache: 'no-store' }).then(
    ({ ok }) => ok,
    () => false,
  )

/**
 * A page that is loaded when it is opened. When its files are gone, after an update of the server, the router loads the
 * console anew; not while there is no server to load it from, as the browser would have nothing left to show.
 */
export const page: typeof lazyRouteComponent = (load, name) =>
  lazyRouteComponent(async () => {
    try {
      return await load()
    } catch (error) {
      throw (await isServerThere()) ? error : new PageAwayError(error)
    }
  }, name)
