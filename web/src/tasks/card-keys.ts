import type { KeyboardEvent } from 'react'
import { hasModifier } from '../app/modifiers.ts'
import type { Status } from './fields.ts'

const CARD = '[data-rfd-drag-handle-draggable-id]'
const cardsOf = (column: Element | undefined) => [...(column?.querySelectorAll<HTMLElement>(CARD) ?? [])]

/** Arrow keys go from card to card: up and down in a column, left and right to the next column that has one. */
export function moveToCard(event: KeyboardEvent<HTMLElement>): void {
  const card = (event.target as Element).closest<HTMLElement>(CARD)
  // Those that carry a card have been taken care of.
  if (!card || event.defaultPrevented || hasModifier(event)) return
  const columns = [...event.currentTarget.querySelectorAll('section')]
  const at = columns.findIndex((column) => column.contains(card))
  const beside = (columns: Element[]) =>
    columns.flatMap((column) => cardsOf(column).filter(({ tabIndex }) => tabIndex === 0))[0]
  const cards = cardsOf(columns[at])
  const next: Record<string, HTMLElement | undefined> = {
    ArrowUp: cards[cards.indexOf(card) - 1],
    ArrowDown: cards[cards.indexOf(card) + 1],
    ArrowLeft: beside(columns.slice(0, at).toReversed()),
    ArrowRight: beside(columns.slice(at + 1)),
  }
  if (!(event.key in next)) return
  event.preventDefault()
  next[event.key]?.focus()
}

const FRAMES = 30

/** A card that was moved by keyboard is another element in its new column, once that is drawn. */
export function focusCard(id: string, status: Status, frames = FRAMES): void {
  const column = document.getElementById(`column-${status}`)?.closest('section')
  const card = cardsOf(column ?? undefined).find(({ dataset }) => dataset.rfdDragHandleDraggableId === id)
  if (card) card.focus()
  else if (frames > 0) requestAnimationFrame(() => focusCard(id, status, frames - 1))
}
