/** 100,000 due holds on one SKU, and nobody sweeps: what a shopper's request takes back is what it wants, however many there are. */
import { randomUUID } from 'node:crypto'

import { available, expectBalanced, fates, hold, holdItem, holdOne, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

const due = 100_000

let inventory: TestInventory
let sku: string
beforeAll(async () => {
  inventory = await startInventory()
  sku = await makeProduct(inventory, due)
  await writeDueHolds()
}, 120_000)
afterAll(async () => inventory.stop())

test('all of it reads as free', async () => {
  expect(await available(inventory, sku)).toEqual({ onHand: due, reserved: 0, available: due })
})

test('the next shopper gets the unit, and one hold is taken back for it: the oldest', async () => {
  const before = await ended()
  expect(fates([await holdOne(inventory, holdItem([{ sku, quantity: 1 }]))])).toEqual(['HELD'])
  expect(await ended()).toBe(before + 1)
  const { rows } = await inventory.database.pool.query<{ oldest: boolean }>(
    `select bool_and(e.expires_at < (select min(h.expires_at) from holds h where h.state = 'HELD')) as oldest
     from holds e where e.state = 'EXPIRED'`,
  )
  expect(rows[0]?.oldest).toBe(true)
})

test('a batch takes back as much as it wants, one request or many', async () => {
  const before = await ended()
  const results = await hold(
    inventory,
    Array.from({ length: 300 }, () => holdItem([{ sku, quantity: 1 }])),
  )
  expect(new Set(fates(results))).toEqual(new Set(['HELD']))
  expect(await ended()).toBe(before + 300)
})

test('a request for more than is taken back at once has it all the same', async () => {
  const before = await ended()
  expect(fates([await holdOne(inventory, holdItem([{ sku, quantity: 12_000 }]))])).toEqual(['HELD'])
  const taken = (await ended()) - before
  expect(taken).toBeGreaterThanOrEqual(12_000)
  expect(taken).toBeLessThanOrEqual(17_000)
})

test('and the books balance', async () => expectBalanced(inventory))

/** As many as were ended because somebody wanted their units. */
async function ended(): Promise<number> {
  const { rows } = await inventory.database.pool.query<{ n: number }>(
    `select count(*)::int as n from holds where state = 'EXPIRED'`,
  )
  return rows[0]?.n ?? 0
}

/** Every unit of the SKU in a due hold of its own, as the service would have written them. */
async function writeDueHolds(): Promise<void> {
  await inventory.database.pool.query(
    `with made as (
       insert into holds (id, owner, fingerprint, state, expires_at, base_expires_at, created_at)
       select md5($3::text || n)::uuid, 'a-user', '', 'HELD', now() - (n + 1000) * interval '1 ms', now() - (n + 1000) * interval '1 ms',
              now() - interval '1 hour'
       from generate_series(1, $2::integer) n
     ), lines as (
       insert into hold_lines (hold_id, line, sku, warehouse, quantity, price_minor, currency, expires_at, held, created_at)
       select md5($3::text || n)::uuid, 1, $1, 'MAIN', 1, 1000, 'USD', now() - (n + 1000) * interval '1 ms', true,
              now() - interval '1 hour'
       from generate_series(1, $2::integer) n
     )
     update stock_levels set reserved = on_hand, version = version + 1 where sku = $1`,
    [sku, due, randomUUID()],
  )
}
