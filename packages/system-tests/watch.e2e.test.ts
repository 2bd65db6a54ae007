/** Stock as it changes, by server-sent events of a running system: two processes of inventory, and nobody sweeps. */
import { waitFor } from '@holdfast/testing'

import { one, openShop, reserved, type Shop, type Shopper } from './shop'
import { openWatch, type Watch } from './watching'

jest.setTimeout(120_000)

let shop: Shop
let shopper: Shopper
const open: Watch[] = []

beforeAll(async () => {
  shop = await openShop({ replicas: 2, env: { SWEEPER: 'off' } })
  shopper = await shop.shopper()
}, 120_000)
afterAll(async () => shop.close())
afterEach(() => {
  for (const one of open.splice(0)) one.close()
})

async function watch(sku: string, lastEventId?: string): Promise<Watch> {
  const opened = await openWatch(shop, sku, { lastEventId })
  open.push(opened)
  return opened
}

async function until(what: string, check: () => boolean): Promise<void> {
  await waitFor(check, { what, timeoutMs: 60_000 })
}

test('whichever process of inventory a stream is at, it shows what the other one sells', async () => {
  const sku = await shop.product(10)
  const watches = await Promise.all([1, 2, 3, 4].map(async () => watch(sku)))
  await until('four snapshots', () => watches.every(({ available }) => available === 10))
  await reserved(shopper, one(sku, 4))
  await until('the change in all of them', () => watches.every(({ available }) => available === 6))
})

test('a reservation that lapses gives its units back for all to see, though nobody sweeps', async () => {
  const sku = await shop.product(1)
  const made = await reserved(shopper, one(sku), { ttlSeconds: 3 })
  const state = await watch(sku)
  await until('the snapshot', () => state.messages > 0)
  await until('the unit', () => state.available === 1)
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(made.expiresAt) - 50)
})

test('who comes back with the id of the last event is sent only what differs', async () => {
  const sku = await shop.product(5)
  const first = await watch(sku)
  await until('the snapshot', () => first.available === 5)
  const same = await watch(sku, first.lastEventId)
  await until('an answer', () => same.messages === 1)
  expect(same.available).toBeUndefined()
  await reserved(shopper, one(sku))
  await until('the change in both', () => first.available === 4 && same.available === 4)
  const later = await watch(sku, first.lastEventId)
  await until('an answer', () => later.messages === 1)
  expect(later.available).toBeUndefined()
})

test('two thousand clients watch one SKU, and each sees the change', async () => {
  const sku = await shop.product(7)
  const watches: Watch[] = []
  while (watches.length < 2_000) watches.push(...(await Promise.all(Array.from({ length: 250 }, async () => watch(sku)))))
  await until('two thousand snapshots', () => watches.every(({ available }) => available === 7))
  await reserved(shopper, one(sku, 2))
  await until('the change in all of them', () => watches.every(({ available }) => available === 5))
})
