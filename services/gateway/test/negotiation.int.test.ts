/** What HTTP itself offers: forms of an answer, versions of what is read, compression, and pages of other sites. */
import { request } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'

import { Product } from '@holdfast/contracts/inventory'
import { HoldfastError } from '@holdfast/service'

import { type Fixture, startFixture, type Tokens } from './support'

let gateway: Fixture
let admin: Tokens

const shop = 'https://shop.example'
let product = Product.fromJSON({ sku: 'A', name: 'First', version: 7 })
let catalogue: Product[] = []
let expectedVersion: number | undefined

beforeAll(async () => {
  gateway = await startFixture({
    inventory: {
      getProduct: async () => Promise.resolve({ product, requestId: '' }),
      listProducts: async () => Promise.resolve({ products: catalogue, nextPageToken: '' }),
      getAvailability: async () => Promise.resolve({ availability: [] }),
      updateProduct: async (
        change: { expectedVersion?: number | undefined; name?: string | undefined },
        ctx: { requestId: string },
      ) => {
        expectedVersion = change.expectedVersion
        if (expectedVersion !== undefined && expectedVersion !== product.version) {
          throw new HoldfastError('PRECONDITION_FAILED', 'It has moved on')
        }
        return Promise.resolve({ product, requestId: ctx.requestId })
      },
    },
    env: { CORS_ORIGINS: `${shop}, http://localhost:5173` },
  })
  admin = await gateway.register()
  await gateway.db.query(`update users set role = 'ADMIN' where id = $1`, [admin.id])
  const { body } = await gateway.call('POST /v1/auth/login', { body: { email: admin.email, password: admin.password } })
  admin.accessToken = String(body?.['accessToken'])
})
afterAll(async () => gateway.close())

/** As it comes over the wire: `fetch` would undo the compression. */
async function raw(path: string, headers: Record<string, string>, method = 'GET') {
  return new Promise<{ status: number; headers: Record<string, unknown>; bytes: Buffer }>((resolve, reject) => {
    const sent = request(`${gateway.url}${path}`, { method, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }),
      )
    })
    sent.on('error', reject).end()
  })
}

describe('a form', () => {
  test('that is not to be had is a 406 with a problem, before anything is done', async () => {
    const answer = await gateway.call('GET /v1/products', { headers: { accept: 'text/html' } })
    expect(answer).toMatchObject({ status: 406, body: { code: 'NOT_ACCEPTABLE', errors: [{ field: 'Accept' }] } })
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
  })

  test.each(['*/*', 'application/json', 'text/html, */*;q=0.1'])('%s is JSON', async (accept) => {
    expect((await gateway.call('GET /v1/products', { headers: { accept } })).status).toBe(200)
  })

  test('of a compressed body is refused, and its name said', async () => {
    const answer = await gateway.call('POST /v1/auth/login', { raw: '{}', headers: { 'content-encoding': 'gzip' } })
    expect(answer).toMatchObject({
      status: 415,
      body: { code: 'UNSUPPORTED_MEDIA_TYPE', errors: [{ field: 'Content-Encoding' }] },
    })
    expect(answer.headers.get('accept-encoding')).toBe('identity')
  })
})

describe('the version of a product', () => {
  test('is its entity tag; who has it gets no body again, until it changes', async () => {
    const first = await gateway.call('GET /v1/products/A')
    expect(first.headers.get('etag')).toBe('W/"7"')
    expect(first.headers.get('cache-control')).toBe('no-cache')
    for (const tag of ['W/"7"', '"7"', 'W/"6", W/"7"', '*']) {
      const again = await gateway.call('GET /v1/products/A', { headers: { 'if-none-match': tag } })
      expect([again.status, again.body, again.headers.get('etag')]).toEqual([304, undefined, 'W/"7"'])
      expect(again.headers.get('content-type')).toBeNull()
    }
    product = { ...product, version: 8 }
    const changed = await gateway.call('GET /v1/products/A', { headers: { 'if-none-match': 'W/"7"' } })
    expect([changed.status, changed.headers.get('etag')]).toEqual([200, 'W/"8"'])
  })

  test('of a list is that of its text', async () => {
    const { headers } = await gateway.call('GET /v1/products')
    const tag = String(headers.get('etag'))
    expect((await gateway.call('GET /v1/products', { headers: { 'if-none-match': tag } })).status).toBe(304)
    catalogue = [product]
    expect((await gateway.call('GET /v1/products', { headers: { 'if-none-match': tag } })).status).toBe(200)
  })

  test('of stock there is none, and nobody keeps it', async () => {
    const { headers } = await gateway.call('GET /v1/availability?skus=A')
    expect([headers.get('etag'), headers.get('cache-control')]).toEqual([null, 'no-store'])
  })

  test('may be named by a change, which is made to that version only', async () => {
    const patch = async (ifMatch: string | undefined, body: object = { name: 'New' }) =>
      gateway.call('PATCH /v1/products/A', {
        body,
        token: admin.accessToken,
        ...(ifMatch !== undefined && { headers: { 'if-match': ifMatch } }),
      })
    expect([(await patch('W/"8"')).status, expectedVersion]).toEqual([200, 8])
    expect([(await patch('"8"')).status, expectedVersion]).toEqual([200, 8])
    expect([(await patch(undefined)).status, expectedVersion]).toEqual([200, undefined])
    expect([(await patch('*')).status, expectedVersion]).toEqual([200, undefined])
    expect(await patch('W/"7"')).toMatchObject({ status: 412, body: { code: 'PRECONDITION_FAILED' } })
    expect(await patch('"of another kind"')).toMatchObject({ status: 412, body: { code: 'PRECONDITION_FAILED' } })
    expect(await patch('W/"8"', { expectedVersion: 7 })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'expectedVersion' }] },
    })
  })
})

describe('an answer', () => {
  beforeAll(() => {
    catalogue = Array.from({ length: 40 }, (_, index) => ({ ...product, sku: `SKU-${index}` }))
  })

  test.each([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
  ])('comes in %s to who asks for it', async (encoding, decode) => {
    const { headers, bytes } = await raw('/v1/products', { 'accept-encoding': encoding })
    expect([headers['content-encoding'], headers['vary'], headers['content-length']]).toEqual([
      encoding,
      'Origin, Accept-Encoding',
      String(bytes.length),
    ])
    const { products } = JSON.parse(decode(bytes).toString('utf8')) as { products: unknown[] }
    expect(products).toHaveLength(40)
    const head = await raw('/v1/products', { 'accept-encoding': encoding }, 'HEAD')
    expect([head.headers['content-length'], head.bytes.length]).toEqual([String(bytes.length), 0])
  })

  test('comes as it is to who asks for nothing, and when it is small', async () => {
    const plain = await raw('/v1/products', {})
    expect([plain.headers['content-encoding'], plain.headers['vary']]).toEqual([undefined, 'Origin, Accept-Encoding'])
    const small = await raw('/v1/products/A', { 'accept-encoding': 'gzip' })
    expect([small.headers['content-encoding'], small.headers['vary']]).toEqual([undefined, 'Origin'])
  })
})

describe('a page of another site', () => {
  const preflight = { 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'authorization,if-match' }

  test('that is allowed may call, and read what it needs', async () => {
    const asked = await gateway.call('OPTIONS /v1/products/A', { headers: { origin: shop, ...preflight } })
    expect(asked.status).toBe(204)
    expect(asked.headers.get('access-control-allow-origin')).toBe(shop)
    expect(asked.headers.get('access-control-allow-methods')).toContain('PATCH')
    for (const name of [
      'Authorization',
      'If-Match',
      'Idempotency-Key',
      'X-Grpc-Web',
      'Connect-Protocol-Version',
      'Content-Type',
    ]) {
      expect(asked.headers.get('access-control-allow-headers')?.split(', ')).toContain(name)
    }
    const { headers } = await gateway.call('GET /v1/products/A', { headers: { origin: 'http://localhost:5173' } })
    expect(headers.get('access-control-allow-origin')).toBe('http://localhost:5173')
    for (const name of ['ETag', 'Retry-After', 'X-Request-ID', 'grpc-status']) {
      expect(headers.get('access-control-expose-headers')?.split(', ')).toContain(name)
    }
    expect([headers.get('access-control-allow-credentials'), headers.get('vary')]).toEqual([null, 'Origin'])
  })

  test('reads refusals too', async () => {
    const answer = await gateway.call('GET /v1/orders', { headers: { origin: shop } })
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([401, shop])
  })

  test('may ask for gRPC-web in advance', async () => {
    const headers = { origin: shop, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-grpc-web' }
    const { status } = await gateway.call('OPTIONS /holdfast.inventory.v1.InventoryService/GetProduct', { headers })
    expect(status).toBe(204)
  })

  test.each(['https://other.example', 'http://shop.example', `${shop}:8443`, `${shop}.evil.example`, 'null'])(
    'of %s may not',
    async (origin) => {
      const asked = await gateway.call('OPTIONS /v1/products/A', { headers: { origin, ...preflight } })
      expect(asked.headers.get('access-control-allow-origin')).toBeNull()
      const { headers } = await gateway.call('GET /v1/products/A', { headers: { origin } })
      expect([headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([null, 'Origin'])
    },
  )
})
