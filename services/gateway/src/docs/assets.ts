/** Files of Swagger UI and ReDoc, from their npm packages: nothing comes from anybody else's server. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import type { Page } from '../http/pages'

const types: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'application/javascript; charset=utf-8',
  png: 'image/png',
}

const swagger = dirname(require.resolve('swagger-ui-dist/package.json'))
const redoc = dirname(require.resolve('redoc/package.json'))

/** By path. */
const files: Readonly<Record<string, string>> = {
  '/docs/swagger-ui.css': join(swagger, 'swagger-ui.css'),
  '/docs/swagger-ui-bundle.js': join(swagger, 'swagger-ui-bundle.js'),
  '/docs/favicon-32x32.png': join(swagger, 'favicon-32x32.png'),
}

/** ReDoc shows its maker's sign, from its maker's server, and does without where that can't be loaded. */
const redocsSign = 'https://cdn.redoc.ly/redoc/logo-mini.svg'

function redocBundle(): Buffer {
  const text = readFileSync(join(redoc, 'bundles', 'redoc.standalone.js'), 'utf8')
  return Buffer.from(text.replaceAll(redocsSign, 'data:,'))
}

const scripts: Readonly<Record<string, string>> = {
  // No validator: it is somebody else's server.
  '/docs/init.js': `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#page',
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: true,
  tryItOutEnabled: true,
})
`,
  '/redoc/init.js': `Redoc.init('/openapi.json', { hideDownloadButton: false }, document.getElementById('page'))\n`,
}

/** Each file is read when it is first asked for, and kept. */
export function assetPages(): [string, Page][] {
  return [
    ...Object.entries(files).map(([path, file]): [string, Page] => [path, asset(path, () => readFileSync(file))]),
    ['/redoc/redoc.standalone.js', asset('/redoc/redoc.standalone.js', redocBundle)],
    ...Object.entries(scripts).map(([path, text]): [string, Page] => [path, asset(path, () => Buffer.from(text))]),
  ]
}

/** What is the same for everybody, until the next release. */
export function asset(path: string, read: () => Buffer, type = types[path.split('.').at(-1) ?? ''] ?? 'text/plain'): Page {
  let known: { body: Buffer; etag: string } | undefined
  return ({ headers }) => {
    if (known === undefined) {
      const body = read()
      known = { body, etag: `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` }
    }
    const { body, etag } = known
    const kept = { etag, 'cache-control': 'no-cache' }
    if (headers['if-none-match'] === etag) return { status: 304, headers: kept, body: '' }
    return { status: 200, headers: { ...kept, 'content-type': type }, body }
  }
}
