/** The day's baskets for a shop of several warehouses: what is sold as a set, and where the stock is. No I/O here. */
import type { Basket, ShopDay } from './baskets'
import type { Line } from './reserve'

/** Two products that are sold together. */
export interface Pair {
  /** Of the bundle; says what it is made of, so that it is the same one at each run. */
  sku: string
  parts: readonly [string, string]
}

export interface Purchase {
  /** As it is asked for: bundles, and what is no part of one. */
  lines: Line[]
  /** The units behind it. */
  units: ReadonlyMap<string, number>
}

export interface Stocked {
  sku: string
  /** By warehouse, in their order: what is there when the day begins. */
  opening: readonly number[]
  /** What comes later, to one of them. */
  late: { warehouse: number; units: number }
}

export const setPrefix = 'SET-'

/** The pairs that are in most baskets together, the first by SKU where they are in as many. */
export function commonPairs(baskets: readonly Basket[], count: number): Pair[] {
  const together = new Map<string, { parts: readonly [string, string]; baskets: number }>()
  for (const { lines } of baskets) {
    const skus = [...new Set(lines.map(({ sku }) => sku))].sort()
    skus.forEach((first, index) => {
      for (const second of skus.slice(index + 1)) {
        const key = `${first} ${second}`
        const pair = together.get(key) ?? { parts: [first, second], baskets: 0 }
        pair.baskets++
        together.set(key, pair)
      }
    })
  }
  return [...together]
    .sort(([a, one], [b, other]) => other.baskets - one.baskets || (a < b ? -1 : 1))
    .slice(0, count)
    .map(([, { parts }]) => ({ sku: `${setPrefix}${parts.join('-')}`, parts }))
}

/** Who has both of a pair in the basket buys the set, as often as it goes; the first pairs first. */
export function toPurchase({ lines }: Basket, pairs: readonly Pair[]): Purchase {
  const units = new Map<string, number>()
  for (const { sku, quantity } of lines) units.set(sku, (units.get(sku) ?? 0) + quantity)
  const left = new Map(units)
  const sets = pairs.flatMap(({ sku, parts }): Line[] => {
    const quantity = Math.min(...parts.map((part) => left.get(part) ?? 0))
    if (quantity === 0) return []
    for (const part of parts) left.set(part, (left.get(part) ?? 0) - quantity)
    return [{ sku, quantity }]
  })
  const single = [...left].filter(([, quantity]) => quantity > 0).map(([sku, quantity]) => ({ sku, quantity }))
  return { lines: [...sets, ...single], units }
}

/** A fifth of each product comes late; the rest is spread evenly, and what is left over goes to another warehouse each time. */
export function spread(products: ShopDay['products'], warehouses: number): Stocked[] {
  return products.map(({ sku, units }, index) => {
    const late = Math.floor(units / 5)
    const there = units - late
    const opening = Array.from({ length: warehouses }, (_, warehouse) => {
      const turn = (warehouse + index) % warehouses
      return Math.floor(there / warehouses) + (turn < there % warehouses ? 1 : 0)
    })
    return { sku, opening, late: { warehouse: index % warehouses, units: late } }
  })
}

/** The day as it is until so many baskets are sold, with the products and the units of these. */
export function firstBaskets(day: ShopDay, count: number): ShopDay {
  const baskets = day.baskets.slice(0, count)
  const lines = baskets.flatMap((basket) => basket.lines)
  const units = new Map<string, number>()
  for (const { sku, quantity } of lines) units.set(sku, (units.get(sku) ?? 0) + quantity)
  const products = day.products
    .filter(({ sku }) => units.has(sku))
    .map((product) => ({ ...product, units: units.get(product.sku) ?? 0 }))
  return { baskets, products, lines: lines.length, units: lines.reduce((sum, { quantity }) => sum + quantity, 0) }
}
