/** The console's files: what a browser gets where, and what everybody else still gets. */
import { brotliDecompressSync } from 'node:zlib'

import { get } from 'node:http'

import { type Fixture, runGateway, startFixture } from './support'

let gateway: Fixture

beforeAll(async () => {
  gateway = await startFixture()
})
afterAll(async () => gateway.close())

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

async function open(path: string, headers: Record<string, string> = { accept: browser }): Promise<Response> {
  return fetch(`${gateway.url}${path}`, { headers })
}

/** The first script of a page. */
async function scriptOf(page: Response): Promise<string> {
  return /<script[^>]+src="([^"]+)"/.exec(await page.text())?.[1] ?? ''
}

test.each(['/', '/shop/products/A.B', '/shop', '/account/sign-in?next=%2F', '/operator/products'])(
  'a browser is given the program at %s, anew each time',
  async (path) => {
    const page = await open(path)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('cache-control')).toBe('no-cache')
    expect(await scriptOf(page)).toMatch(/^\/assets\/index-[\w-]+\.js$/)
  },
)

test('a page runs our own files alone, and its styles carry a number that is never the same', async () => {
  const [page, other] = [await open('/'), await open('/')]
  const policy = page.headers.get('content-security-policy') ?? ''
  const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? ''
  expect(policy).toBe(
    `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; connect-src 'self'; ` +
      `base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  )
  expect(nonce.length).toBeGreaterThan(20)
  expect(await page.text()).toContain(`content="${nonce}"`)
  expect(other.headers.get('content-security-policy')).not.toContain(nonce)
})

test('files are named by what is in them, kept for good, and lie ready in fewer bytes', async () => {
  const path = await scriptOf(await open('/'))
  const plain = await open(path, { 'accept-encoding': 'identity' })
  expect(plain.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  expect(plain.headers.get('vary')).toContain('Accept-Encoding')
  const text = await plain.text()
  for (const encoding of ['br', 'gzip']) {
    const packed = await raw(path, encoding)
    expect(packed.encoding).toBe(encoding)
    expect(packed.body.length).toBeLessThan(text.length / 2)
    if (encoding === 'br') expect(brotliDecompressSync(packed.body).toString()).toBe(text)
  }
})

test('the first page needs less than 200 kB of script, as it travels', async () => {
  const page = await (await open('/')).text()
  const scripts = [...page.matchAll(/<(?:script|link rel="modulepreload")[^>]+(?:src|href)="([^"]+)"/g)].map(
    ([, path]) => path ?? '',
  )
  expect(scripts.length).toBeGreaterThan(1)
  const sizes = await Promise.all(scripts.map(async (path) => (await raw(path, 'gzip')).body.length))
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(200_000)
})

/** As it travels; `fetch` unpacks. */
async function raw(path: string, encoding: string): Promise<{ encoding: string | undefined; body: Buffer }> {
  return new Promise((resolve, reject) => {
    get(`${gateway.url}${path}`, { headers: { 'accept-encoding': encoding } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ encoding: response.headers['content-encoding'], body: Buffer.concat(chunks) }))
    }).on('error', reject)
  })
}

test('programs find what they always found', async () => {
  expect(await gateway.call('GET /')).toMatchObject({ status: 200, body: { name: 'Holdfast' } })
  for (const path of ['/v1/nothing', '/nothing', '/shops', '/assets/nothing.js', '/assets/../package.json', '/assets/%2e%2e/x']) {
    const answer = await open(path)
    expect([path, answer.status, answer.headers.get('content-type')]).toEqual([path, 404, 'application/problem+json'])
  }
  const none = await gateway.call('GET /shop/orders', { headers: { accept: 'application/json' } })
  expect(none).toMatchObject({ status: 406, body: { code: 'NOT_ACCEPTABLE' } })
  expect((await gateway.call('POST /shop/orders')).status).toBe(405)
})

test('without it a browser gets the same as a program', async () => {
  const other = await runGateway({ ...gateway.env, CONSOLE: 'off' })
  try {
    const root = await fetch(`http://127.0.0.1:${other.httpPort}/`, { headers: { accept: browser } })
    expect(root.headers.get('content-type')).toBe('application/json')
    expect((await fetch(`http://127.0.0.1:${other.httpPort}/shop`)).status).toBe(404)
  } finally {
    await other.stop()
  }
})
