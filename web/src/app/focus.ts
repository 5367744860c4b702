/** What had the focus last, also when it has it no more: browsers take it from what is disabled. */
let last: HTMLElement | undefined
document.addEventListener('focusin', ({ target }) => {
  if (target instanceof HTMLElement) last = target
})

export const lastFocused = () => last

/** Gives the focus back where nothing has it: a button is disabled while it is at work. */
export function focusAgain(element: HTMLElement | null | undefined = last): void {
  if (document.activeElement === document.body) element?.focus({ preventScroll: true })
}
