import { fileURLToPath } from 'node:url'

import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const client = fileURLToPath(new URL('../client/src/index.ts', import.meta.url))

/** Where `npm run dev` of this package finds a running gateway. */
const gateway = process.env.HOLDFAST_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [react()],
  // From its source, so that the two builds need not wait for each other.
  resolve: { alias: { '@holdfast/client': client } },
  build: {
    outDir: 'dist/site',
    assetsInlineLimit: 0,
    license: { fileName: 'licences.md' },
    // The two parts that come with every page, and change less often than ours.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [{ name: 'vendor', test: /node_modules[\\/](react|react-dom|scheduler|@tanstack|wouter)[\\/]/ }],
        },
      },
    },
  },
  server: {
    proxy: Object.fromEntries(['/v1', '/healthz', '/docs', '/redoc', '/openapi.json'].map((path) => [path, gateway])),
  },
})
