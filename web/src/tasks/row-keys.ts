import type { KeyboardEvent } from 'react'
import { hasModifier } from '../app/modifiers.ts'

/** Of the row that holds the element, from 0 on. */
export function rowIndexOf(element: Element): number {
  return Number(element.closest('[role="row"]')?.getAttribute('aria-rowindex')) - 2
}

/**
 * Arrow keys and pages go from row to row, in the same column; Home and End to the ends of the list.
 *
 * @param box what scrolls the rows; those near its edges are on the page
 * @param onEnd is told which end it goes to, where the row may not be on the page yet
 */
export function moveToRow(event: KeyboardEvent, box: HTMLElement, onEnd: (key: 'Home' | 'End') => void): void {
  const from = event.target as HTMLElement
  const row = from.closest<HTMLElement>('[role="row"]')
  if (!row || hasModifier(event)) return
  if (event.key === 'Home' || event.key === 'End') {
    // The row is gone from the page then, and the focus with it.
    box.focus()
    box.scrollTop = event.key === 'Home' ? 0 : box.scrollHeight
    onEnd(event.key)
  } else {
    const page = Math.max(1, Math.floor(box.clientHeight / row.offsetHeight) - 2)
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page }
    const step = steps[event.key]
    if (!step) return
    const rows = [...box.querySelectorAll<HTMLElement>('[aria-rowindex]')].slice(1)
    const to = Math.min(Math.max(rows.indexOf(row) + step, 0), rows.length - 1)
    rows[to]?.querySelector<HTMLElement>(from.matches('input') ? 'input' : 'a')?.focus()
  }
  event.preventDefault()
}
