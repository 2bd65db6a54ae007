import { randomUUID } from 'node:crypto'

import { countStatuses, one, openShop, reserve, reserved, type Shop, times } from './shop'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(async () => shop.close())
afterEach(async () => shop.expectBalanced())

test.each([
  [100, 1],
  [50, 5],
])('%i shoppers race for %i: exactly so many win, the others are told INSUFFICIENT_STOCK', async (shoppers, stock) => {
  const sku = await shop.product(stock)
  const people = await times(10, async () => shop.shopper())
  const replies = await times(shoppers, async (index) => reserve(people[index % people.length] ?? shop.admin, one(sku)))
  expect(countStatuses(replies)).toEqual({ 201: stock, 409: shoppers - stock })
  const refused = replies.find((reply) => reply.status === 409)
  expect(refused?.body).toMatchObject({ code: 'INSUFFICIENT_STOCK', status: 409, errors: [{ field: 'lines[0].sku' }] })
  expect(await shop.available(sku)).toEqual({ onHand: stock, reserved: stock, available: 0 })
})

test('50 concurrent duplicates of one idempotency key hold stock once, and 49 of them are replays', async () => {
  const sku = await shop.product(100)
  const shopper = await shop.shopper()
  const key = randomUUID()
  const replies = await times(50, async () => reserve(shopper, one(sku, 2), {}, key))
  expect(countStatuses(replies)).toEqual({ 200: 49, 201: 1 })
  expect(new Set(replies.map(({ body }) => body.reservation.id)).size).toBe(1)
  expect(replies.filter(({ body }) => body.replayed)).toHaveLength(49)
  expect(await shop.available(sku)).toMatchObject({ reserved: 2 })
})

test('50 concurrent duplicates without a key but with reuseActive hold stock once', async () => {
  const sku = await shop.product(100)
  const shopper = await shop.shopper()
  const replies = await times(50, async () => reserve(shopper, one(sku, 2), { reuseActive: true }))
  expect(new Set(replies.map(({ body }) => body.reservation.id)).size).toBe(1)
  expect(await shop.available(sku)).toMatchObject({ reserved: 2 })
  const [first] = replies
  await shopper.post(`/v1/reservations/${first?.body.reservation.id}:cancel`)
  const next = await reserve(shopper, one(sku, 2), { reuseActive: true })
  expect(next.status).toBe(201)
  expect(next.body.reservation.id).not.toBe(first?.body.reservation.id)
})

test('the same key is the same under its aliases, with other content it is refused, and another user has keys of their own', async () => {
  const sku = await shop.product(100)
  const [mine, yours] = [await shop.shopper(), await shop.shopper()]
  const key = randomUUID()
  const first = await reserve(mine, one(sku), {}, key)
  const ids = [
    await mine.post('/v1/reservations', { lines: one(sku) }, { headers: { 'x-idempotency-key': key } }),
    await mine.post('/v1/reservations', { lines: one(sku) }, { headers: { 'idempotency-key': `"${key}"` } }),
    await mine.post('/v1/reservations', { lines: one(sku), clientToken: key }),
    await mine.post('/v1/reservations', { lines: one(sku), client_token: key }),
  ].map(({ status, body }) => [status, (body as { reservation: { id: string } }).reservation.id])
  expect(ids).toEqual(Array.from({ length: 4 }, () => [200, first.body.reservation.id]))
  expect(await reserve(mine, one(sku, 2), {}, key)).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } })
  expect(await mine.post('/v1/reservations', { lines: one(sku), clientToken: 'another' }, { idempotencyKey: key })).toMatchObject(
    { status: 400 },
  )
  expect((await reserve(yours, one(sku), {}, key)).status).toBe(201)
})

test('many lines are held all or none, and the same SKU twice is one line with the sum', async () => {
  const [plenty, scarce] = [await shop.product(50), await shop.product(1)]
  const shopper = await shop.shopper()
  const refused = await reserve(shopper, [...one(plenty, 5), ...one(scarce, 2)])
  expect(refused).toMatchObject({ status: 409, body: { code: 'INSUFFICIENT_STOCK' } })
  expect(await shop.available(plenty)).toMatchObject({ reserved: 0 })
  const made = await reserved(shopper, [...one(plenty, 2), ...one(plenty.toLowerCase(), 3)])
  expect(made.lines).toMatchObject([{ sku: plenty, quantity: 5, warehouse: 'MAIN' }])
  const many = await times(60, async () => shop.product(1))
  expect(
    (
      await reserved(
        shopper,
        many.flatMap((sku) => one(sku)),
      )
    ).lines,
  ).toHaveLength(60)
})
