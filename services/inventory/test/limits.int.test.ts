/** What one shopper may have: held, or bought and kept; however they ask, and of two replicas at once. */
import {
  type HoldItem,
  HoldItem_Strategy as Strategy,
  type HoldResult,
  TransferStockRequest,
} from '@holdfast/contracts/inventory'
import { waitFor } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'

import { available, expectBalanced, fates, hold, holdItem, holdOne, makeBundle, makeDue, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

let pair: TestInventory
beforeAll(async () => {
  pair = await startInventory(2)
})
afterAll(async () => pair.stop())
afterEach(async () => expectBalanced(pair))

async function limit(sku: string, mostPerShopper: number, ctx = pair.admin()): Promise<void> {
  const change = { name: undefined, description: undefined, price: undefined, parts: [] }
  await pair.reservation.updateProduct({ sku, ...change, mostPerShopper }, ctx)
}

async function limited(stock: number, most: number): Promise<string> {
  const sku = await makeProduct(pair, stock)
  await limit(sku, most)
  return sku
}

const someone = () => `shopper-${randomUUID()}`
const wish = (owner: string, sku: string, quantity = 1, more: Partial<HoldItem> = {}) =>
  holdItem([{ sku, quantity }], { owner, ...more })

/** Asks until others are not in the way any more. */
async function insist(item: () => HoldItem): Promise<HoldResult> {
  for (;;) {
    const result = await holdOne(pair, item())
    if (result.error?.code !== 'CONFLICT') return result
  }
}

async function sell(item: HoldItem): Promise<void> {
  expect(fates([await holdOne(pair, item)])).toEqual(['HELD'])
  await pair.reservation.commit({ ids: [item.id], linesVersions: [] }, pair.service())
}

const release = async (id: string) => pair.reservation.release({ items: [{ id, endProtection: false }] }, pair.service())
const giveBack = async (holdId: string) =>
  pair.order.returnStock({ holdId, reference: randomUUID(), reason: 'cancelled' }, pair.service())

test.each([Strategy.COMBINING, Strategy.PESSIMISTIC, Strategy.OPTIMISTIC])(
  'of 50 concurrent holds of two shoppers over two replicas none passes a limit (%s)',
  async (strategy) => {
    const sku = await limited(1_000, 3)
    const owners = [someone(), someone()]
    const results = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => insist(() => wish(owners[index % 2] ?? '', sku, 1, { strategy }))),
    )
    for (const owner of owners) expect(results.filter((result) => result.hold?.owner === owner)).toHaveLength(3)
    expect(new Set(fates(results))).toEqual(new Set(['HELD', 'LIMIT_EXCEEDED']))
    expect((await available(pair, sku)).reserved).toBe(6)
  },
)

test('a refusal says what the limit is and what is left, and where stock is short, that', async () => {
  const sku = await limited(4, 5)
  const owner = someone()
  await holdOne(pair, wish(owner, sku, 3))
  const { error } = await holdOne(pair, wish(owner, sku, 3))
  const message = 'at most 5 for each shopper, of which 2 are left'
  expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED', fields: [{ field: 'lines[0].quantity', message }] })
  expect(fates([await holdOne(pair, wish(owner, sku, 2))])).toEqual(['INSUFFICIENT_STOCK'])
  expect(fates([await holdOne(pair, wish(someone(), sku, 1))])).toEqual(['HELD'])
})

test('in one batch the order of arrival decides, and a repeat is no refusal and refuses nobody', async () => {
  const sku = await limited(100, 3)
  const owner = someone()
  const items = [2, 2, 1].map((quantity) => wish(owner, sku, quantity))
  expect(fates(await hold(pair, items))).toEqual(['HELD', 'LIMIT_EXCEEDED', 'HELD'])
  const again = await hold(pair, [...items, wish(someone(), sku, 3)])
  expect(fates(again)).toEqual(['HELD', 'LIMIT_EXCEEDED', 'HELD', 'HELD'])
  expect(again.map(({ replayed }) => replayed)).toEqual([true, false, true, false])
})

test('what was bought counts, archived or not; what was cancelled, given back or has lapsed does not', async () => {
  const sku = await limited(100, 2)
  const owner = someone()
  const [bought, other, lapsing] = [wish(owner, sku), wish(owner, sku), wish(owner, sku)]
  await sell(bought)
  await pair.database.pool.query(`update holds set ended_at = ended_at - interval '2 hours' where id = $1`, [bought.id])
  await pair.database.pool.query(`update ledger set at = at - interval '2 hours' where reference = $1`, [bought.id])
  await pair.database.pool.query(`select archive_holds(1, '-infinity', '00000000-0000-0000-0000-000000000000', 100)`)
  expect(fates([await holdOne(pair, wish(owner, sku, 2))])).toEqual(['LIMIT_EXCEEDED'])
  expect(fates([await holdOne(pair, other)])).toEqual(['HELD'])
  await release(other.id)
  expect(fates([await holdOne(pair, lapsing)])).toEqual(['HELD'])
  expect(fates([await holdOne(pair, wish(owner, sku))])).toEqual(['LIMIT_EXCEEDED'])
  await makeDue(pair, [lapsing.id])
  expect(fates([await holdOne(pair, wish(owner, sku))])).toEqual(['HELD'])
  await giveBack(bought.id)
  expect(fates([await holdOne(pair, wish(owner, sku)), await holdOne(pair, wish(owner, sku))])).toEqual([
    'HELD',
    'LIMIT_EXCEEDED',
  ])
  const { rows } = await pair.database.pool.query('select from shopper_claims where owner = $1', [owner])
  expect(rows).toHaveLength(2)
})

test('a limit that is set later counts what there is already, and may be raised and taken away', async () => {
  const sku = await makeProduct(pair, 100)
  const set = await makeBundle(pair, [{ sku, quantity: 2 }])
  const owner = someone()
  const [bought, cancelled, lapsed, held] = [wish(owner, sku, 3), wish(owner, sku), wish(owner, sku), wish(owner, set)]
  for (const item of [bought, cancelled]) await sell(item)
  await giveBack(cancelled.id)
  await hold(pair, [lapsed, held])
  await release(lapsed.id)
  await Promise.all([limit(sku, 6), limit(set, 1)])
  expect(fates([await holdOne(pair, wish(owner, sku, 2))])).toEqual(['LIMIT_EXCEEDED'])
  expect(fates([await holdOne(pair, wish(owner, sku, 1))])).toEqual(['HELD'])
  await limit(sku, 10)
  const ofSet = await holdOne(pair, wish(owner, set))
  expect(ofSet.error?.message).toContain(`At most 1 of ${set}`)
  await limit(set, -1)
  const more = [
    await holdOne(pair, wish(owner, set)),
    await holdOne(pair, wish(owner, set)),
    await holdOne(pair, wish(owner, set)),
  ]
  expect(fates(more)).toEqual(['HELD', 'HELD', 'LIMIT_EXCEEDED'])
  await limit(sku, -1)
  expect(fates([await holdOne(pair, wish(owner, set))])).toEqual(['HELD'])
})

test('holds that race with the limit are counted by it', async () => {
  const sku = await makeProduct(pair, 100)
  const owner = someone()
  const racing = Array.from({ length: 20 }, async () => insist(() => wish(owner, sku)))
  await limit(sku, 5)
  const before = fates(await Promise.all(racing)).filter((fate) => fate === 'HELD').length
  const after = await Promise.all(Array.from({ length: 10 }, async () => insist(() => wish(owner, sku))))
  expect(fates(after).filter((fate) => fate === 'HELD')).toHaveLength(Math.max(5 - before, 0))
})

/** Writes, as the commit of a hold does, one sold hold of one unit for each of so many shoppers: the same ones each time. */
async function sellMuch(sku: string, shoppers: number, bundle?: string): Promise<void> {
  await pair.database.transaction(async (client) => {
    await client.query(
      'create temporary table sold on commit drop as select gen_random_uuid() as id, n from generate_series(1, $1::integer) n',
      [shoppers],
    )
    await client.query(`insert into holds (id, owner, fingerprint, state, expires_at, base_expires_at, ended_at, created_at)
                        select id, 'buyer-' || n, '', 'COMMITTED', now() + interval '1 hour', now() + interval '1 hour', now(),
                               now() - interval '1 hour' + n * interval '1 microsecond' from sold`)
    await client.query(
      `insert into hold_lines (hold_id, line, sku, warehouse, quantity, price_minor, currency, expires_at, held, created_at, bundle, bundle_units)
                        select id, 1, $1, 'MAIN', 1, 1000, 'USD', expires_at, false, created_at, $2::text, case when $2 is not null then 1 end
                        from holds where id in (select id from sold)`,
      [sku, bundle],
    )
    await client.query(
      `insert into ledger (id, sku, warehouse, kind, quantity, from_account, to_account, reason, actor_id, actor_role, reference, at)
                        select gen_random_uuid(), $1, 'MAIN', 'SALE', 1, 'SELLABLE', 'SOLD', 'sold', owner, 'USER', id::text, ended_at
                        from holds where id in (select id from sold) order by created_at`,
      [sku],
    )
    await client.query('update stock_levels set on_hand = on_hand - $2 where sku = $1', [sku, shoppers])
  })
}

test.each([false, true])('much that was sold is counted beside those who go on buying (a bundle: %s)', async (bundled) => {
  const part = await makeProduct(pair, 30_000)
  const sku = bundled ? await makeBundle(pair, [{ sku: part, quantity: 1 }]) : part
  await sellMuch(part, 12_000, bundled ? sku : undefined)
  // Somebody is in the way of the second thousands: a claim that is not committed.
  const way = await pair.database.pool.connect()
  const inTheWay = bundled
    ? 'select hold_id from hold_lines where bundle = $1 order by created_at offset 7000 limit 1'
    : "select reference::uuid from ledger where sku = $1 and kind = 'SALE' order by place offset 7000 limit 1"
  try {
    await way.query('begin')
    await way.query(
      `insert into shopper_claims (owner, sku, hold_id, units) select owner, $1, id, 1 from holds where id = (${inTheWay})`,
      [sku],
    )
    const setting = limit(sku, 2)
    await waitFor(stuck, { what: 'those who count, in the second thousands' })
    expect(await counted(sku)).toBe(5_000)
    const [before, bought] = [wish('buyer-1', sku), wish('buyer-2', sku)]
    await sell(bought)
    expect(fates([await holdOne(pair, before)])).toEqual(['HELD'])
    const returned = giveBack((await holdsOf('buyer-8000', sku))[0] ?? '')
    // Of a bundle it waits for those who count.
    if (!bundled) await returned
    await way.query('rollback')
    await Promise.all([setting, returned])
  } finally {
    way.release(true)
  }
  for (const owner of ['buyer-1', 'buyer-2']) expect(fates([await holdOne(pair, wish(owner, sku))])).toEqual(['LIMIT_EXCEEDED'])
  expect(fates([await holdOne(pair, wish('buyer-8000', sku, 2))])).toEqual(['HELD'])
  for (const owner of ['buyer-3', 'buyer-12000']) {
    expect(fates([await holdOne(pair, wish(owner, sku, 2)), await holdOne(pair, wish(owner, sku))])).toEqual([
      'LIMIT_EXCEEDED',
      'HELD',
    ])
  }
})

test('a file that sets limits counts what was sold of all its products beside those who go on buying, where it is much together', async () => {
  // In the order that they are counted in.
  const skus = [await makeProduct(pair, 5_000), await makeProduct(pair, 5_000)].sort()
  for (const sku of skus) await sellMuch(sku, 3_000)
  const [first = '', second = ''] = skus
  // Somebody is in the way of the second's: a claim that is not committed.
  const way = await pair.database.pool.connect()
  try {
    await way.query('begin')
    await way.query(
      `insert into shopper_claims (owner, sku, hold_id, units)
       select owner, $1, id, 1 from holds where id = (select hold_id from hold_lines where sku = $1 limit 1)`,
      [second],
    )
    const data = Buffer.from(['sku,most_per_shopper', ...skus.map((sku) => `${sku},2`)].join('\n'))
    const file = { contentType: 'text/csv', data, extensions: [] }
    const setting = pair.gateway.importProducts({ file, validateOnly: false, assumed: [], clientToken: '' }, pair.admin())
    await waitFor(stuck, { what: 'those who count what was sold of the second' })
    for (const sku of skus) expect(fates([await holdOne(pair, wish('buyer-1', sku))])).toEqual(['HELD'])
    await way.query('rollback')
    expect(await setting).toMatchObject({ changed: 2 })
  } finally {
    way.release(true)
  }
  expect([await counted(first), await counted(second)]).toEqual([3_001, 3_001])
  for (const sku of skus) expect(fates([await holdOne(pair, wish('buyer-1', sku))])).toEqual(['LIMIT_EXCEEDED'])
})

/** Whether somebody waits for a lock in this database. */
async function stuck(): Promise<boolean> {
  const { rows } = await pair.database.pool.query(
    `select from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database()`,
  )
  return rows.length > 0
}

/** Claims of a SKU that are there. */
async function counted(sku: string): Promise<number> {
  const { rows } = await pair.database.pool.query<{ n: number }>(
    'select count(*)::integer as n from shopper_claims where sku = $1',
    [sku],
  )
  return rows[0]?.n ?? 0
}

test('a limit whose counting was cut off is not set; a repeat goes on, two count together, and one that is set anew counts what came between', async () => {
  const sku = await makeProduct(pair, 30_000)
  await sellMuch(sku, 6_000)
  const hasty = { ...pair.admin(), deadline: Date.now() + 900 }
  await expect(limit(sku, 1, hasty)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(await available(pair, sku)).toMatchObject({ onHand: 24_000 })
  const patient = { ...pair.admin(), deadline: Date.now() + 60_000 }
  await Promise.all([limit(sku, 2), limit(sku, 2, patient)])
  expect(await counted(sku)).toBe(6_000)
  await giveBack((await holdsOf('buyer-5', sku))[0] ?? '')
  await limit(sku, -1)
  await sellMuch(sku, 6_000)
  await sell(wish('buyer-7', sku))
  await limit(sku, 4)
  const fate = async (owner: string, quantity: number) => fates([await holdOne(pair, wish(owner, sku, quantity))])[0]
  expect([await fate('buyer-5', 4), await fate('buyer-5', 3)]).toEqual(['LIMIT_EXCEEDED', 'HELD'])
  expect([await fate('buyer-6', 3), await fate('buyer-6', 2)]).toEqual(['LIMIT_EXCEEDED', 'HELD'])
  expect([await fate('buyer-7', 2), await fate('buyer-7', 1)]).toEqual(['LIMIT_EXCEEDED', 'HELD'])
})

/** Of one owner, the oldest first. */
async function holdsOf(owner: string, sku: string): Promise<string[]> {
  const { rows } = await pair.database.pool.query<{ id: string }>(
    'select h.id from holds h join hold_lines l on l.hold_id = h.id where h.owner = $1 and $2 in (l.sku, l.bundle) order by h.created_at',
    [owner, sku],
  )
  return rows.map(({ id }) => id)
}

test.each([0, 1_000_001, -2])('a limit of %d is refused', async (most) => {
  const sku = await makeProduct(pair, 1)
  await expect(limit(sku, most)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', fields: [{ field: 'mostPerShopper' }] })
})

test('a shop may limit what has no limit of its own, and how many holds one has at once', async () => {
  const strict = await startInventory(2, undefined, { units: 4, holds: 2 })
  const ask = async (owner: string, sku: string, quantity = 1) => holdOne(strict, holdItem([{ sku, quantity }], { owner }))
  try {
    const [sku, other] = [await makeProduct(strict, 100), await makeProduct(strict, 100)]
    const owner = someone()
    expect((await ask(owner, sku, 5)).error).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    // Each of another SKU: only the owner is what they share.
    const skus = await Promise.all(Array.from({ length: 6 }, async () => makeProduct(strict, 100)))
    const racing = await Promise.all(Array.from({ length: 48 }, async (_, index) => ask(owner, skus[index % 6] ?? sku)))
    expect(fates(racing).filter((fate) => fate === 'HELD')).toHaveLength(2)
    const [first] = racing.filter((result) => result.error === undefined)
    await strict.reservation.commit({ ids: [first?.hold?.id ?? ''], linesVersions: [] }, strict.service())
    expect(fates([await ask(owner, other, 2), await ask(owner, other)])).toEqual(['HELD', 'LIMIT_EXCEEDED'])
    await expectBalanced(strict)
  } finally {
    await strict.stop()
  }
})

test('a limit that is set while units go to warehouses that had none waits for nobody in a circle', async () => {
  await pair.reservation.createWarehouse({ code: 'FAR', name: 'Far', clientToken: '', priority: undefined }, pair.admin())
  const before = await deadlocks()
  for (let round = 0; round < 15; round++) {
    const sku = await makeProduct(pair, 10)
    const send = TransferStockRequest.fromPartial({ sku, from: 'MAIN', to: 'FAR', quantity: 1, immediate: true })
    await Promise.all([pair.reservation.transferStock(send, pair.admin()), limit(sku, 2), limit(sku, 3)])
    expect((await available(pair, sku)).available).toBe(10)
  }
  expect(await deadlocks()).toBe(before)
})

/** As the server counts them. */
async function deadlocks(): Promise<string> {
  const { rows } = await pair.database.pool.query<{ deadlocks: string }>(
    'select deadlocks::text from pg_stat_database where datname = current_database()',
  )
  return rows[0]?.deadlocks ?? ''
}
