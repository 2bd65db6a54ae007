/**
 * What a hold is to be made of, before it is decided: of which parts, from which warehouse they come, and whether its owner may have them. No I/O here. A plan is made of a read that locks
 * nothing; `hold_batch` has the last word (docs/decisions/034).
 */
import type { HoldItem } from '@holdfast/contracts/inventory'
import { type ErrorCode, HoldfastError } from '@holdfast/service'

import { type Claim, Claims, claimsOf, type ClaimView, type Limits } from './claims'

export interface LevelView {
  warehouse: string
  /** Units that a new hold may have; below zero is none. */
  free: number
  /** Units that are promised here, and not there yet. */
  promised: number
  version: bigint
  /** Some of its units are held past their time: they will be free in a moment (truth 11). */
  due: boolean
}

export interface ProductView {
  /** When it was read: rules that have changed since make a plan void. */
  version: bigint
  /** Of a bundle, which has no levels. */
  parts: readonly { sku: string; quantity: number }[] | undefined
  /** Its own limit, in units; undefined: it has none. */
  mostPerShopper: number | undefined
  /** Units that others than the waitlist leave over all warehouses; undefined: it does not go first. */
  waiting: number | undefined
  backorder: BackorderRule | undefined
  levels: readonly LevelView[]
}

/** Beyond stock, units are promised in this one warehouse, of which `cap` may be promised at once. */
export interface BackorderRule {
  cap: number
  /** When they are expected. */
  until: Date | null
  warehouse: string
}

/** What the plan knows of the world. */
export interface World {
  /** By SKU; there is no such product where it is missing. */
  products: ReadonlyMap<string, ProductView>
  /** By channel: its warehouses, the first choice first. '' is all of them; there is no such channel where it is missing. */
  routes: ReadonlyMap<string, readonly string[]>
  limits: Limits
  /** By claimKey; nothing where it is missing. */
  claims: ReadonlyMap<string, ClaimView>
}

export interface PlannedLine {
  /** Place of the item's line that it is made of, from 0. */
  line: number
  sku: string
  warehouse: string
  /** `promised` among them. */
  quantity: number
  promised: number
  /** When those are expected. */
  until: Date | null
  bundle: { sku: string; units: number } | undefined
  /** Of the level when it was read. */
  version: bigint
}

export type Planned = Made | Refused

/** What is wanted of levels with due holds, which would come first (truth 11), in units. */
type DueFirst = { sku: string; warehouse: string; units: number }[]

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

/** Units of one SKU that a warehouse is sought for, or that name one: a line, or a part of it where that is of a bundle. */
interface Demand {
  line: number
  sku: string
  /** '' for any. */
  warehouse: string
  quantity: number
  bundle: PlannedLine['bundle']
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
  return { lines: merged(lines), claims: wanted, due: dueBefore(lines, demands, route, stock) }
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

/** A promise is no good answer while units are past their time that would be there for it. */
function dueBefore(lines: PlannedLine[], demands: Demand[], route: readonly string[], stock: Stock): DueFirst {
  return lines
    .filter(({ promised }) => promised > 0)
    .flatMap(({ line, sku, promised }) => {
      const named = demands.find((demand) => demand.line === line && demand.sku === sku)?.warehouse ?? ''
      const places = named === '' ? route : [named]
      return places
        .filter((place) => stock.due(sku, place))
        .map((warehouse) => ({ sku, warehouse, units: Math.max(promised, stock.lacking(sku, warehouse)) }))
    })
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

/** What is left of each level while a batch is planned. */
class Stock {
  private readonly left = new Map<string, Map<string, LevelView>>()
  /** Of what the waitlist goes first for: units that others may have over all warehouses; below zero is none. */
  private readonly spare = new Map<string, number>()
  /** Whether the item that is planned now comes from there. */
  forWaitlist = false
  /** SKUs that somebody waits for. */
  private readonly waitedFor = new Set<string>()
  private readonly rules = new Map<string, BackorderRule>()
  /** Whether what is not free may be promised, by the rules. */
  promising = false

  constructor({ products }: World) {
    for (const [sku, { levels, waiting, backorder }] of products) {
      this.left.set(sku, new Map(levels.map((level) => [level.warehouse, { ...level }])))
      if (backorder !== undefined) this.rules.set(sku, backorder)
      if (waiting !== undefined && waiting > 0) this.waitedFor.add(sku)
      if (waiting !== undefined) this.spare.set(sku, levels.reduce((sum, { free }) => sum + Math.max(free, 0), 0) - waiting)
    }
  }

  /** Units, at least 0. */
  free(sku: string, warehouse: string): number {
    return Math.max(this.within(sku, this.left.get(sku)?.get(warehouse)?.free ?? 0), 0)
  }

  /** Of all these warehouses, at least 0. */
  freeIn(sku: string, warehouses: readonly string[]): number {
    return Math.max(
      this.within(
        sku,
        warehouses.reduce((sum, warehouse) => sum + this.free(sku, warehouse), 0),
      ),
      0,
    )
  }

  private within(sku: string, units: number): number {
    return this.forWaitlist ? units : Math.min(units, this.spare.get(sku) ?? units)
  }

  mayPromise(demands: Demand[]): boolean {
    return demands.some(({ sku }) => this.rules.has(sku))
  }

  /** That are free in all these warehouses, or may be promised there. */
  mostOf(sku: string, warehouses: readonly string[]): number {
    return warehouses.reduce((sum, warehouse) => sum + this.room(sku, warehouse), this.freeIn(sku, warehouses))
  }

  /** Units that may still be promised there, at least 0. Where the waitlist goes first, and somebody waits, it is promised before others. */
  room(sku: string, warehouse: string): number {
    if (this.waitedFor.has(sku) && !this.forWaitlist) return 0
    const rule = this.rules.get(sku)
    const level = this.left.get(sku)?.get(warehouse)
    return level === undefined || rule?.warehouse !== warehouse ? 0 : Math.max(rule.cap - level.promised, 0)
  }

  /** Whether a demand might fit in these warehouses if what is due were taken back: there, and, where what waits is left, anywhere. */
  mayFit({ sku, quantity }: Demand, warehouses: readonly string[]): boolean {
    const levels = warehouses.map((warehouse) => this.left.get(sku)?.get(warehouse))
    const free = levels.reduce((sum, level) => sum + Math.max(level?.free ?? 0, 0), 0)
    const lacks = quantity - warehouses.reduce((sum, warehouse) => sum + this.room(sku, warehouse), 0)
    const there = free >= lacks || levels.some((level) => level?.due === true)
    return there && (this.within(sku, lacks) >= lacks || this.dueAnywhere(sku).length > 0)
  }

  /** What has to be taken back of a level's due holds so that a demand fits there; nothing, where there are none. */
  owed({ sku, quantity }: Demand, warehouse: string): Refused['due'] {
    const level = this.left.get(sku)?.get(warehouse)
    if (level?.due !== true) return []
    const free = this.within(sku, level.free)
    return free < quantity ? [{ sku, warehouse, units: quantity - free }] : []
  }

  /** The same where there are units, but not so many that what waits is left: in any warehouse, as what waits is. */
  owedToWaitlist({ sku, quantity }: Demand): Refused['due'] {
    const units = quantity - this.within(sku, quantity)
    return units > 0 ? this.dueAnywhere(sku).map((warehouse) => ({ sku, warehouse, units })) : []
  }

  private dueAnywhere(sku: string): string[] {
    return [...(this.left.get(sku)?.values() ?? [])].filter(({ due }) => due).map(({ warehouse }) => warehouse)
  }

  /** Units that are promised there beyond what is free, at least 0. */
  lacking(sku: string, warehouse: string): number {
    return Math.max(-(this.left.get(sku)?.get(warehouse)?.free ?? 0), 0)
  }

  due(sku: string, warehouse: string): boolean {
    return this.left.get(sku)?.get(warehouse)?.due ?? false
  }

  /** The warehouses with the most units of these SKUs first; equal ones stay in their order. */
  byMost(route: readonly string[], skus: string[]): string[] {
    const units = (warehouse: string): number => skus.reduce((sum, sku) => sum + this.free(sku, warehouse), 0)
    return route.toSorted((a, b) => units(b) - units(a))
  }

  /** @returns undefined, and takes nothing, where not all of them fit */
  takeAll(demands: Demand[]): PlannedLine[] | undefined {
    const taken: PlannedLine[] = []
    for (const demand of demands) {
      const left = { ...demand }
      taken.push(...this.takeSome(left, demand.warehouse))
      if (this.promising) taken.push(...this.promise(left, demand.warehouse))
      if (left.quantity > 0) {
        this.giveBack(taken)
        return undefined
      }
    }
    return taken
  }

  /** As many as there are, up to what the demand still wants, which falls by them. */
  takeSome(demand: Demand, warehouse: string): PlannedLine[] {
    const level = this.left.get(demand.sku)?.get(warehouse)
    const quantity = Math.min(demand.quantity, this.free(demand.sku, warehouse))
    if (level === undefined || quantity === 0) return []
    level.free -= quantity
    this.spend(demand.sku, quantity)
    demand.quantity -= quantity
    const { line, sku, bundle } = demand
    return [{ line, sku, warehouse, quantity, promised: 0, until: null, bundle, version: level.version }]
  }

  /** As many as may be promised, up to what the demand still wants, which falls by them. Nothing is free there while they are not filled. */
  promise(demand: Demand, warehouse: string): PlannedLine[] {
    const level = this.left.get(demand.sku)?.get(warehouse)
    const quantity = Math.min(demand.quantity, this.room(demand.sku, warehouse))
    if (level === undefined || quantity === 0) return []
    level.free -= quantity
    level.promised += quantity
    demand.quantity -= quantity
    const { line, sku, bundle } = demand
    const until = this.rules.get(sku)?.until ?? null
    return [{ line, sku, warehouse, quantity, promised: quantity, until, bundle, version: level.version }]
  }

  giveBack(lines: PlannedLine[]): void {
    for (const { sku, warehouse, quantity, promised } of lines) {
      const level = this.left.get(sku)?.get(warehouse)
      if (level === undefined) continue
      level.free += quantity
      this.spend(sku, promised - quantity)
      level.promised -= promised
    }
  }

  /** What the waitlist takes is what waits: it leaves others as much as they had. */
  private spend(sku: string, units: number): void {
    const spare = this.spare.get(sku)
    if (spare !== undefined && !this.forWaitlist) this.spare.set(sku, spare - units)
  }
}
