/** Whether the key or the click is another one than it would be alone: the browser has meanings of its own for it. */
export const hasModifier = (event: Record<'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey', boolean>) =>
  event.altKey || event.ctrlKey || event.metaKey || event.shiftKey
