import { Product } from '@holdfast/contracts/inventory'
import { Reservation } from '@holdfast/contracts/reservation'
import { type CallContext, HoldfastError } from '@holdfast/service'

import { type Fixture, startFixture, type Tokens } from './support'

let gateway: Fixture
let user: Tokens

/** What the services behind were asked, newest last. */
const calls: { rpc: string; request: unknown; ctx: CallContext }[] = []
/** Thrown by the reservation service instead of an answer, once. */
let refusal: Error | undefined

function noted<Request, Response>(rpc: string, answer: (request: Request) => Response) {
  return async (request: Request, ctx: CallContext): Promise<Response> => {
    calls.push({ rpc, request, ctx })
    const error = refusal
    refusal = undefined
    if (error !== undefined) throw error
    return Promise.resolve(answer(request))
  }
}

const reservation = (id = 'r1') => Reservation.fromJSON({ id, status: 'ACTIVE', lines: [{ sku: 'A', quantity: 1 }] })

beforeAll(async () => {
  gateway = await startFixture({
    reservation: {
      createReservation: noted('create', ({ clientToken }: { clientToken: string }) => ({
        reservation: reservation(),
        requestId: '',
        replayed: clientToken === 'again',
      })),
      getReservation: noted('get', ({ id }: { id: string }) => ({ reservation: reservation(id), requestId: '' })),
      listReservations: noted('list', () => ({ reservations: [], nextPageToken: '' })),
      cancelReservation: noted('cancel', () => ({ reservation: reservation(), requestId: '', replayed: false })),
      extendReservation: noted('extend', () => ({ reservation: reservation(), requestId: '', replayed: false })),
      sweep: noted('sweep', () => ({ expired: 2, orphans: 0, requestId: '' })),
    },
    inventory: {
      listProducts: noted('products', () => ({ products: [], nextPageToken: '' })),
      updateProduct: noted('update', ({ sku }: { sku: string }) => ({ product: Product.fromJSON({ sku }), requestId: '' })),
      getAvailability: noted('availability', () => ({ availability: [] })),
    },
    env: { BODY_LIMIT_BYTES: '2048' },
  })
  user = await gateway.register()
})
afterAll(async () => gateway.close())

async function admin(): Promise<string> {
  const { id, email, password } = await gateway.register()
  await gateway.db.query(`update users set role = 'ADMIN' where id = $1`, [id])
  const { body } = await gateway.call('POST /v1/auth/login', { body: { email, password } })
  return String(body?.['accessToken'])
}

describe('a route', () => {
  test('that makes something takes a body and answers 201 with its address, a replay 200', async () => {
    const body = { lines: [{ sku: 'A', quantity: 2 }], ttl_seconds: 60 }
    const made = await gateway.call('POST /v1/reservations', { body, token: user.accessToken })
    expect(made.status).toBe(201)
    expect(made.headers.get('location')).toBe('/v1/reservations/r1')
    expect(made.headers.get('cache-control')).toBe('no-store')
    expect(made.headers.get('content-type')).toBe('application/json')
    expect(made.body).toMatchObject({ reservation: { id: 'r1', status: 'ACTIVE', userId: '' }, replayed: false })
    expect(calls.at(-1)?.request).toMatchObject({ lines: [{ sku: 'A', quantity: 2, warehouse: '' }], ttlSeconds: 60 })
    const again = await gateway.call('POST /v1/reservations', { body: { clientToken: 'again' }, token: user.accessToken })
    expect([again.status, again.headers.get('location')]).toEqual([200, null])
  })

  test('that reads one thing takes its id from the path', async () => {
    const { status, body } = await gateway.call('GET /v1/reservations/a%2Fb%20c', { token: user.accessToken })
    expect([status, body?.['reservation']]).toEqual([200, expect.objectContaining({ id: 'a/b c' })])
  })

  test('that lists takes its query', async () => {
    const { status, body } = await gateway.call('GET /v1/reservations?status=ACTIVE&pageSize=5', { token: user.accessToken })
    expect([status, body]).toEqual([200, { reservations: [], nextPageToken: '' }])
    expect(calls.at(-1)?.request).toMatchObject({ status: 'ACTIVE', pageSize: 5 })
  })

  test('that lists takes a parameter many times', async () => {
    const { status, headers } = await gateway.call('GET /v1/availability?skus=A&skus=B')
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(calls.at(-1)?.request).toMatchObject({ skus: ['A', 'B'] })
  })

  test('with a verb needs no body, and takes one', async () => {
    expect((await gateway.call('POST /v1/reservations/r1:cancel', { token: user.accessToken })).status).toBe(200)
    expect(calls.at(-1)).toMatchObject({ rpc: 'cancel', request: { id: 'r1', clientToken: '' } })
    const body = { id: 'r1', ttlSeconds: 5 }
    expect((await gateway.call('POST /v1/reservations/r1:extend', { token: user.accessToken, body })).status).toBe(200)
    expect(calls.at(-1)).toMatchObject({ rpc: 'extend', request: { id: 'r1', ttlSeconds: 5 } })
  })

  test('with a verb on the collection is for whom the contract says', async () => {
    const refused = await gateway.call('POST /v1/reservations:sweep', { token: user.accessToken })
    expect(refused).toMatchObject({ status: 403, body: { code: 'PERMISSION_DENIED' } })
    const swept = await gateway.call('POST /v1/reservations:sweep', { token: await admin() })
    expect(swept).toMatchObject({ status: 200, body: { expired: 2, orphans: 0 } })
  })

  test('that changes something takes PATCH', async () => {
    const patched = await gateway.call('PATCH /v1/products/A-1', { token: await admin(), body: { name: 'New' } })
    expect(patched.status).toBe(200)
    expect(calls.at(-1)?.request).toMatchObject({ sku: 'A-1', name: 'New', description: undefined, price: undefined })
  })

  test('answers HEAD like GET without a body, and OPTIONS with what it takes', async () => {
    const head = await gateway.call('HEAD /v1/products')
    expect([head.status, head.body, Number(head.headers.get('content-length'))]).toEqual([200, undefined, 34])
    const options = await gateway.call('OPTIONS /v1/reservations')
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, POST, HEAD, OPTIONS'])
  })
})

describe('a call', () => {
  test('carries user, request id, key, trace and deadline to the service', async () => {
    const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const headers = { 'x-request-id': 'my-request.1', 'idempotency-key': '"k\\"1"', traceparent: trace }
    const { body, headers: answered } = await gateway.call('POST /v1/reservations', {
      body: {},
      token: user.accessToken,
      headers,
    })
    expect(answered.get('x-request-id')).toBe('my-request.1')
    expect(body).toBeDefined()
    const ctx = calls.at(-1)?.ctx
    expect(ctx).toMatchObject({
      requestId: 'my-request.1',
      actor: { id: user.id, role: 'USER' },
      userToken: user.accessToken,
      caller: 'gateway',
      idempotencyKey: 'k"1',
      traceparent: trace,
    })
    const left = Number(ctx?.deadline) - Date.now()
    expect(left).toBeGreaterThan(20_000)
    expect(left).toBeLessThanOrEqual(30_000)
  })

  test.each(['two words', 'x'.repeat(129), 'a,b', 'ü'])('does not take over the request id %j', async (requestId) => {
    const { headers } = await gateway.call('GET /v1/products', { headers: { 'x-request-id': requestId } })
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(calls.at(-1)?.ctx.requestId).toBe(headers.get('x-request-id'))
  })

  test('without a token is refused here, whatever the gateway itself may call', async () => {
    const before = calls.length
    const answer = await gateway.call('POST /v1/reservations', { body: { lines: 'bad' } })
    expect(answer).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
    expect(calls.length).toBe(before)
  })

  test('with two keys that differ is refused', async () => {
    const headers = { 'idempotency-key': 'a', 'x-idempotency-key': 'b' }
    const answer = await gateway.call('POST /v1/reservations', { body: {}, token: user.accessToken, headers })
    expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT', errors: [{ field: 'Idempotency-Key' }] } })
  })

  test('that the service refuses comes back as a problem with everything that it said', async () => {
    const fields = [{ field: 'lines[0].sku', message: 'is sold out' }]
    refusal = new HoldfastError('INSUFFICIENT_STOCK', 'Not enough A', { fields, retryAfterMs: 2100 })
    const answer = await gateway.call('POST /v1/reservations', {
      body: {},
      token: user.accessToken,
      headers: { 'x-request-id': 'q1' },
    })
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.headers.get('retry-after')).toBe('3')
    expect(answer.body).toEqual({
      type: '/docs/errors#INSUFFICIENT_STOCK',
      title: 'Not enough stock',
      status: 409,
      detail: 'Not enough A',
      code: 'INSUFFICIENT_STOCK',
      requestId: 'q1',
      errors: fields,
    })
  })

  test('that breaks inside the service tells nothing of its inside', async () => {
    refusal = new Error('relation "secret_table" does not exist')
    const answer = await gateway.call('GET /v1/reservations/r1', { token: user.accessToken })
    expect(answer).toMatchObject({ status: 500, body: { code: 'INTERNAL' } })
    expect(JSON.stringify(answer.body)).not.toContain('secret_table')
  })

  test('to a service that is away is a quick 503', async () => {
    const answer = await gateway.call('GET /v1/orders', { token: user.accessToken })
    expect(answer).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } })
    expect(answer.headers.get('retry-after')).toBe('1')
  })
})

describe('a bad body', () => {
  const json = { 'content-type': 'application/json' }
  const line = (quantity: string) => `{"lines":[{"sku":"A","quantity":${quantity}}]}`
  const bad: [string, string | Buffer, Record<string, string>, number, string, string][] = [
    ['nothing at all', '', json, 400, 'INVALID_ARGUMENT', 'body'],
    ['broken JSON', '{"lines":', json, 400, 'INVALID_ARGUMENT', 'body'],
    ['an array', '[]', json, 400, 'INVALID_ARGUMENT', 'body'],
    ['null', 'null', json, 400, 'INVALID_ARGUMENT', 'body'],
    ['a number', '5', json, 400, 'INVALID_ARGUMENT', 'body'],
    ['bytes that are no UTF-8', Buffer.from('{"clientToken":"\xff"}', 'latin1'), json, 400, 'INVALID_ARGUMENT', 'body'],
    ['a fraction', line('1.5'), json, 400, 'INVALID_ARGUMENT', 'lines[0].quantity'],
    ['a word', line('"abc"'), json, 400, 'INVALID_ARGUMENT', 'lines[0].quantity'],
    ['a huge number', line('1e12'), json, 400, 'INVALID_ARGUMENT', 'lines[0].quantity'],
    ['an unknown field', '{"line":1}', json, 400, 'INVALID_ARGUMENT', 'line'],
    ['a prototype', '{"__proto__":{"admin":true}}', json, 400, 'INVALID_ARGUMENT', '__proto__'],
    ['a key twice', '{"clientToken":"a","clientToken":"b"}', json, 400, 'INVALID_ARGUMENT', 'clientToken'],
    ['great depth', `{"lines":${'['.repeat(500)}${']'.repeat(500)}}`, json, 400, 'INVALID_ARGUMENT', 'body'],
    ['too much', `{"clientToken":"${'x'.repeat(2048)}"}`, json, 413, 'PAYLOAD_TOO_LARGE', 'body'],
    ['a form', 'lines=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'UNSUPPORTED_MEDIA_TYPE', 'Content-Type'],
    ['text', '{}', { 'content-type': 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE', 'Content-Type'],
    [
      'another charset',
      '{}',
      { 'content-type': 'application/json; charset=latin1' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      'Content-Type',
    ],
    ['compression', '{}', { ...json, 'content-encoding': 'gzip' }, 415, 'UNSUPPORTED_MEDIA_TYPE', 'Content-Encoding'],
  ]

  test.each(bad)(
    'with %s is refused with code, field and request id, and reaches nobody',
    async (_what, raw, headers, status, code, field) => {
      const before = calls.length
      const answer = await gateway.call('POST /v1/reservations', { raw, headers, token: user.accessToken })
      expect(answer).toMatchObject({ status, body: { code, status, requestId: answer.headers.get('x-request-id') } })
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      expect(answer.body?.['errors']).toEqual([{ field, message: expect.any(String) }])
      expect(calls.length).toBe(before)
    },
  )

  test('much too long is cut off, and the connection stays good for its answer', async () => {
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let part = 0; part < 20; part++) controller.enqueue(new Uint8Array(65_536).fill(32))
        controller.close()
      },
    })
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${user.accessToken}` }
    const init = { method: 'POST', headers, body: stream, duplex: 'half' } as const
    const response = await fetch(`${gateway.url}/v1/reservations`, init)
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([413, 'PAYLOAD_TOO_LARGE'])
  })

  test.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json;charset="UTF-8"'])(
    'is none with %s',
    async (type) => {
      const answer = await gateway.call('POST /v1/reservations', {
        raw: '{}',
        headers: { 'content-type': type },
        token: user.accessToken,
      })
      expect(answer.status).toBe(201)
    },
  )
})

describe('an address', () => {
  test.each([
    'GET /v1/nothing',
    'GET /v1/webhooks/endpoints',
    'GET /nothing',
    'POST /v1/reservations/',
    'GET /v1//products',
    'GET /v1/reservations/r1/lines',
  ])('%s is a 404 with a problem, with a token and without', async (target) => {
    for (const token of [undefined, user.accessToken, 'forged']) {
      const answer = await gateway.call(target, { ...(token !== undefined && { token }) })
      expect(answer).toMatchObject({ status: 404, body: { code: 'NOT_FOUND', requestId: answer.headers.get('x-request-id') } })
    }
  })

  test.each([
    ['DELETE /v1/reservations', 'GET, POST, HEAD, OPTIONS'],
    ['GET /v1/reservations/r1:cancel', 'POST, OPTIONS'],
    ['POST /healthz', 'GET, HEAD, OPTIONS'],
  ])('%s is a 405 that says what would do', async (target, allow) => {
    const answer = await gateway.call(target)
    expect(answer).toMatchObject({ status: 405, body: { code: 'METHOD_NOT_ALLOWED' } })
    expect(answer.headers.get('allow')).toBe(allow)
  })

  test('with a bad percent encoding names the field', async () => {
    const answer = await gateway.call('GET /v1/reservations/%ff', { token: user.accessToken })
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'id' }] } })
  })

  test('with an unknown parameter names it', async () => {
    const answer = await gateway.call('GET /v1/products?size=5')
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'size' }] } })
  })
})

describe('the pages beside the routes', () => {
  test('health says that the process lives, readiness who is missing', async () => {
    expect(await gateway.call('GET /healthz')).toMatchObject({ status: 200, body: { status: 'ok' } })
    expect(await gateway.call('GET /readyz')).toMatchObject({
      status: 503,
      body: {
        status: 'not ready',
        missing: ['order', 'audit'],
        parts: { database: 'ok', inventory: 'ok', reservation: 'ok', order: 'no answer', audit: 'no answer', gateway: 'ok' },
      },
    })
  })

  test('the keys may be kept for a minute', async () => {
    const { status, headers, body } = await gateway.call('GET /.well-known/jwks.json')
    expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=60'])
    expect(body?.['keys']).toEqual([expect.objectContaining({ kty: 'EC', crv: 'P-256', alg: 'ES256' })])
  })

  test('the root says where to look', async () => {
    const { status, body } = await gateway.call('GET /')
    expect([status, body?.['links']]).toEqual([200, expect.arrayContaining(['/healthz', '/readyz'])])
  })
})
