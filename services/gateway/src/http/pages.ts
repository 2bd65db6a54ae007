/** What the listener answers beside the JSON surface: health, keys, and where to find what. */
import type { JsonWebKey } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

import { isLeaving, scrape, scrapeType } from '@holdfast/service'

import type { Readiness } from './health'
import { jsonReply, type Reply } from './reply'

export interface Page {
  (request: IncomingMessage): Reply | Promise<Reply>
  /** What it is counted and logged as, where it has many addresses; else its one. */
  readonly route?: string
}

/** GET only, by path. */
export interface Pages {
  get(path: string): Page | undefined
}

/** A page that many addresses lead to, under one name. */
export function named(route: string, page: Page): Page {
  return Object.assign((request: IncomingMessage) => page(request), { route })
}

export interface PageSources {
  readiness: () => Promise<Readiness>
  jwks: () => { keys: JsonWebKey[] }
  /** Whether /metrics is there. */
  metrics: boolean
  /** Pages about the API, by path. */
  docs?: readonly [string, Page][]
}

/** How long a set of keys may be kept by those who read it, in seconds. */
const keysMaxAge = 60

export function createPages(sources: PageSources): Pages {
  const pages: [string, Page][] = [
    ['/healthz', () => json(200, { status: 'ok' })],
    [
      '/readyz',
      async () => {
        const readiness = await sources.readiness()
        return json(readiness.ready ? 200 : 503, { status: readiness.ready ? 'ready' : 'not ready', ...readiness })
      },
    ],
    // About this process alone, for what balances requests: a service that is away takes no gateway out of service.
    ['/readyz/self', () => (isLeaving() ? json(503, { status: 'leaving' }) : json(200, { status: 'ready' }))],
    ['/.well-known/jwks.json', () => json(200, sources.jwks(), `public, max-age=${keysMaxAge}`)],
  ]
  if (sources.metrics) pages.push(['/metrics', metrics])
  const links = ['/docs', '/redoc', '/docs/errors', '/openapi.json', ...pages.map(([path]) => path)]
  pages.push(['/', () => json(200, { name: 'Holdfast', links: [...links, '/v1/products'] })])
  return new Map([...pages, ...(sources.docs ?? [])])
}

async function metrics(): Promise<Reply> {
  return { status: 200, headers: { 'content-type': scrapeType, 'cache-control': 'no-store' }, body: await scrape() }
}

function json(status: number, value: unknown, cacheControl = 'no-store'): Reply {
  return jsonReply(status, JSON.stringify(value), { 'cache-control': cacheControl })
}
