import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { readShopDay } from './baskets'
import { commonPairs, firstBaskets, spread, toPurchase } from './warehouse-plan'

const basket = (text: string) => ({
  invoice: text,
  lines: text.split(' ').map((line) => ({ sku: line.slice(0, 1), quantity: Number(line.slice(1)) })),
})
const day = readShopDay(readFileSync(join(__dirname, '..', '..', 'data', 'online-retail-2010-12-01.csv'), 'utf8'))

test('the pairs in most baskets are sets, whatever order they were bought in', () => {
  const pairs = commonPairs([basket('A1 B1 C1'), basket('B2 A1'), basket('C1 B1'), basket('B1 A9 A9')], 2)
  expect(pairs).toEqual([
    { sku: 'SET-A-B', parts: ['A', 'B'] },
    { sku: 'SET-B-C', parts: ['B', 'C'] },
  ])
})

test('who has both of a pair buys the set, and the rest alone', () => {
  const pairs = commonPairs([basket('A1 B1'), basket('A1 B1'), basket('B1 C1')], 2)
  const { lines, units } = toPurchase(basket('A3 B5 C1 D2 A1'), pairs)
  expect(lines).toEqual([
    { sku: 'SET-A-B', quantity: 4 },
    { sku: 'SET-B-C', quantity: 1 },
    { sku: 'D', quantity: 2 },
  ])
  expect(units).toEqual(new Map(Object.entries({ A: 4, B: 5, C: 1, D: 2 })))
})

test('the stock of the day is all there, a fifth of it late, over the warehouses', () => {
  const stocked = spread(day.products, 3)
  stocked.forEach(({ opening, late }, index) => {
    const units = day.products[index]?.units ?? 0
    expect(opening.reduce((sum, some) => sum + some, late.units)).toBe(units)
    expect(late.units).toBe(Math.floor(units / 5))
    expect(Math.max(...opening) - Math.min(...opening)).toBeLessThanOrEqual(1)
  })
  const totals = [0, 1, 2].map((warehouse) => stocked.reduce((sum, { opening }) => sum + (opening[warehouse] ?? 0), 0))
  expect(Math.max(...totals) - Math.min(...totals)).toBeLessThan(100)
})

test('some of the day has the products and the units of its baskets alone', () => {
  const some = firstBaskets(day, 10)
  expect(some.baskets).toHaveLength(10)
  expect(some.products.reduce((sum, { units }) => sum + units, 0)).toBe(some.units)
  expect(firstBaskets(day, 1_000)).toEqual(day)
})
