/** Products of which the waitlist goes first: what waits is left by everybody whom it did not send, over two replicas. */
import { type HoldItem, HoldItem_Strategy as Strategy, TransferStockRequest } from '@holdfast/contracts/inventory'
import { randomUUID } from 'node:crypto'

import { available, expectBalanced, fates, hold, holdItem, holdOne, makeBundle, makeDue, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

let pair: TestInventory
beforeAll(async () => {
  pair = await startInventory(2)
})
afterAll(async () => pair.stop())
afterEach(async () => expectBalanced(pair))

async function setFirst(sku: string, waitlistFirst: boolean): Promise<void> {
  const change = { name: undefined, description: undefined, price: undefined, parts: [] }
  await pair.reservation.updateProduct({ sku, ...change, waitlistFirst }, pair.admin())
}

const waits = async (sku: string, units: number, version = 1) =>
  pair.reservation.setWaiting({ waiting: [{ sku, units: BigInt(units), version: BigInt(version) }] }, pair.service())

/** A product of which so many units are there, and so many wait. */
async function sought(stock: number, units: number): Promise<string> {
  const sku = await makeProduct(pair, stock)
  await setFirst(sku, true)
  await waits(sku, units)
  return sku
}

const wish = (sku: string, quantity = 1, more: Partial<HoldItem> = {}) => holdItem([{ sku, quantity }], more)
const sent = (sku: string, quantity = 1) => wish(sku, quantity, { fromWaitlist: true })

test.each([Strategy.COMBINING, Strategy.PESSIMISTIC, Strategy.OPTIMISTIC])(
  'of 50 walk-ins over two replicas nobody gets what waits, and whom the waitlist sends gets it (%s)',
  async (strategy) => {
    const sku = await sought(10, 6)
    expect(await available(pair, sku)).toEqual({ onHand: 10, reserved: 0, available: 4 })
    const walkIns = await Promise.all(
      Array.from({ length: 50 }, async () => {
        for (;;) {
          const result = await holdOne(pair, wish(sku, 1, { strategy }))
          if (result.error?.code !== 'CONFLICT') return result
        }
      }),
    )
    expect(walkIns.filter(({ hold: held }) => held !== undefined)).toHaveLength(4)
    expect(await available(pair, sku)).toEqual({ onHand: 10, reserved: 4, available: 0 })
    expect(fates(await hold(pair, [sent(sku, 5), sent(sku, 1), sent(sku, 1)]))).toEqual(['HELD', 'HELD', 'INSUFFICIENT_STOCK'])
  },
)

test('in one batch walk-ins get what is left beside the waitlist, whoever comes first', async () => {
  const sku = await sought(5, 3)
  const items = [wish(sku, 3), wish(sku, 1), sent(sku, 3), wish(sku, 1), wish(sku, 1)]
  expect(fates(await hold(pair, items))).toEqual(['INSUFFICIENT_STOCK', 'HELD', 'HELD', 'HELD', 'INSUFFICIENT_STOCK'])
  expect(fates(await hold(pair, items.slice(1, 4)))).toEqual(['HELD', 'HELD', 'HELD'])
})

test('an older number changes nothing, a newer one counts at once, and so does the rule', async () => {
  const sku = await sought(5, 5)
  await waits(sku, 2, 3)
  await waits(sku, 4, 2)
  expect((await available(pair, sku)).available).toBe(3)
  await setFirst(sku, false)
  expect((await available(pair, sku)).available).toBe(5)
  expect(fates([await holdOne(pair, wish(sku, 4))])).toEqual(['HELD'])
  await setFirst(sku, true)
  expect(fates([await holdOne(pair, wish(sku, 1))])).toEqual(['INSUFFICIENT_STOCK'])
})

test('due units count as free, for those who wait first', async () => {
  const sku = await sought(4, 0)
  const lapsed = [wish(sku, 2), wish(sku, 2)]
  await hold(pair, lapsed)
  await waits(sku, 3, 2)
  await makeDue(
    pair,
    lapsed.map(({ id }) => id),
  )
  expect(await available(pair, sku)).toEqual({ onHand: 4, reserved: 0, available: 1 })
  expect(fates(await hold(pair, [wish(sku, 2), wish(sku, 1), sent(sku, 3)]))).toEqual(['INSUFFICIENT_STOCK', 'HELD', 'HELD'])
})

test.each([false, true])('due units of another warehouse leave enough for those who wait (split: %s)', async (allowSplit) => {
  const sku = await sought(10, 0)
  const east = `EAST-${randomUUID().slice(0, 4).toUpperCase()}`
  await pair.reservation.createWarehouse({ code: east, name: 'East', clientToken: '' }, pair.admin())
  const [from, to] = ['MAIN', east]
  const move = TransferStockRequest.fromPartial({ sku, from, to, quantity: 5, reason: 'nearer', immediate: true })
  await pair.reservation.transferStock(move, pair.admin())
  const at = (warehouse: string, quantity: number) => holdItem([], { lines: [{ sku, warehouse, quantity }], allowSplit })
  const lapsed = Array.from({ length: 5 }, () => at(east, 1))
  expect(fates(await hold(pair, lapsed))).toEqual(lapsed.map(() => 'HELD'))
  await makeDue(
    pair,
    lapsed.map(({ id }) => id),
  )
  await waits(sku, 5, 2)
  expect((await available(pair, sku)).available).toBe(5)
  expect(fates(await hold(pair, [at('MAIN', 5), wish(sku)]))).toEqual(['HELD', 'INSUFFICIENT_STOCK'])
})

test('over several warehouses the whole counts, and of a bundle its parts', async () => {
  const sku = await sought(4, 0)
  const east = `EAST-${randomUUID().slice(0, 4).toUpperCase()}`
  await pair.reservation.createWarehouse({ code: east, name: 'East', clientToken: '' }, pair.admin())
  const move = TransferStockRequest.fromPartial({
    sku,
    from: 'MAIN',
    to: east,
    quantity: 2,
    reason: 'nearer',
    immediate: true,
  })
  await pair.reservation.transferStock(move, pair.admin())
  await waits(sku, 3, 2)
  const answer = await pair.reservation.getAvailability({ skus: [sku], channel: '' }, pair.service())
  expect(answer.availability).toMatchObject([
    {
      available: 1,
      withheld: 3,
      warehouses: [
        { available: 1, withheld: 1 },
        { available: 1, withheld: 1 },
      ],
    },
  ])
  const set = await makeBundle(pair, [{ sku, quantity: 1 }])
  expect((await available(pair, set)).available).toBe(1)
  const items = [wish(sku, 2, { allowSplit: true }), wish(set, 1), wish(set, 1), wish(sku, 1)]
  expect(fates(await hold(pair, items))).toEqual(['INSUFFICIENT_STOCK', 'HELD', 'INSUFFICIENT_STOCK', 'INSUFFICIENT_STOCK'])
  expect((await available(pair, set)).available).toBe(0)
})

test('what makes no sense is refused by name', async () => {
  const set = await makeBundle(pair, [{ sku: await makeProduct(pair, 1), quantity: 1 }])
  await expect(setFirst(set, true)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', fields: [{ field: 'waitlistFirst' }] })
  await expect(waits('A', -1)).rejects.toMatchObject({ fields: [{ field: 'waiting[0].units' }] })
  await expect(waits('A', 1, 0)).rejects.toMatchObject({ fields: [{ field: 'waiting[0].version' }] })
  const twice = ['a', 'A'].map((sku) => ({ sku, units: 1n, version: 1n }))
  await expect(pair.reservation.setWaiting({ waiting: twice }, pair.service())).rejects.toMatchObject({
    fields: [{ field: 'waiting' }],
  })
})
