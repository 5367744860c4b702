import { createTheme } from '@mantine/core'

const OVERLAY = {
  // Its header is no banner of the page.
  attributes: { header: { role: 'presentation' } },
  closeButtonProps: { 'aria-label': 'Close' },
  styles: { title: { fontWeight: 600 } },
}

/** Shades that keep a contrast of 4.5:1 with what stands on or under them (WCAG 2.2, 1.4.3); app.css has the rest. */
export const theme = createTheme({
  primaryColor: 'blue',
  primaryShade: { light: 8, dark: 8 },
  defaultRadius: 'sm',
  fontFamily: 'system-ui, sans-serif',
  fontFamilyMonospace: 'ui-monospace, monospace',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Drawer: { defaultProps: OVERLAY },
    Modal: { defaultProps: OVERLAY },
    PasswordInput: { defaultProps: { visibilityToggleButtonProps: { 'aria-label': 'Show the password' } } },
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': 'Close the message' } } },
    Loader: { defaultProps: { role: 'status', 'aria-label': 'Loading' } },
  },
})
