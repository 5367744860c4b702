import { setNonce } from 'get-nonce'

/** The nonce of this page, without which the browser takes no style element (src/console/routes.ts). */
export function pageNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? ''
}

/** For the style element that keeps the page from scrolling under a dialog. */
export function applyNonce(): void {
  setNonce(pageNonce())
}
