import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** `npm run build` (scripts/build-console.ts) builds it; `npx vite web` serves it while you work, over a server on port 5000. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  plugins: [react()],
  // src/console/routes.ts puts the nonce of each answer in its place.
  html: { cspNonce: '__NONCE__' },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // A data: URL would need an exception in the content security policy.
    assetsInlineLimit: 0,
    manifest: true, // read by scripts/console-size.ts
    reportCompressedSize: false,
    // `npm run check -- console` weighs what is loaded, compressed.
    chunkSizeWarningLimit: 1_000,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:5000', '/openapi.json': 'http://127.0.0.1:5000' } },
})
