import { type RefObject, useEffect, useState } from 'react'

/** Rows beyond the edges, so that those that come into sight are there already. */
const SPARE_ROWS = 5
/** After this long without a scroll event it stands still. */
const STILL_MS = 150

/**
 * Which rows are in sight of an element that scrolls, all of one height: a division, where a library that knows rows of any
 * height goes through all of them after each new page.
 *
 * @param count rows there are
 * @param height pixels of each
 * @returns the first of them and the one after the last, and whether it moves
 */
export function useVisibleRows(scroll: RefObject<HTMLElement | null>, count: number, height: number) {
  const [{ first, last }, setVisible] = useState({ first: 0, last: 0 })
  const [isScrolling, setScrolling] = useState(false)
  useEffect(() => {
    const box = scroll.current
    if (!box) return
    let still: ReturnType<typeof setTimeout> | undefined
    const look = () => {
      const first = Math.max(0, Math.floor(box.scrollTop / height) - SPARE_ROWS)
      const last = Math.ceil((box.scrollTop + box.clientHeight) / height) + SPARE_ROWS
      setVisible((before) => (before.first === first && before.last === last ? before : { first, last }))
    }
    const onScroll = () => {
      look()
      setScrolling(true)
      clearTimeout(still)
      still = setTimeout(() => setScrolling(false), STILL_MS)
    }
    const sized = new ResizeObserver(look)
    sized.observe(box)
    box.addEventListener('scroll', onScroll, { passive: true })
    return () => {
      clearTimeout(still)
      sized.disconnect()
      box.removeEventListener('scroll', onScroll)
    }
  }, [scroll, height])
  return { first: Math.min(first, count), last: Math.min(last, count), isScrolling }
}
