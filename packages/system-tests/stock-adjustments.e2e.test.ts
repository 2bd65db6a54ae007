/** Stock that is adjusted or counted by hand: once each, never what somebody holds, and the history says why. */
import { randomUUID } from 'node:crypto'

import { countStatuses, one, openShop, reserved, type Shop, times } from './shop'
import { history, post, reason } from './stock'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(async () => shop?.close())
afterEach(async () => shop.expectBalanced())

test('"was 7, now 5" moves two units, with its reason code and reference in the history', async () => {
  const sku = await shop.product(7)
  const change = { expectedOnHand: 7, onHand: 5, reasonCode: 'LOSS', reference: 'COUNT-12' }
  const { status, body } = await post(shop, sku, 'adjust', change)
  expect(status).toBe(200)
  expect(body).toMatchObject({ level: { onHand: 5, available: 5 }, replayed: false })
  expect((await history(shop, sku))[0]).toMatchObject({
    kind: 'ADJUSTMENT',
    delta: -2,
    quantity: 2,
    from: 'SELLABLE',
    to: 'VARIANCE',
    reason,
    reasonCode: 'LOSS',
    reference: 'COUNT-12',
    actor: { role: 'ADMIN' },
  })
})

test('a stale expectation is a conflict that says how many there are', async () => {
  const sku = await shop.product(7)
  const { status, body } = await post(shop, sku, 'adjust', { expectedOnHand: 6, onHand: 5 })
  expect(status).toBe(409)
  expect(body).toMatchObject({ code: 'CONFLICT', errors: [{ field: 'expectedOnHand', message: 'is 7' }] })
  expect(await shop.available(sku)).toMatchObject({ onHand: 7 })
})

test('of many who count from the same number one wins, and a repeat of it is no conflict', async () => {
  const sku = await shop.product(10)
  const keys = Array.from({ length: 10 }, () => randomUUID())
  const change = (index: number) => ({ expectedOnHand: 10, onHand: 11 + index })
  const first = await times(10, async (index) => post(shop, sku, 'adjust', change(index), keys[index]))
  expect(countStatuses(first)).toEqual({ 200: 1, 409: 9 })
  const winner = first.findIndex(({ status }) => status === 200)
  expect(await shop.available(sku)).toMatchObject({ onHand: 11 + winner })
  const repeat = await post(shop, sku, 'adjust', change(winner), keys[winner])
  expect(repeat).toMatchObject({ status: 200, body: { replayed: true, movement: { delta: 1 + winner } } })
  expect(await history(shop, sku)).toHaveLength(2)
})

test('a count that finds what is there moves nothing, and is remembered', async () => {
  const [sku, key] = [await shop.product(5), randomUUID()]
  const count = { expectedOnHand: 5, onHand: 5, reasonCode: 'COUNT' }
  const { body } = await post(shop, sku, 'adjust', count, key)
  expect(body).toMatchObject({ level: { onHand: 5 }, replayed: false })
  expect(body.movement).toBeFalsy()
  await post(shop, sku, 'adjust', { delta: 2 })
  expect((await post(shop, sku, 'adjust', count, key)).body).toMatchObject({ level: { onHand: 7 }, replayed: true })
  expect(await history(shop, sku)).toHaveLength(2)
})

test('a key belongs to the whole request', async () => {
  const [sku, key] = [await shop.product(5), randomUUID()]
  const change = { delta: 2, reasonCode: 'FOUND', reference: 'R-1' }
  const replies = await times(5, async () => post(shop, sku, 'adjust', change, key))
  expect(replies.filter(({ body }) => !body.replayed)).toHaveLength(1)
  const others = [{ reasonCode: 'COUNT' }, { reference: 'R-2' }, { delta: 3 }, { account: 'DAMAGED' }, { reason: 'other' }]
  for (const other of others) {
    expect(await post(shop, sku, 'adjust', { ...change, ...other }, key)).toMatchObject({
      status: 422,
      body: { code: 'IDEMPOTENCY_KEY_REUSED' },
    })
  }
  expect(await shop.available(sku)).toMatchObject({ onHand: 7 })
})

test('what is reserved stays, by whatever way it is asked', async () => {
  const sku = await shop.product(5)
  await reserved(await shop.shopper(), one(sku, 4))
  for (const change of [{ delta: -2 }, { expectedOnHand: 5, onHand: 3 }]) {
    expect(await post(shop, sku, 'adjust', change)).toMatchObject({ status: 409, body: { code: 'INSUFFICIENT_STOCK' } })
  }
  expect(await post(shop, sku, 'adjust', { expectedOnHand: 5, onHand: 4 })).toMatchObject({ status: 200 })
})

test('a shopper may not', async () => {
  const sku = await shop.product(5)
  const shopper = await shop.shopper()
  expect((await shopper.post(`/v1/products/${sku}/stock:adjust`, { delta: 1, reason })).status).toBe(403)
})
