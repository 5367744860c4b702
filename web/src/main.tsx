import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import '@mantine/dates/styles.css'
import './app/app.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from './api/errors.ts'
import { App } from './app/app.tsx'
import { applyNonce } from './app/nonce.ts'

applyNonce()
const root = createRoot(document.getElementById('root') as HTMLElement, {
  // What the server has answered stands on the page already.
  onCaughtError: (error) => error instanceof ApiError || console.error(error),
})
root.render(
  <StrictMode>
    <App />
  </StrictMode>,
)
