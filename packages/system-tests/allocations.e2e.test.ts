/** Stock taken out without a hold: all lines or none, once for each reference, never what somebody holds. */
import { type ProblemReply } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'

import { countStatuses, one, openShop, type Shop, times } from './shop'
import { history, post, reason } from './stock'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(async () => shop?.close())
afterEach(async () => shop.expectBalanced())

interface AllocationReply {
  allocation: { lines: { sku: string; warehouse: string; quantity: number }[] }
  replayed: boolean
}
const allocate = async (lines: object[], reference: string = randomUUID(), more: object = {}) =>
  shop.admin.post<AllocationReply & ProblemReply>('/v1/allocations', { lines, reference, reason, ...more })

test('take units out without a hold, all lines or none, and the history says so', async () => {
  const [a, b] = [await shop.product(5), await shop.product(1)]
  const { status, body } = await allocate([...one(a, 2), ...one(b)], 'GIFT-1')
  expect(status).toBe(201)
  expect(body.allocation.lines).toHaveLength(2)
  expect((await history(shop, a))[0]).toMatchObject({
    kind: 'ALLOCATION',
    from: 'SELLABLE',
    to: 'ALLOCATED',
    delta: -2,
    reference: 'GIFT-1',
  })
  const short = await allocate([...one(a), ...one(b)])
  expect(short).toMatchObject({ status: 409, body: { code: 'INSUFFICIENT_STOCK' } })
  expect(await shop.available(a)).toEqual({ onHand: 3, reserved: 0, available: 3 })
})

test('a reference takes once, however many ask at once, and belongs to its request', async () => {
  const sku = await shop.product(5)
  const reference = randomUUID()
  const replies = await times(6, async () => allocate(one(sku, 2), reference))
  expect(countStatuses(replies)).toEqual({ 200: 5, 201: 1 })
  expect((await allocate(one(sku, 3), reference)).status).toBe(422)
  expect(await shop.available(sku)).toMatchObject({ onHand: 3 })
})

test('they meet reservations at once, and nobody gets what another has', async () => {
  const sku = await shop.product(10)
  const shopper = await shop.shopper()
  const [taken, held] = await Promise.all([
    times(8, async () => allocate(one(sku))),
    times(8, async () => shopper.post('/v1/reservations', { lines: one(sku) })),
  ])
  const [out, on] = [countStatuses(taken)[201] ?? 0, countStatuses(held)[201] ?? 0]
  expect(out + on).toBe(10)
  expect(await shop.available(sku)).toEqual({ onHand: on, reserved: on, available: 0 })
})

test('lines that name no warehouse come from the first that has all of them', async () => {
  const code = `A-${randomUUID().slice(0, 8).toUpperCase()}`
  await shop.admin.post('/v1/warehouses', { code, name: 'Another' })
  const [a, b] = [await shop.product(5), await shop.product(0)]
  for (const sku of [a, b]) await post(shop, sku, 'adjust', { delta: 2, warehouse: code })
  const { body } = await allocate([...one(a), ...one(b)])
  expect(body.allocation.lines.map(({ warehouse }) => warehouse)).toEqual([code, code])
  expect((await allocate([{ sku: a, quantity: 2, warehouse: code }])).status).toBe(409)
  expect((await allocate(one(a, 2))).body.allocation.lines[0]?.warehouse).toBe('MAIN')
})

test('what makes no sense is refused by its name, and a shopper is', async () => {
  const sku = await shop.product(5)
  const wrong: [Promise<{ status: number; body: ProblemReply }>, number, string?][] = [
    [allocate([]), 400, 'lines'],
    [allocate(one(sku, 0)), 400, 'lines[0].quantity'],
    [allocate(one(sku), ''), 400, 'reference'],
    [allocate(one(sku), randomUUID(), { reason: '' }), 400, 'reason'],
    [allocate(one('NOPE')), 404],
  ]
  for (const [call, status, field] of wrong) {
    const reply = await call
    expect([reply.status, reply.body.errors?.[0]?.field]).toEqual([status, field])
  }
  const shopper = await shop.shopper()
  expect((await shopper.post('/v1/allocations', { lines: one(sku), reference: 'X', reason })).status).toBe(403)
})
