/** Stock that is damaged, held for quality, or kept back: on hand, not for sale, and never what somebody holds. */
import { waitFor } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'

import { countStatuses, one, openShop, reserved, type Shop, times } from './shop'
import { type AdjustReply, history, post, reason } from './stock'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(async () => shop?.close())
afterEach(async () => shop.expectBalanced())

test('what is damaged or held for quality is on hand and not available, and can be sellable again', async () => {
  const sku = await shop.product(10)
  expect(
    (await post(shop, sku, 'move', { from: 'SELLABLE', to: 'DAMAGED', quantity: 3, reasonCode: 'DAMAGE' })).body,
  ).toMatchObject({
    movement: { kind: 'STATE', delta: 0, quantity: 3, from: 'SELLABLE', to: 'DAMAGED', reasonCode: 'DAMAGE' },
    level: { onHand: 10, available: 7, withheld: 3, damaged: 3 },
  })
  await post(shop, sku, 'move', { from: 'DAMAGED', to: 'QUALITY', quantity: 2 })
  await post(shop, sku, 'move', { from: 'QUALITY', to: 'SELLABLE', quantity: 1 })
  expect(await shop.available(sku)).toEqual({ onHand: 10, reserved: 0, available: 8 })
  const { body } = await post(shop, sku, 'adjust', { delta: -1, account: 'DAMAGED', reason: 'thrown away' })
  expect(body.level).toMatchObject({ onHand: 9, available: 8, damaged: 0, quality: 1 })
  expect((await history(shop, sku)).map(({ kind, from, to, quantity }) => `${kind} ${from} ${to} ${quantity}`)).toEqual([
    'ADJUSTMENT DAMAGED VARIANCE 1',
    'STATE QUALITY SELLABLE 1',
    'STATE DAMAGED QUALITY 2',
    'STATE SELLABLE DAMAGED 3',
    'OPENING SUPPLIER SELLABLE 10',
  ])
})

test('moves meet reservations at once, and no unit is both reserved and damaged', async () => {
  const sku = await shop.product(10)
  const shopper = await shop.shopper()
  const [moves, holds] = await Promise.all([
    times(8, async () => post(shop, sku, 'move', { from: 'SELLABLE', to: 'DAMAGED', quantity: 1 })),
    times(8, async () => shopper.post('/v1/reservations', { lines: one(sku) })),
  ])
  const won = [countStatuses(moves)[200] ?? 0, countStatuses(holds)[201] ?? 0]
  expect(won).toEqual([10 - (won[1] ?? 0), 10 - (won[0] ?? 0)])
  expect(countStatuses(moves)[409]).toBe(8 - (won[0] ?? 0) || undefined)
  expect(await shop.available(sku)).toEqual({ onHand: 10, reserved: won[1], available: 0 })
})

test('a key moves units once', async () => {
  const [sku, key] = [await shop.product(5), randomUUID()]
  const move = { from: 'SELLABLE', to: 'QUALITY', quantity: 2 }
  const replies = await times(5, async () => post(shop, sku, 'move', move, key))
  expect(replies.filter(({ body }) => !body.replayed)).toHaveLength(1)
  expect(replies.map(({ body }) => body.movement?.quantity)).toEqual([2, 2, 2, 2, 2])
  expect((await post(shop, sku, 'move', { ...move, quantity: 1 }, key)).status).toBe(422)
  expect(await shop.available(sku)).toMatchObject({ available: 3 })
})

test('units of a reservation that lapses may be moved from the moment of its end', async () => {
  const sku = await shop.product(2)
  await reserved(await shop.shopper(), one(sku, 2), { ttlSeconds: 1 })
  await waitFor(async () => (await shop.available(sku)).available === 2, { what: 'its end' })
  expect(await post(shop, sku, 'move', { from: 'SELLABLE', to: 'DAMAGED', quantity: 2 })).toMatchObject({ status: 200 })
})

test('safety stock is kept back from who reserves, not from who adjusts', async () => {
  const [sku, key] = [await shop.product(5), randomUUID()]
  const shopper = await shop.shopper()
  const set = { units: 4, warehouse: 'MAIN' }
  const safety = async () => shop.admin.post<AdjustReply>(`/v1/products/${sku}/stock:setSafety`, set, { idempotencyKey: key })
  expect((await safety()).body).toMatchObject({ level: { onHand: 5, available: 1, withheld: 4, safety: 4 }, replayed: false })
  expect((await shopper.post('/v1/reservations', { lines: one(sku, 2) })).status).toBe(409)
  await reserved(shopper, one(sku))
  expect((await post(shop, sku, 'adjust', { delta: -4 })).body.level).toMatchObject({ onHand: 1, available: 0 })
  await shop.admin.post(`/v1/products/${sku}/stock:setSafety`, { units: 0 })
  expect((await safety()).body).toMatchObject({ level: { safety: 0 }, replayed: true })
})

test.each([
  ['move', 'from', { to: 'DAMAGED', quantity: 1 }],
  ['move', 'from', { from: 'SOLD', to: 'DAMAGED', quantity: 1 }],
  ['move', 'to', { from: 'DAMAGED', to: 'DAMAGED', quantity: 1 }],
  ['move', 'quantity', { from: 'SELLABLE', to: 'DAMAGED', quantity: 0 }],
  ['move', 'reason', { from: 'SELLABLE', to: 'DAMAGED', quantity: 1, reason: ' ' }],
])('a %s with a wrong %s is refused by that name', async (verb, field, body) => {
  const sku = await shop.product(1)
  expect(await post(shop, sku, verb, body)).toMatchObject({ status: 400, body: { errors: [{ field }] } })
})

test('more than there is of a state, a warehouse that there is not, and a shopper are refused', async () => {
  const sku = await shop.product(1)
  const move = { from: 'DAMAGED', to: 'SELLABLE', quantity: 1, reason }
  expect(await post(shop, sku, 'move', move)).toMatchObject({ status: 409, body: { code: 'INSUFFICIENT_STOCK' } })
  expect(await post(shop, sku, 'move', { ...move, warehouse: 'NOWHERE' })).toMatchObject({ status: 404 })
  const shopper = await shop.shopper()
  expect((await shopper.post(`/v1/products/${sku}/stock:move`, move)).status).toBe(403)
  expect((await shopper.post(`/v1/products/${sku}/stock:setSafety`, { units: 1 })).status).toBe(403)
  expect((await shop.admin.post(`/v1/products/${sku}/stock:setSafety`, { units: -1 })).status).toBe(400)
})
