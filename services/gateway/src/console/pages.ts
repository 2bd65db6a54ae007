/**
 * The console (packages/console): its program at addresses of its own, its files under /assets/. All other addresses are the API's,
 * and what is not there is a problem, as ever.
 */
import { randomBytes } from 'node:crypto'

import { checkAccept, weights } from '../http/negotiation'
import { named, type Page, type Pages } from '../http/pages'
import type { Reply } from '../http/reply'
import type { Site, SiteFile } from './site'

/** What the program's own routes begin with (packages/console/src/paths.ts). */
const areas = ['shop', 'operator', 'account', 'demo']

const types: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

/** The name of a file is the hash of what is in it: for a year nobody needs to ask again. */
const forGood = 'public, max-age=31536000, immutable'

/** The gateway's pages, and the console's where those have none. */
export function withConsole(pages: Pages, site: Site, has: { flashSaleRoom?: boolean } = {}): Pages {
  const root = pages.get('/')
  const index = indexPage(site.index.replace('%FLASH_SALE_ROOM%', has.flashSaleRoom === true ? 'on' : 'off'))
  const program = new Map(areas.map((area) => [area, named(`/${area}/*`, index)]))
  const assets = new Map(site.assets.map((name) => [`/assets/${name}`, named('/assets/*', assetPage(site, name))]))
  const home: Page = async (request) => {
    // Programs find the links there that they always found.
    const isBrowser = weights(request.headers.accept ?? '').has('text/html')
    const reply = await (isBrowser || root === undefined ? index(request) : root(request))
    return { ...reply, headers: { ...reply.headers, vary: 'Accept' } }
  }
  return {
    get: (path) => {
      if (path === '/') return home
      // Asked of every request, most of which are the API's.
      const end = path.indexOf('/', 1)
      return pages.get(path) ?? assets.get(path) ?? program.get(path.slice(1, end < 0 ? undefined : end))
    },
  }
}

/** @throws NOT_ACCEPTABLE for who takes no page: these addresses have nothing else */
function indexPage(index: string): Page {
  return ({ headers }) => {
    checkAccept(headers.accept, 'text/html')
    const nonce = randomBytes(16).toString('base64')
    return {
      status: 200,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'content-security-policy': policy(nonce),
        'cross-origin-opener-policy': 'same-origin',
      },
      body: index.replace('%NONCE%', nonce),
    }
  }
}

/** Scripts are our own files alone. Style elements that components make carry the nonce of the page that they are made in. */
function policy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** Read when it is first asked for, and kept. */
function assetPage(site: Site, name: string): Page {
  let known: SiteFile | undefined
  const headers = { 'content-type': types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream', 'cache-control': forGood }
  return (): Reply => {
    known ??= site.read(name)
    return { status: 200, headers: { ...headers }, body: known.body, encoded: known.encoded }
  }
}
