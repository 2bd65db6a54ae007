/** What is left of each level while a batch is planned, as if those before had what they get. */
import type { BackorderRule, LevelView, World } from './world'

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

/** Units of one SKU that a warehouse is sought for, or that name one: a line, or a part of it where that is of a bundle. */
export interface Demand {
  line: number
  sku: string
  /** '' for any. */
  warehouse: string
  quantity: number
  bundle: PlannedLine['bundle']
}

/** What is wanted of levels with due holds, which would come first (truth 11), in units. */
export type DueFirst = { sku: string; warehouse: string; units: number }[]

/** What is left of each level while a batch is planned. */
export class Stock {
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

  /** Whether a demand might fit there without a promise, if what is due were taken back. */
  mayBeThere({ sku, quantity }: Demand, warehouse: string): boolean {
    return this.free(sku, warehouse) >= quantity || this.due(sku, warehouse)
  }

  /** What has to be taken back of a level's due holds so that a demand fits there; nothing, where there are none. */
  owed({ sku, quantity }: Demand, warehouse: string): DueFirst {
    const level = this.left.get(sku)?.get(warehouse)
    if (level?.due !== true) return []
    const free = this.within(sku, level.free)
    return free < quantity ? [{ sku, warehouse, units: quantity - free }] : []
  }

  /** The same where there are units, but not so many that what waits is left: in any warehouse, as what waits is. */
  owedToWaitlist({ sku, quantity }: Demand): DueFirst {
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
