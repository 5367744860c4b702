export const BASE_PATH = '/console'

/** Search parameters as the API has them: plain texts, so that a filter reads the same in both. */
export const parseSearch = (text: string): Record<string, string> => Object.fromEntries(new URLSearchParams(text))

export function stringifySearch(search: Record<string, unknown>): string {
  const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== '')
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
  return text && `?${text}`
}

/** For a page with one parameter: keeps that, if it is a text, and nothing else. */
export const only =
  <Name extends string>(name: Name) =>
  (search: Record<string, unknown>): Partial<Record<Name, string>> =>
    (typeof search[name] === 'string' && search[name] ? { [name]: search[name] } : {}) as Partial<Record<Name, string>>
