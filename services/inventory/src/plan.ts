/**
 * What a hold is to be made of, before it is decided: of which parts, from which warehouse they come, and whether its owner may have them. No I/O here. A plan is made of a read that locks
 * nothing; `hold_batch` has the last word (docs/decisions/034).
 */
import type { HoldItem } from '@holdfast/contracts/inventory'
import { type ErrorCode, HoldfastError } from '@holdfast/service'

import { type Claim, Claims, claimsOf } from './claims'
import { type Demand, type DueFirst, type PlannedLine, Stock } from './plan-stock'
import type { World } from './world'

export type Planned = Made | Refused

export interface Made {
  lines: PlannedLine[]
  claims: Claim[]
  /** Where units would be promised that may be there. */
  due: DueFirst
}

export interface Refused {
  refusal: HoldfastError
  due: DueFirst
  /** Due holds of the owner that would come first, where a limit is in the way. */
  dueHolds: readonly string[]
}

/** Each item as if those before it had what they get: the order of arrival, as `hold_batch` keeps it. */
export function planHolds(items: readonly HoldItem[], world: World): Planned[] {
  const stock = new Stock(world)
  const claims = new Claims(world.claims)
  return items.map((item) => planOne(item, world, stock, claims))
}

function planOne(item: HoldItem, world: World, stock: Stock, claims: Claims): Planned {
  stock.forWaitlist = item.fromWaitlist ?? false
  const route = world.routes.get(item.channel)
  if (route === undefined)
    return refuse('NOT_FOUND', `There is no channel ${item.channel}`, 'channel', 'there is no such channel')
  for (const [line, { sku, warehouse }] of item.lines.entries()) {
    if (!world.products.has(sku))
      return refuse('NOT_FOUND', `There is no product ${sku}`, `lines[${line}].sku`, 'there is no such product')
    if (item.channel !== '' && warehouse !== '' && !route.includes(warehouse)) {
      const why = `is not of the channel ${item.channel}`
      return refuse('INVALID_ARGUMENT', `${warehouse} ${why}`, `lines[${line}].warehouse`, why)
    }
  }
  const wanted = claimsOf(item, world.products, world.limits)
  const over = claims.refusalOf(item.owner, wanted)
  if (over !== undefined) return { ...over, due: [] }
  const demands = demandsOf(item, world)
  const lines =
    fromStock(demands, route, item, stock) ?? (stock.mayPromise(demands) ? beyondStock(demands, route, item, stock) : undefined)
  if (lines === undefined) return short(demands, route, item, stock)
  claims.take(item.owner, wanted)
  return { lines: merged(lines), claims: wanted, due: dueBefore(lines, demands, route, item, stock) }
}

function fromStock(demands: Demand[], route: readonly string[], item: HoldItem, stock: Stock): PlannedLine[] | undefined {
  return fromOneWarehouse(demands, route, item, stock) ?? (item.allowSplit ? split(demands, route, item, stock) : undefined)
}

/** What is free where it may come from, and a promise of the rest. */
function beyondStock(demands: Demand[], route: readonly string[], item: HoldItem, stock: Stock): PlannedLine[] | undefined {
  stock.promising = true
  const lines = item.allowSplit ? split(demands, route, item, stock) : fromOneWarehouse(demands, route, item, stock)
  stock.promising = false
  return lines
}

/** A promise is no good answer while units are past their time that would be there for it, or for all of it in another warehouse. */
function dueBefore(
  lines: PlannedLine[],
  demands: Demand[],
  route: readonly string[],
  { allowSplit }: HoldItem,
  stock: Stock,
): DueFirst {
  const promises = lines.filter(({ promised }) => promised > 0)
  const there = promises.flatMap(({ line, sku, promised }) => {
    const named = demands.find((demand) => demand.line === line && demand.sku === sku)?.warehouse ?? ''
    const places = named === '' ? route : [named]
    return places
      .filter((place) => stock.due(sku, place))
      .map((warehouse) => ({ sku, warehouse, units: Math.max(promised, stock.lacking(sku, warehouse)) }))
  })
  if (promises.length === 0 || allowSplit) return there
  const others = route.filter((place) => demands.every((demand) => stock.mayBeThere(demand, demand.warehouse || place)))
  return [...there, ...others.flatMap((place) => demands.flatMap((demand) => stock.owed(demand, demand.warehouse || place)))]
}

/** What comes from one level is one line, whether or not its warehouse was named; of a bundle it is that one's. */
function merged(lines: PlannedLine[]): PlannedLine[] {
  const byLevel = new Map<string, PlannedLine>()
  for (const line of lines) {
    const key = `${line.sku}/${line.warehouse}/${line.bundle?.sku ?? ''}`
    const known = byLevel.get(key)
    if (known === undefined) byLevel.set(key, line)
    else {
      const [quantity, promised] = [known.quantity + line.quantity, known.promised + line.promised]
      byLevel.set(key, { ...known, quantity, promised, until: known.until ?? line.until })
    }
  }
  return [...byLevel.values()]
}

/** Parts stand in for bundles. Units of one bundle are told together, however many lines ask for it. */
function demandsOf({ lines }: HoldItem, { products }: World): Demand[] {
  const units = (bundle: string): number => lines.reduce((sum, { sku, quantity }) => sum + (sku === bundle ? quantity : 0), 0)
  return lines.flatMap(({ sku, warehouse, quantity }, line): Demand[] => {
    const parts = products.get(sku)?.parts
    if (parts === undefined) return [{ line, sku, warehouse, quantity, bundle: undefined }]
    const bundle = { sku, units: units(sku) }
    return parts.map((part) => ({ line, sku: part.sku, warehouse, quantity: part.quantity * quantity, bundle }))
  })
}

/** Lines that name no warehouse all come from one, the first by the channel's order (or where most is left) that has everything. */
function fromOneWarehouse(demands: Demand[], route: readonly string[], item: HoldItem, stock: Stock): PlannedLine[] | undefined {
  const named = demands.every(({ warehouse }) => warehouse !== '')
  const skus = demands.map(({ sku }) => sku)
  const candidates = named ? [''] : item.allowSplit && item.splitBy === 'MOST_STOCK' ? stock.byMost(route, skus) : route
  for (const candidate of candidates) {
    const lines = stock.takeAll(demands.map((demand) => ({ ...demand, warehouse: demand.warehouse || candidate })))
    if (lines !== undefined) return lines
  }
  return undefined
}

/** All or none over several warehouses; lines that name one come from it. */
function split(demands: Demand[], route: readonly string[], item: HoldItem, stock: Stock): PlannedLine[] | undefined {
  const taken = stock.takeAll(demands.filter(({ warehouse }) => warehouse !== ''))
  if (taken === undefined) return undefined
  const left = demands.filter(({ warehouse }) => warehouse === '').map((demand) => ({ ...demand }))
  if (item.splitBy === 'PRIORITY' || item.splitBy === 'MOST_STOCK') {
    for (const demand of left) {
      const from = item.splitBy === 'PRIORITY' ? route : stock.byMost(route, [demand.sku])
      for (const warehouse of from) taken.push(...stock.takeSome(demand, warehouse))
    }
  } else {
    // As few as possible is set cover; the warehouse that fills most of what is missing goes first (Chvatal 1979, the greedy heuristic).
    for (;;) {
      const best = mostFilling(left, route, stock)
      if (best === undefined) break
      for (const demand of left) taken.push(...stock.takeSome(demand, best))
    }
  }
  if (stock.promising) for (const demand of left) for (const place of route) taken.push(...stock.promise(demand, place))
  if (left.every(({ quantity }) => quantity === 0)) return taken.sort(byPlace)
  stock.giveBack(taken)
  return undefined
}

function mostFilling(left: Demand[], route: readonly string[], stock: Stock): string | undefined {
  let best: string | undefined
  let most = 0
  for (const warehouse of route) {
    const units = left.reduce((sum, { sku, quantity }) => sum + Math.min(quantity, stock.free(sku, warehouse)), 0)
    if (units > most) [best, most] = [warehouse, units]
  }
  return best
}

/** Names the line that the stock is short of: one that even all warehouses together can't fill, if there is such a line. */
function short(demands: Demand[], route: readonly string[], { allowSplit }: HoldItem, stock: Stock): Planned {
  const placesOf = ({ warehouse }: Demand): readonly string[] => (warehouse === '' ? route : [warehouse])
  const total = (demand: Demand): number => stock.mostOf(demand.sku, placesOf(demand))
  const fault =
    demands.find((demand) => total(demand) < demand.quantity) ?? demands.find(({ warehouse }) => warehouse === '') ?? demands[0]
  if (fault === undefined) throw new Error('a hold without lines')
  const scattered = total(fault) >= fault.quantity && !allowSplit
  const name = fault.bundle?.sku ?? fault.sku
  const where = fault.warehouse === '' ? (scattered ? ' in any one warehouse' : '') : ` in ${fault.warehouse}`
  const refusal = refuse(
    'INSUFFICIENT_STOCK',
    `Not enough stock of ${name}${where}`,
    `lines[${fault.line}].sku`,
    'not enough stock',
  )
  return { ...refusal, due: dueFirst(demands, route, allowSplit, stock) }
}

/**
 * What has to be taken back so that it may fit; nothing, where it would not fit even then: a refusal writes nothing. That there are due
 * holds is known, not of how many units: whoever asks looks again.
 */
function dueFirst(demands: Demand[], route: readonly string[], allowSplit: boolean, stock: Stock): Refused['due'] {
  if (!allowSplit) {
    const places = demands.every(({ warehouse }) => warehouse !== '') ? [''] : route
    const viable = places.filter((place) => demands.every((demand) => stock.mayFit(demand, [demand.warehouse || place])))
    const owed = viable.flatMap((place) => demands.flatMap((demand) => stock.owed(demand, demand.warehouse || place)))
    return viable.length === 0 ? [] : [...owed, ...demands.flatMap((demand) => stock.owedToWaitlist(demand))]
  }
  const placesOf = ({ warehouse }: Demand): readonly string[] => (warehouse === '' ? route : [warehouse])
  const units = (demand: Demand): number => stock.mostOf(demand.sku, placesOf(demand))
  const lacking = demands.filter((demand) => units(demand) < demand.quantity)
  if (!lacking.every((demand) => stock.mayFit(demand, placesOf(demand)))) return []
  return lacking.flatMap((demand) => [
    ...placesOf(demand).flatMap((place) => stock.owed(demand, place)),
    ...stock.owedToWaitlist(demand),
  ])
}

function refuse(code: ErrorCode, text: string, field: string, message: string): Refused {
  return { refusal: new HoldfastError(code, text, { fields: [{ field, message }] }), due: [], dueHolds: [] }
}

/** The order that stock is locked in. */
function byPlace(a: PlannedLine, b: PlannedLine): number {
  return a.sku === b.sku ? (a.warehouse < b.warehouse ? -1 : 1) : a.sku < b.sku ? -1 : 1
}
