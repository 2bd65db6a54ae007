import type { ProblemReply } from '@holdfast/testing'

import { one, openShop, reserved, type Shop, type Shopper } from './shop'

let shop: Shop
let shopper: Shopper
// Known before the system is: the table of bad bodies names it.
const sku = 'SHORT-1'
beforeAll(async () => {
  shop = await openShop()
  shopper = await shop.shopper()
  await shop.product(5, 1_000, sku)
})
afterAll(async () => shop.close())

const line = (change: Record<string, unknown>) => JSON.stringify({ lines: [{ sku, quantity: 1, ...change }] })
const bad: [string, string, number, string | undefined][] = [
  ['an empty body', '', 400, undefined],
  ['broken JSON', '{"lines":[', 400, undefined],
  ['an array', '[]', 400, undefined],
  ['a number', '1', 400, undefined],
  ['null', 'null', 400, undefined],
  ['no lines', '{}', 400, 'lines'],
  ['empty lines', '{"lines":[]}', 400, 'lines'],
  ['lines that are no array', '{"lines":{}}', 400, 'lines'],
  ['a line that is null', '{"lines":[null]}', 400, 'lines[0]'],
  ['no SKU', '{"lines":[{"quantity":1}]}', 400, 'lines[0].sku'],
  ['a SKU with a space', line({ sku: 'a b' }), 400, 'lines[0].sku'],
  ['an unknown SKU', line({ sku: 'NO-SUCH-SKU' }), 404, 'lines[0].sku'],
  ['an unknown warehouse', line({ warehouse: 'NOWHERE' }), 409, undefined],
  ['no quantity', JSON.stringify({ lines: [{ sku }] }), 400, 'lines[0].quantity'],
  ['a quantity of zero', line({ quantity: 0 }), 400, 'lines[0].quantity'],
  ['a negative quantity', line({ quantity: -1 }), 400, 'lines[0].quantity'],
  ['a fractional quantity', line({ quantity: 1.5 }), 400, 'lines[0].quantity'],
  ['a huge quantity', line({ quantity: 1e12 }), 400, 'lines[0].quantity'],
  ['a quantity beyond the bound', line({ quantity: 1_000_001 }), 400, 'lines[0].quantity'],
  ['a quantity that is a word', line({ quantity: 'many' }), 400, 'lines[0].quantity'],
  ['a negative time to live', JSON.stringify({ lines: [{ sku, quantity: 1 }], ttlSeconds: -5 }), 400, 'ttlSeconds'],
  ['a time to live of zero', JSON.stringify({ lines: [{ sku, quantity: 1 }], ttlSeconds: 0 }), 400, 'ttlSeconds'],
  ['a time to live beyond the bound', JSON.stringify({ lines: [{ sku, quantity: 1 }], ttlSeconds: 86_401 }), 400, 'ttlSeconds'],
  ['an unknown field', JSON.stringify({ lines: [{ sku, quantity: 1 }], colour: 'red' }), 400, 'colour'],
  ['an unknown field in a line', line({ colour: 'red' }), 400, 'lines[0].colour'],
  ['a prototype key', '{"lines":[],"__proto__":{"a":1}}', 400, undefined],
  [
    '501 lines',
    JSON.stringify({ lines: Array.from({ length: 501 }, (_, index) => ({ sku: `S${index}`, quantity: 1 })) }),
    400,
    'lines',
  ],
]

test.each(bad)(
  '%s is refused as problem+json with a code, the field at fault and the request id, and nothing is held',
  async (_what, body, status, field) => {
    const reply = await shopper.post<ProblemReply>('/v1/reservations', body, {
      headers: { 'content-type': 'application/json', 'x-request-id': 'bad-1' },
    })
    expect(reply.status).toBe(status)
    expect(reply.headers.get('content-type')).toContain('application/problem+json')
    expect(reply.headers.get('x-request-id')).toBe('bad-1')
    expect(reply.body).toMatchObject({
      status,
      requestId: 'bad-1',
      code: expect.stringMatching(/^[A-Z_]+$/),
      title: expect.any(String),
    })
    if (field !== undefined) expect(reply.body.errors?.map((error) => error.field)).toContain(field)
    expect(await shop.available(sku)).toEqual({ onHand: 5, reserved: 0, available: 5 })
  },
)

test.each([
  ['an unknown route', 'GET', '/v1/nothing', 404],
  ['an unknown verb of a resource', 'POST', '/v1/reservations/x:explode', 405],
  ['a method that the route does not have', 'DELETE', '/v1/reservations', 405],
])('%s is a problem too', async (_what, method, path, status) => {
  const response = await fetch(`${shop.system.url}${path}`, { method })
  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({ status, requestId: response.headers.get('x-request-id') })
})

test('a body over the limit and a wrong content type are refused', async () => {
  const large = await shopper.post('/v1/reservations', JSON.stringify({ lines: 'x'.repeat(2_000_000) }))
  expect(large).toMatchObject({ status: 413, body: { status: 413 } })
  const xml = await shopper.post('/v1/reservations', '<lines/>', { headers: { 'content-type': 'application/xml' } })
  expect(xml).toMatchObject({ status: 415, body: { status: 415 } })
})

test('a good one is answered in the promised shape, with snake_case taken on the way in', async () => {
  const made = await reserved(shopper, one(sku), { ttl_seconds: 60 })
  expect(made).toMatchObject({
    status: 'ACTIVE',
    userId: shopper.user.id,
    ttlSeconds: 60,
    lines: [{ sku, warehouse: 'MAIN', quantity: 1, unitPrice: { currency: 'USD', amountMinor: '1000' } }],
  })
  expect(Date.parse(made.expiresAt) - Date.parse(made.createdAt)).toBeGreaterThan(58_000)
  const defaulted = await reserved(shopper, one(sku))
  expect(defaulted.ttlSeconds).toBe(300)
})
