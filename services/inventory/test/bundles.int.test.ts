/** One SKU made of others: held, sold and given back as its parts, and shown as one line. */
import { type HoldItem, HoldItem_Strategy as Strategy, type HoldLine } from '@holdfast/contracts/inventory'
import { waitFor } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'

import {
  adjustment,
  available,
  expectBalanced,
  fates,
  hold,
  holdItem,
  holdOne,
  makeBundle,
  makeDue,
  makeProduct,
} from './builders'
import { startInventory, type TestInventory } from './inventory-server'

let pair: TestInventory
beforeAll(async () => {
  pair = await startInventory(2)
  await pair.reservation.createWarehouse({ code: 'NORTH', name: 'North', clientToken: '' }, pair.admin())
})
afterAll(async () => pair.stop())
afterEach(async () => expectBalanced(pair))

const stock = async (sku: string, delta: number, warehouse = 'NORTH'): Promise<unknown> =>
  pair.reservation.adjustStock(adjustment({ sku, warehouse, delta }), pair.admin())

async function linesOf(item: HoldItem): Promise<HoldLine[]> {
  const { hold: held, error } = await holdOne(pair, item)
  if (error !== undefined) throw new Error(error.code)
  return held?.lines ?? []
}

/** As many as can be had are held, and the parts beside it. */
async function figures(...skus: string[]): Promise<number[]> {
  return Promise.all(skus.map(async (sku) => (await available(pair, sku)).available))
}

test('a bundle is one line at its own price, made of its parts, also when it is asked for again', async () => {
  const [bread, butter] = [await makeProduct(pair, 10), await makeProduct(pair, 10)]
  const set = await makeBundle(pair, [
    { sku: bread, quantity: 2 },
    { sku: butter, quantity: 1 },
  ])
  const item = holdItem([{ sku: set, quantity: 3 }])
  const line = {
    sku: set,
    warehouse: 'MAIN',
    quantity: 3,
    unitPrice: { currency: 'USD', amountMinor: 1_500n },
    parts: expect.arrayContaining([
      { sku: bread, warehouse: 'MAIN', quantity: 6, backordered: 0 },
      { sku: butter, warehouse: 'MAIN', quantity: 3, backordered: 0 },
    ]) as unknown,
    backordered: 0,
  }
  expect(await linesOf(item)).toEqual([line])
  expect(await linesOf(item)).toEqual([line])
  expect(await figures(bread, butter, set)).toEqual([4, 7, 2])
  await pair.reservation.release({ items: [{ id: item.id, endProtection: false }] }, pair.service())
  await pair.database.pool.query(`update holds set ended_at = ended_at - interval '2 hours' where id = $1`, [item.id])
  await pair.database.pool.query(`select archive_holds(1, '-infinity', '00000000-0000-0000-0000-000000000000', 100)`)
  expect(await linesOf(item)).toEqual([line])
})

test('a bundle and its part in one request want the units together, all or none', async () => {
  const [bread, butter] = [await makeProduct(pair, 5), await makeProduct(pair, 5)]
  const set = await makeBundle(pair, [
    { sku: bread, quantity: 2 },
    { sku: butter, quantity: 1 },
  ])
  const other = await makeBundle(pair, [{ sku: bread, quantity: 1 }])
  const together = (loose: number) =>
    holdItem([
      { sku: set, quantity: 1 },
      { sku: other, quantity: 1 },
      { sku: bread, quantity: loose },
    ])
  const refused = await holdOne(pair, together(3))
  expect(refused.error).toMatchObject({ code: 'INSUFFICIENT_STOCK' })
  expect(await figures(bread, butter)).toEqual([5, 5])
  expect((await linesOf(together(2))).map(({ sku, quantity }) => [sku, quantity])).toEqual([
    [set, 1],
    [other, 1],
    [bread, 2],
  ])
  expect(await figures(bread, butter, set, other)).toEqual([0, 4, 0, 0])
  const short = await holdOne(pair, holdItem([{ sku: set, quantity: 1 }]))
  expect(short.error).toMatchObject({
    message: expect.stringContaining(set) as string,
    fields: [{ field: 'lines[0].sku', message: 'not enough stock' }],
  })
})

test('its parts come from one warehouse, from several only if that is allowed', async () => {
  const [bread, butter] = [await makeProduct(pair, 4), await makeProduct(pair, 0)]
  await stock(bread, 1)
  await stock(butter, 9)
  const set = await makeBundle(pair, [
    { sku: bread, quantity: 1 },
    { sku: butter, quantity: 1 },
  ])
  expect(await pair.reservation.getAvailability({ skus: [set], channel: '' }, pair.service())).toMatchObject({
    availability: [
      {
        onHand: 1,
        reserved: 0,
        available: 1,
        warehouses: [
          { warehouse: 'MAIN', available: 0 },
          { warehouse: 'NORTH', available: 1 },
        ],
      },
    ],
  })
  expect(fates([await holdOne(pair, holdItem([{ sku: set, quantity: 2 }]))])).toEqual(['INSUFFICIENT_STOCK'])
  const [line] = await linesOf(holdItem([{ sku: set, quantity: 2 }], { allowSplit: true }))
  expect(line).toMatchObject({ sku: set, warehouse: '', quantity: 2 })
  expect(line?.parts.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(4)
  const named = holdItem([], { lines: [{ sku: set, warehouse: 'MAIN', quantity: 1 }] })
  expect(fates([await holdOne(pair, named)])).toEqual(['INSUFFICIENT_STOCK'])
})

test.each([Strategy.COMBINING, Strategy.PESSIMISTIC, Strategy.OPTIMISTIC])(
  'two bundles race for the part that both need, over two replicas: exactly what there is of it is held (%s)',
  async (strategy) => {
    const [shared, plenty] = [await makeProduct(pair, 17), await makeProduct(pair, 1_000)]
    const single = await makeBundle(pair, [
      { sku: shared, quantity: 1 },
      { sku: plenty, quantity: 3 },
    ])
    const double = await makeBundle(pair, [
      { sku: plenty, quantity: 1 },
      { sku: shared, quantity: 2 },
    ])
    const results = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        for (;;) {
          const result = await holdOne(pair, holdItem([{ sku: index % 2 === 0 ? single : double, quantity: 1 }], { strategy }))
          if (result.error?.code !== 'CONFLICT') return result
        }
      }),
    )
    const parts = results.flatMap(({ hold: held }) => held?.lines ?? []).flatMap((line) => line.parts)
    const units = parts.filter(({ sku }) => sku === shared).reduce((sum, { quantity }) => sum + quantity, 0)
    expect(units).toBe(17)
    expect(new Set(fates(results))).toEqual(new Set(['HELD', 'INSUFFICIENT_STOCK']))
    expect(await available(pair, shared)).toEqual({ onHand: 17, reserved: 17, available: 0 })
    expect(await figures(single, double)).toEqual([0, 0])
  },
)

test('it is sold, returned, released and expired as its parts, and what is due counts as free', async () => {
  const [bread, butter] = [await makeProduct(pair, 4), await makeProduct(pair, 4)]
  const set = await makeBundle(pair, [
    { sku: bread, quantity: 1 },
    { sku: butter, quantity: 2 },
  ])
  const [sold, lapsed] = [holdItem([{ sku: set, quantity: 1 }]), holdItem([{ sku: set, quantity: 1 }])]
  expect(fates(await hold(pair, [sold, lapsed]))).toEqual(['HELD', 'HELD'])
  await pair.reservation.commit({ ids: [sold.id], linesVersions: [] }, pair.service())
  expect(await available(pair, butter)).toEqual({ onHand: 2, reserved: 2, available: 0 })
  await makeDue(pair, [lapsed.id])
  expect(await figures(set)).toEqual([1])
  expect(fates([await holdOne(pair, holdItem([{ sku: set, quantity: 1 }]))])).toEqual(['HELD'])
  expect(await figures(set)).toEqual([0])
  const reference = randomUUID()
  await pair.order.returnStock({ holdId: sold.id, reference, reason: 'cancelled' }, pair.service())
  expect(await figures(bread, butter, set)).toEqual([3, 2, 1])
})

test('who watches a bundle sees what becomes of its parts', async () => {
  const [bread, butter] = [await makeProduct(pair, 9), await makeProduct(pair, 3)]
  const set = await makeBundle(pair, [
    { sku: bread, quantity: 2 },
    { sku: butter, quantity: 1 },
  ])
  const seen: number[] = []
  const stream = pair.reservation.watchAvailability(
    { skus: [set], channel: '', resumeToken: '' },
    { ...pair.service(), deadline: Infinity },
  )
  for await (const { availability } of stream) {
    seen.push(...availability.map((one) => one.available))
    if (seen.length === 1) await holdOne(pair, holdItem([{ sku: bread, quantity: 4 }]))
    if (seen.length === 2) await stock(butter, 2, 'MAIN')
    if (seen.length === 2) await stock(bread, 10, 'MAIN')
    if (seen.at(-1) === 5) break
  }
  expect(seen.slice(0, 2)).toEqual([3, 2])
})

test('a bundle has no stock of its own, and is made of what there is, once each, and of no bundle', async () => {
  const bread = await makeProduct(pair, 5)
  const set = await makeBundle(pair, [{ sku: bread, quantity: 1 }])
  await expect(stock(set, 5)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', fields: [{ field: 'sku' }] })
  const refusals = [
    [[{ sku: set, quantity: 1 }], 'parts[0].sku'],
    [[bread, bread].map((sku) => ({ sku, quantity: 1 })), 'parts[1].sku'],
    [[{ sku: bread, quantity: 0 }], 'parts[0].quantity'],
    [[{ sku: `NONE-${randomUUID().slice(0, 8)}`, quantity: 1 }], 'parts[0].sku'],
  ] as const
  for (const [parts, field] of refusals) {
    await expect(makeBundle(pair, [...parts])).rejects.toMatchObject({ fields: [{ field }] })
  }
  const stocked = {
    sku: 'SET-STOCKED',
    name: 'Set',
    description: '',
    price: { currency: 'USD', amountMinor: 1n },
    clientToken: '',
  }
  await expect(
    pair.reservation.createProduct({ ...stocked, stock: 1, parts: [{ sku: bread, quantity: 1 }] }, pair.admin()),
  ).rejects.toMatchObject({ fields: [{ field: 'stock' }] })
  const change = { name: undefined, description: undefined, price: undefined, parts: [{ sku: set, quantity: 1 }] }
  await expect(pair.reservation.updateProduct({ sku: bread, ...change }, pair.admin())).rejects.toMatchObject({
    fields: [{ field: 'parts' }],
  })
})

test('its parts may change while it is sold: each hold has those of one version, and what was held stays as it is', async () => {
  const [first, second] = [await makeProduct(pair, 100), await makeProduct(pair, 100)]
  const set = await makeBundle(pair, [{ sku: first, quantity: 1 }])
  const change = async (sku: string, price: bigint) =>
    pair.reservation.updateProduct(
      {
        sku: set,
        name: undefined,
        description: undefined,
        price: { currency: 'USD', amountMinor: price },
        parts: [{ sku, quantity: 1 }],
      },
      pair.admin(),
    )
  const holding = Array.from({ length: 30 }, async () => linesOf(holdItem([{ sku: set, quantity: 1 }])))
  const [lines] = await Promise.all([Promise.all(holding), change(second, 2_000n)])
  for (const [line] of lines) {
    expect(line?.parts.map(({ sku }) => sku)).toEqual([line?.unitPrice?.amountMinor === 1_500n ? first : second])
  }
  const [line] = await linesOf(holdItem([{ sku: set, quantity: 1 }]))
  expect(line).toMatchObject({ unitPrice: { amountMinor: 2_000n }, parts: [{ sku: second, quantity: 1 }] })
  expect((await change(second, 2_000n)).product).toMatchObject({ version: 2, parts: [{ sku: second, quantity: 1 }] })
  const taken = (await available(pair, first)).reserved + (await available(pair, second)).reserved
  expect(taken).toBe(31)
})

test('a change of rules that waited while a part was swapped for another locks the levels of the other', async () => {
  const [part, other] = [await makeProduct(pair, 5), await makeProduct(pair, 5)]
  const bundle = await makeBundle(pair, [{ sku: part, quantity: 1 }])
  const [swap, keep] = [await pair.database.pool.connect(), await pair.database.pool.connect()]
  const pidOf = async (client: typeof swap): Promise<number | undefined> =>
    (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid
  const [swapping, keeping] = [await pidOf(swap), await pidOf(keep)]
  const waits = async (pid: number | undefined): Promise<boolean> => {
    const { rowCount } = await pair.database.pool.query('select from pg_stat_activity where $1 = any (pg_blocking_pids(pid))', [
      pid,
    ])
    return rowCount === 1
  }
  try {
    await swap.query('begin')
    await swap.query('update products set version = version + 1 where sku = $1', [bundle])
    await swap.query('update bundle_parts set sku = $2 where bundle = $1', [bundle, other])
    await keep.query('begin')
    await keep.query('select from stock_levels where sku = $1 for no key update', [other])
    const change = { name: undefined, description: undefined, price: undefined, parts: [] }
    const limited = pair.reservation.updateProduct({ sku: bundle, ...change, mostPerShopper: 3 }, pair.admin())
    await waitFor(async () => waits(swapping), { what: 'the change to wait for the bundle' })
    await swap.query('commit')
    await waitFor(async () => waits(keeping), { what: "the change to wait for the other part's level" })
    await keep.query('commit')
    expect((await limited).product?.mostPerShopper).toBe(3)
  } finally {
    for (const client of [swap, keep]) {
      await client.query('rollback')
      client.release()
    }
  }
})

test('a file that changes the rules of a part waits in no circle with a change of its bundle', async () => {
  const part = await makeProduct(pair, 5)
  const bundle = await makeBundle(pair, [{ sku: part, quantity: 1 }])
  const change = await pair.database.pool.connect()
  const file = {
    contentType: 'text/csv',
    data: Buffer.from(`sku,name,most_per_shopper\n${part},Part,3\n${bundle},Set,`),
    extensions: [],
  }
  try {
    await change.query('begin')
    // Who waits in a circle is told of it here, before the other is.
    await change.query("set local deadlock_timeout = '500ms'")
    await change.query('select from products where sku = $1 for no key update', [bundle])
    const { rows } = await change.query<{ pid: number }>('select pg_backend_pid() as pid')
    const imported = pair.gateway.importProducts({ file, validateOnly: false, assumed: [], clientToken: '' }, pair.admin())
    const inTheWay = async (): Promise<boolean> => {
      const { rowCount } = await pair.database.pool.query('select from pg_stat_activity where $1 = any (pg_blocking_pids(pid))', [
        rows[0]?.pid,
      ])
      return rowCount === 1
    }
    await waitFor(inTheWay, { what: 'the import to wait for the bundle' })
    await change.query('update bundle_parts set quantity = 2, sku = $2 where bundle = $1', [bundle, part])
    await change.query('select from products where sku = $1 for key share', [part])
    await change.query('commit')
    expect(await imported).toMatchObject({ changed: 2 })
  } finally {
    change.release(true)
  }
})
