/** One race suite over the three strategies, over a mix of them, and over one and two replicas. */
import { HoldItem_Strategy as Strategy, type HoldResult } from '@holdfast/contracts/inventory'

import { available, expectBalanced, fates, hold, holdItem, makeDue, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

const mixes = {
  COMBINING: [Strategy.COMBINING],
  PESSIMISTIC: [Strategy.PESSIMISTIC],
  OPTIMISTIC: [Strategy.OPTIMISTIC],
  'a mix of them': [Strategy.COMBINING, Strategy.PESSIMISTIC, Strategy.OPTIMISTIC],
}
const suites = Object.entries(mixes).flatMap(([name, strategies]) => [1, 2].map((replicas) => ({ name, strategies, replicas })))

describe.each(suites)('$name over $replicas replica(s)', ({ strategies, replicas }) => {
  let inventory: TestInventory
  beforeAll(async () => {
    inventory = await startInventory(replicas)
  })
  afterAll(async () => inventory.stop())
  afterEach(async () => expectBalanced(inventory))

  const strategyOf = (index: number): Strategy => strategies[index % strategies.length] ?? Strategy.COMBINING

  /** One after the other in arrival, all at once in flight; what met a CONFLICT asks again, as its caller would. */
  async function race(count: number, lines: (index: number) => { sku: string; quantity: number }[]): Promise<HoldResult[]> {
    return Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const item = holdItem(lines(index), { strategy: strategyOf(index) })
        for (;;) {
          const [result] = await hold(inventory, [item])
          if (result === undefined) throw new Error('no result')
          if (result.error?.code !== 'CONFLICT') return result
        }
      }),
    )
  }
  const held = (results: HoldResult[]): number => fates(results).filter((fate) => fate === 'HELD').length

  test.each([
    [100, 1],
    [50, 5],
  ])('%i race for %i: exactly so many win, the others are told INSUFFICIENT_STOCK', async (count, stock) => {
    const sku = await makeProduct(inventory, stock)
    const results = await race(count, () => [{ sku, quantity: 1 }])
    expect(held(results)).toBe(stock)
    expect(fates(results).filter((fate) => fate === 'INSUFFICIENT_STOCK')).toHaveLength(count - stock)
    expect(await available(inventory, sku)).toEqual({ onHand: stock, reserved: stock, available: 0 })
  })

  test('many lines are held all or none, whatever SKUs they cross', async () => {
    const skus = await Promise.all([4, 7, 9].map(async (stock) => makeProduct(inventory, stock)))
    const linesOf = (index: number) =>
      skus.filter((_, sku) => sku !== index % 3).map((sku) => ({ sku, quantity: 1 + (index % 2) }))
    const results = await race(40, linesOf)
    const units = new Map<string, number>()
    for (const line of results.flatMap((result) => result.hold?.lines ?? []))
      units.set(line.sku, (units.get(line.sku) ?? 0) + line.quantity)
    for (const sku of skus) expect((await available(inventory, sku)).reserved).toBe(units.get(sku) ?? 0)
    expect(held(results)).toBeGreaterThan(0)
  })

  test('30 duplicates of one id hold once', async () => {
    const sku = await makeProduct(inventory, 100)
    const id = holdItem([]).id
    const items = Array.from({ length: 30 }, (_, index) => holdItem([{ sku, quantity: 2 }], { id, strategy: strategyOf(index) }))
    const results = (await Promise.all(items.map(async (item) => hold(inventory, [item])))).flat()
    const answered = results.filter((result) => result.error?.code !== 'CONFLICT')
    expect(new Set(fates(answered))).toEqual(new Set(['HELD']))
    expect(answered.filter((result) => !result.replayed)).toHaveLength(1)
    expect(await available(inventory, sku)).toMatchObject({ reserved: 2 })
  })

  test('a hold past its time never costs a sale', async () => {
    const sku = await makeProduct(inventory, 3)
    const due = Array.from({ length: 3 }, () => holdItem([{ sku, quantity: 1 }]))
    await hold(inventory, due)
    await makeDue(
      inventory,
      due.map((item) => item.id),
    )
    expect(held(await race(3, () => [{ sku, quantity: 1 }]))).toBe(3)
    expect(await available(inventory, sku)).toEqual({ onHand: 3, reserved: 3, available: 0 })
  })
})
