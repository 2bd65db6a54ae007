import { availableParallelism } from 'node:os'
import { randomUUID } from 'node:crypto'

import { holdPlanned } from '../src/sql/holds'
import { available, expectBalanced, fates, hold, holdItem, holdOne, makeDue, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

let inventory: TestInventory
beforeAll(async () => {
  inventory = await startInventory()
})
afterAll(async () => inventory.stop())
afterEach(async () => expectBalanced(inventory))

describe('holding', () => {
  test('sets units aside until the time asked for, with the price of that moment', async () => {
    const sku = await makeProduct(inventory, 5, undefined, 1_299n)
    const result = await holdOne(inventory, holdItem([{ sku, quantity: 2 }], { ttlSeconds: 60 }))
    expect(result.hold).toMatchObject({
      state: 'HELD',
      version: 1,
      lines: [{ sku, warehouse: 'MAIN', quantity: 2, unitPrice: { amountMinor: 1_299n } }],
    })
    const lifetime = Number(result.hold?.expiresAt) - Number(result.hold?.createdAt)
    expect(lifetime).toBe(60_000)
    expect(await available(inventory, sku)).toEqual({ onHand: 5, reserved: 2, available: 3 })
  })

  test('holds all lines or none', async () => {
    const [plenty, scarce] = [await makeProduct(inventory, 100), await makeProduct(inventory, 1)]
    const result = await holdOne(
      inventory,
      holdItem([
        { sku: plenty, quantity: 5 },
        { sku: scarce, quantity: 2 },
      ]),
    )
    expect(result.error).toMatchObject({ code: 'INSUFFICIENT_STOCK', fields: [{ field: 'lines[1].sku' }] })
    expect(await available(inventory, plenty)).toMatchObject({ reserved: 0 })
  })

  test('decides a batch in order of arrival: what does not fit uses up nothing, and a later smaller one is taken', async () => {
    const sku = await makeProduct(inventory, 5)
    const quantities = [3, 4, 2, 1]
    const results = await hold(
      inventory,
      quantities.map((quantity) => holdItem([{ sku, quantity }])),
    )
    expect(fates(results)).toEqual(['HELD', 'INSUFFICIENT_STOCK', 'HELD', 'INSUFFICIENT_STOCK'])
    expect(await available(inventory, sku)).toMatchObject({ available: 0 })
  })

  test('answers a repeated id with the hold as it is, and refuses it for other content', async () => {
    const sku = await makeProduct(inventory, 5)
    const item = holdItem([{ sku, quantity: 2 }])
    const results = await hold(inventory, [item, item, { ...item, fingerprint: 'another' }])
    expect(fates(results)).toEqual(['HELD', 'HELD', 'IDEMPOTENCY_KEY_REUSED'])
    expect(results.map((result) => result.replayed)).toEqual([false, true, false])
    expect(await available(inventory, sku)).toMatchObject({ reserved: 2 })
  })

  test('counts the same SKU twice as one line with the sum', async () => {
    const sku = await makeProduct(inventory, 3)
    const twice = holdItem([
      { sku, quantity: 2 },
      { sku: sku.toLowerCase(), quantity: 2 },
    ])
    expect(fates(await hold(inventory, [twice]))).toEqual(['INSUFFICIENT_STOCK'])
  })

  test('names an unknown product without failing its neighbours', async () => {
    const sku = await makeProduct(inventory, 3)
    const results = await hold(inventory, [holdItem([{ sku: 'NO-SUCH', quantity: 1 }]), holdItem([{ sku, quantity: 1 }])])
    expect(results[0]?.error).toMatchObject({ code: 'NOT_FOUND', fields: [{ field: 'lines[0].sku' }] })
    expect(results[1]?.hold?.state).toBe('HELD')
  })

  test.each([
    ['a quantity of zero', { quantity: 0 }, 'lines[0].quantity'],
    ['a negative quantity', { quantity: -1 }, 'lines[0].quantity'],
    ['a SKU with a space', { sku: 'A B' }, 'lines[0].sku'],
    ['a warehouse with a slash', { warehouse: 'A/B' }, 'lines[0].warehouse'],
  ])('refuses %s by naming the field', async (_what, change, field) => {
    const item = holdItem([])
    const result = await holdOne(inventory, { ...item, lines: [{ sku: 'X', quantity: 1, warehouse: '', ...change }] })
    expect(result.error).toMatchObject({ code: 'INVALID_ARGUMENT', fields: [{ field }] })
  })

  test('100 race for 1: exactly one has it', async () => {
    const sku = await makeProduct(inventory, 1)
    const results = (
      await Promise.all(Array.from({ length: 100 }, async () => hold(inventory, [holdItem([{ sku, quantity: 1 }])])))
    ).flat()
    expect(fates(results).filter((fate) => fate === 'HELD')).toHaveLength(1)
    expect(fates(results).filter((fate) => fate === 'INSUFFICIENT_STOCK')).toHaveLength(99)
  })
})

describe('a hold past its time never costs a sale', () => {
  test('the next shopper gets the unit although nobody swept', async () => {
    const sku = await makeProduct(inventory, 1)
    const first = holdItem([{ sku, quantity: 1 }])
    await holdOne(inventory, first)
    await makeDue(inventory, [first.id])
    expect(await available(inventory, sku)).toEqual({ onHand: 1, reserved: 0, available: 1 })
    expect(fates(await hold(inventory, [holdItem([{ sku, quantity: 1 }])]))).toEqual(['HELD'])
    expect(fates(await hold(inventory, [first]))).toEqual(['EXPIRED'])
  })

  test('who came first is decided again before who came after', async () => {
    const sku = await makeProduct(inventory, 3)
    const due = holdItem([{ sku, quantity: 2 }])
    await holdOne(inventory, due)
    await makeDue(inventory, [due.id])
    const results = await hold(inventory, [holdItem([{ sku, quantity: 3 }]), holdItem([{ sku, quantity: 1 }])])
    expect(fates(results)).toEqual(['HELD', 'INSUFFICIENT_STOCK'])
  })

  test('of one that turns out to be known the units are owed to those whom the plan refused: it is planned again', async () => {
    const sku = await makeProduct(inventory, 1)
    const [buried, refused] = [holdItem([{ sku, quantity: 1 }]), holdItem([{ sku, quantity: 1 }])]
    await inventory.reservation.release({ items: [{ id: buried.id, endProtection: false }] }, inventory.service())
    const line = { line: 0, sku, warehouse: 'MAIN', quantity: 1, promised: 0, until: null, bundle: undefined, version: 1n }
    const planned = [
      { item: buried, lines: [line], claims: [] },
      { item: refused, lines: undefined, claims: [] },
    ]
    // As it is called by one who looked for known ids just before the release.
    const rows = await holdPlanned(inventory.database.pool, planned, new Map(), false)
    expect(rows).toMatchObject([{ item: 0, outcome: 'REPLAN' }])
    expect(fates(await hold(inventory, [buried, refused]))).toEqual(['RELEASED', 'HELD'])
  })

  test('takes back only what is due, the oldest first, and as much as is wanted', async () => {
    const sku = await makeProduct(inventory, 4)
    const items = Array.from({ length: 4 }, () => holdItem([{ sku, quantity: 1 }]))
    await hold(inventory, items)
    await makeDue(
      inventory,
      items.slice(0, 3).map((item) => item.id),
    )
    expect(fates(await hold(inventory, [holdItem([{ sku, quantity: 2 }])]))).toEqual(['HELD'])
    const { results } = await inventory.reservation.expire({ ids: items.map((item) => item.id) }, inventory.service())
    expect(fates(results)).toEqual(['EXPIRED', 'EXPIRED', 'EXPIRED', 'HELD'])
    // Two were wanted and taken back; the third due one was left for the sweeper, who came now.
    expect(results.filter((result) => result.replayed)).toHaveLength(2)
  })
})

describe('two replicas on one database', () => {
  let pair: TestInventory
  beforeAll(async () => {
    pair = await startInventory(2)
  })
  afterAll(async () => pair.stop())

  test('never sell a unit twice, and a racing repeat meets one hold', async () => {
    const sku = await makeProduct(pair, 30)
    const repeated = holdItem([{ sku, quantity: 1 }])
    const calls = Array.from({ length: 60 }, (_, index) =>
      hold(pair, [index % 3 === 0 ? repeated : holdItem([{ sku, quantity: 1 }])]),
    )
    const results = (await Promise.all(calls)).flat()
    const held = new Set(results.filter((result) => result.hold?.state === 'HELD').map((result) => result.hold?.id))
    expect(held.size).toBe(30)
    expect(await available(pair, sku)).toEqual({ onHand: 30, reserved: 30, available: 0 })
    await expectBalanced(pair)
  })

  test('holds, commits, releases and tombstones over crossing SKUs meet without a deadlock', async () => {
    const skus = await Promise.all(Array.from({ length: 6 }, async () => makeProduct(pair, 100_000)))
    const before = await deadlocks(pair)
    const rounds = 40 * availableParallelism()
    const ids: string[] = []
    const pick = (): string => skus[Math.floor(Math.random() * skus.length)] ?? ''
    const one = async (): Promise<void> => {
      const items = Array.from({ length: 5 }, () => {
        const own = new Set([pick(), pick(), pick()])
        return holdItem([...own].map((sku) => ({ sku, quantity: 1 })))
      })
      ids.push(...items.map((item) => item.id), randomUUID())
      await hold(pair, items)
      const some = (): string[] => Array.from({ length: 4 }, () => ids[Math.floor(Math.random() * ids.length)] ?? randomUUID())
      await Promise.all([
        pair.reservation.commit({ ids: some(), linesVersions: [] }, pair.service()),
        pair.reservation.release({ items: some().map((id) => ({ id, endProtection: false })) }, pair.service()),
        pair.reservation.expire({ ids: some() }, pair.service()),
        pair.order.protect({ items: some().map((id) => ({ id, graceMs: 10 })) }, pair.service()),
      ])
    }
    await Promise.all(Array.from({ length: rounds }, one))
    expect(await deadlocks(pair)).toBe(before)
    await expectBalanced(pair)
  })
})

async function deadlocks(of: TestInventory): Promise<number> {
  const { rows } = await of.database.pool.query<{ deadlocks: bigint }>(
    'select deadlocks from pg_stat_database where datname = current_database()',
  )
  return Number(rows[0]?.deadlocks ?? 0n)
}
