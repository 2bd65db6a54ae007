/** From which warehouse a line comes: one that has everything, or several, and never more than there is; under every strategy. */
import { type HoldItem, HoldItem_Split as Split, HoldItem_Strategy as Strategy } from '@holdfast/contracts/inventory'
import { randomUUID } from 'node:crypto'

import { adjustment, available, expectBalanced, fates, hold, holdItem, holdOne, makeDue, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

let pair: TestInventory
beforeAll(async () => {
  pair = await startInventory(2)
  for (const code of ['NORTH', 'SOUTH']) {
    await pair.reservation.createWarehouse({ code, name: code, clientToken: '' }, pair.admin())
  }
})
afterAll(async () => pair.stop())
afterEach(async () => expectBalanced(pair))

/** A product with so many units in each warehouse. */
async function stocked(units: Record<string, number>): Promise<string> {
  const { MAIN = 0, ...others } = units
  const sku = await makeProduct(pair, MAIN)
  for (const [warehouse, delta] of Object.entries(others)) {
    await pair.reservation.adjustStock(adjustment({ sku, warehouse, delta }), pair.admin())
  }
  return sku
}

/** Of each line, how many units come from where. */
async function placesOf(item: HoldItem): Promise<string[]> {
  const { hold: held, error } = await holdOne(pair, item)
  if (error !== undefined) return [error.code]
  return (held?.lines ?? []).map(({ sku, warehouse, quantity }) => `${quantity} ${sku} ${warehouse}`)
}

const everywhere = (more: Partial<HoldItem> = {}): Partial<HoldItem> => ({ allowSplit: true, ...more })

test('a line that names no warehouse comes from the first that has it', async () => {
  const sku = await stocked({ MAIN: 1, NORTH: 5, SOUTH: 9 })
  expect(await placesOf(holdItem([{ sku, quantity: 1 }]))).toEqual([`1 ${sku} MAIN`])
  expect(await placesOf(holdItem([{ sku, quantity: 1 }]))).toEqual([`1 ${sku} NORTH`])
  expect(await placesOf(holdItem([{ sku, quantity: 6 }]))).toEqual([`6 ${sku} SOUTH`])
})

test('lines that name none all come from one, which has all of them', async () => {
  const first = await stocked({ MAIN: 9, NORTH: 1, SOUTH: 9 })
  const second = await stocked({ NORTH: 9, SOUTH: 2 })
  const lines = [first, second].map((sku) => ({ sku, quantity: 2 }))
  expect(await placesOf(holdItem(lines))).toEqual([`2 ${first} SOUTH`, `2 ${second} SOUTH`])
  expect(await placesOf(holdItem(lines))).toEqual(['INSUFFICIENT_STOCK'])
})

test('what no one warehouse has is refused, unless it may be split: then all of it or nothing', async () => {
  const sku = await stocked({ MAIN: 2, NORTH: 3, SOUTH: 4 })
  const refused = await holdOne(pair, holdItem([{ sku, quantity: 5 }]))
  expect(refused.error).toMatchObject({ code: 'INSUFFICIENT_STOCK', message: `Not enough stock of ${sku} in any one warehouse` })
  expect(await placesOf(holdItem([{ sku, quantity: 10 }], everywhere()))).toEqual(['INSUFFICIENT_STOCK'])
  expect((await available(pair, sku)).reserved).toBe(0)
  expect(await placesOf(holdItem([{ sku, quantity: 9 }], everywhere()))).toEqual([
    `2 ${sku} MAIN`,
    `3 ${sku} NORTH`,
    `4 ${sku} SOUTH`,
  ])
})

test.each([
  [Split.FEWEST_PARCELS, ['1 MAIN', '4 SOUTH']],
  [Split.SPLIT_UNSPECIFIED, ['1 MAIN', '4 SOUTH']],
  [Split.PRIORITY, ['2 MAIN', '3 NORTH']],
  [Split.MOST_STOCK, ['1 NORTH', '4 SOUTH']],
])('split by %s', async (splitBy, expected) => {
  const sku = await stocked({ MAIN: 2, NORTH: 3, SOUTH: 4 })
  const places = await placesOf(holdItem([{ sku, quantity: 5 }], everywhere({ splitBy })))
  expect(places.map((place) => place.replace(` ${sku}`, ''))).toEqual(expected)
})

test('a line that names its warehouse comes from it, whatever the others do', async () => {
  const sku = await stocked({ MAIN: 2, NORTH: 3 })
  const item = holdItem([], everywhere())
  item.lines = [
    { sku, warehouse: 'MAIN', quantity: 2 },
    { sku, warehouse: '', quantity: 3 },
  ]
  expect(await placesOf(item)).toEqual([`2 ${sku} MAIN`, `3 ${sku} NORTH`])
})

test('a SKU with and without its warehouse is one line, where both come from there', async () => {
  const sku = await stocked({ MAIN: 5, NORTH: 5 })
  const item = holdItem([])
  item.lines = ['', 'MAIN'].map((warehouse, index) => ({ sku, warehouse, quantity: 1 + index }))
  expect(await placesOf(item)).toEqual([`3 ${sku} MAIN`])
})

test.each([Strategy.COMBINING, Strategy.PESSIMISTIC, Strategy.OPTIMISTIC])(
  'many who race over two replicas get exactly what there is in all warehouses (%s)',
  async (strategy) => {
    const sku = await stocked({ MAIN: 7, NORTH: 5, SOUTH: 3 })
    const results = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        for (;;) {
          const quantity = 1 + (index % 2)
          const result = await holdOne(
            pair,
            holdItem([{ sku, quantity }], everywhere({ strategy, splitBy: index % 3 === 0 ? Split.PRIORITY : Split.MOST_STOCK })),
          )
          if (result.error?.code !== 'CONFLICT') return result
        }
      }),
    )
    const units = results.flatMap(({ hold: held }) => held?.lines ?? []).reduce((sum, line) => sum + line.quantity, 0)
    expect(units).toBe(15)
    expect(new Set(fates(results))).toEqual(new Set(['HELD', 'INSUFFICIENT_STOCK']))
    expect(await available(pair, sku)).toEqual({ onHand: 15, reserved: 15, available: 0 })
  },
)

test('in one batch the order of arrival decides, over all warehouses', async () => {
  const sku = await stocked({ MAIN: 2, NORTH: 2 })
  const items = [2, 1, 2, 1].map((quantity) => holdItem([{ sku, quantity }]))
  expect(fates(await hold(pair, items))).toEqual(['HELD', 'HELD', 'INSUFFICIENT_STOCK', 'HELD'])
})

test('the same hold again is a replay where nothing is left, and refuses nobody beside it', async () => {
  const sku = await stocked({ MAIN: 1, NORTH: 1 })
  const item = holdItem([{ sku, quantity: 1 }])
  await hold(pair, [item])
  const results = await hold(pair, [item, holdItem([{ sku, quantity: 1 }]), item])
  expect(fates(results)).toEqual(['HELD', 'HELD', 'HELD'])
  expect(results.map((result) => result.replayed)).toEqual([true, false, true])
  expect(fates(await hold(pair, [item, holdItem([{ sku, quantity: 1 }])]))).toEqual(['HELD', 'INSUFFICIENT_STOCK'])
})

test('a hold past its time costs no sale in whichever warehouse it is', async () => {
  const sku = await stocked({ MAIN: 1, SOUTH: 2 })
  const first = await holdOne(pair, holdItem([{ sku, quantity: 3 }], everywhere()))
  expect(await placesOf(holdItem([{ sku, quantity: 2 }]))).toEqual(['INSUFFICIENT_STOCK'])
  await makeDue(pair, [first.hold?.id ?? ''])
  expect(await placesOf(holdItem([{ sku, quantity: 2 }]))).toEqual([`2 ${sku} SOUTH`])
})

test('a line at fault is named as the caller knows it', async () => {
  const [known, missing] = [await stocked({ MAIN: 9, NORTH: 9 }), `NONE-${randomUUID().slice(0, 8).toUpperCase()}`]
  const unknown = await holdOne(pair, holdItem([known, missing].map((sku) => ({ sku, quantity: 1 }))))
  expect(unknown.error).toMatchObject({ code: 'NOT_FOUND', fields: [{ field: 'lines[1].sku' }] })
  const short = await holdOne(
    pair,
    holdItem([
      { sku: known, quantity: 1 },
      { sku: await stocked({}), quantity: 1 },
    ]),
  )
  expect(short.error).toMatchObject({ code: 'INSUFFICIENT_STOCK', fields: [{ field: 'lines[1].sku' }] })
  const channel = await holdOne(pair, holdItem([{ sku: known, quantity: 1 }], { channel: 'NOWHERE' }))
  expect(channel.error).toMatchObject({ code: 'NOT_FOUND', fields: [{ field: 'channel' }] })
})

test('a warehouse that another replica has made a moment ago is found before anybody is refused', async () => {
  const fresh = await startInventory(2)
  try {
    const sku = await makeProduct(fresh, 0)
    expect(fates([await holdOne(fresh, holdItem([{ sku, quantity: 1 }]))])).toEqual(['INSUFFICIENT_STOCK'])
    await fresh.reservation.createWarehouse({ code: 'EAST', name: 'East', clientToken: '' }, fresh.admin())
    await fresh.reservation.adjustStock(adjustment({ sku, warehouse: 'EAST', delta: 4 }), fresh.admin())
    const results = await Promise.all(Array.from({ length: 4 }, async () => holdOne(fresh, holdItem([{ sku, quantity: 1 }]))))
    expect(fates(results)).toEqual(['HELD', 'HELD', 'HELD', 'HELD'])
    await expectBalanced(fresh)
  } finally {
    await fresh.stop()
  }
})

test('nothing is taken back for a request that would be refused all the same', async () => {
  const [lapsed, gone] = [await stocked({ MAIN: 2, NORTH: 1 }), await stocked({})]
  const due = await holdOne(pair, holdItem([{ sku: lapsed, quantity: 2 }]))
  await makeDue(pair, [due.hold?.id ?? ''])
  const both = [lapsed, gone].map((sku) => ({ sku, quantity: 1 }))
  for (const allowSplit of [false, true]) {
    expect(fates([await holdOne(pair, holdItem(both, { allowSplit }))])).toEqual(['INSUFFICIENT_STOCK'])
  }
  const { rows } = await pair.database.pool.query<{ state: string }>('select state from holds where id = $1', [due.hold?.id])
  expect(rows).toEqual([{ state: 'HELD' }])
  expect(await placesOf(holdItem([{ sku: lapsed, quantity: 3 }], everywhere()))).toEqual([
    `2 ${lapsed} MAIN`,
    `1 ${lapsed} NORTH`,
  ])
})

test('how it would be split changes nothing where it may not be', async () => {
  const sku = await stocked({ MAIN: 2, NORTH: 9 })
  expect(await placesOf(holdItem([{ sku, quantity: 1 }], { splitBy: Split.MOST_STOCK }))).toEqual([`1 ${sku} MAIN`])
})
