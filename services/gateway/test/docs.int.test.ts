/** The pages about the API. */
import { errorCodes } from '@holdfast/service'

import { type Fixture, startFixture } from './support'

let gateway: Fixture
beforeAll(async () => {
  gateway = await startFixture()
})
afterAll(async () => gateway.close())

async function get(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${gateway.url}${path}`, { headers })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

test('/openapi.json has what this gateway serves, and nothing else', async () => {
  const { status, headers, text } = await get('/openapi.json')
  expect([status, headers.get('content-type')]).toEqual([200, 'application/json'])
  const { openapi, paths } = JSON.parse(text) as { openapi: string; paths: Record<string, unknown> }
  expect(openapi).toBe('3.1.0')
  expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/v1/products/{sku}', '/v1/availability:watch']))
  // There is no notification service here, and no flash-sale room.
  expect(Object.keys(paths).filter((path) => /^\/v1\/(webhooks|demo)/.test(path))).toEqual([])
  const again = await get('/openapi.json', { 'if-none-match': String(headers.get('etag')) })
  expect([again.status, again.text]).toEqual([304, ''])
})

test.each(['/docs', '/redoc'])('%s and all that it loads come from here, and it may load nothing else', async (path) => {
  const { status, headers, text } = await get(path)
  expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  const policy = String(headers.get('content-security-policy'))
  expect(policy).toContain("default-src 'none'; script-src 'self';")
  expect(policy).not.toMatch(/https?:|unsafe-eval|\*/)
  const loaded = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, target]) => target ?? '')
  expect(loaded.length).toBeGreaterThanOrEqual(3)
  for (const target of loaded) {
    expect(target).toMatch(/^\//)
    const file = await get(target)
    expect([target, file.status, file.text.length > 30]).toEqual([target, 200, true])
  }
  expect(text).not.toMatch(/<script(?! src)/)
})

test('scripts come in brotli to who takes it, and once only', async () => {
  const { headers } = await get('/docs/swagger-ui-bundle.js', { 'accept-encoding': 'br' })
  expect([headers.get('content-encoding'), headers.get('vary'), headers.get('content-type')]).toEqual([
    'br',
    'Accept-Encoding',
    'application/javascript; charset=utf-8',
  ])
  const again = await get('/docs/swagger-ui-bundle.js', { 'if-none-match': String(headers.get('etag')) })
  expect(again.status).toBe(304)
})

test('the type of a problem leads to its code, for people and for programs', async () => {
  const refused = JSON.parse((await get('/v1/nothing')).text) as { type: string }
  const [path = '', code = ''] = refused.type.split('#')
  const page = await get(path, { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' })
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.text).toContain(`id="${code}"`)
  for (const each of Object.keys(errorCodes)) expect(page.text).toContain(`id="${each}"`)
  const { errors } = JSON.parse((await get(path)).text) as { errors: { code: string; http: number }[] }
  expect(errors).toContainEqual(expect.objectContaining({ code: 'NOT_FOUND', http: 404 }))
})
