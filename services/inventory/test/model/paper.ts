/** What a shop with two warehouses would keep on paper: what is where, who holds how much of it, and who was promised some. No I/O. */
import type { ErrorCode } from '@holdfast/service'

export const warehouses = ['MAIN', 'NORTH'] as const
export type Warehouse = (typeof warehouses)[number]
/** Of units that are there. */
export type Condition = 'SELLABLE' | 'DAMAGED' | 'QUALITY'

export interface Product {
  sku: string
  /** Units that may be promised beyond stock, all of them in MAIN; 0: it has no such rule. */
  cap: number
  /** Units that a shopper may have; 0: no limit. */
  most: number
}

export interface Level {
  onHand: number
  /** Of these: nobody may have them. */
  DAMAGED: number
  QUALITY: number
  /** Kept back by policy. */
  safety: number
  incoming: number
}

export interface Line {
  sku: string
  warehouse: Warehouse
  units: number
  /** Of these: not there yet. */
  promised: number
  /** Whose turn it is when they come. */
  place: number
}

export interface PaperHold {
  id: string
  owner: string
  state: 'HELD' | 'COMMITTED' | 'RELEASED' | 'EXPIRED'
  /** HELD, and past its time: as good as ended. */
  due: boolean
  linesVersion: number
  lines: Line[]
}

export interface PaperShipment {
  id: string
  sku: string
  to: Warehouse
  /** Of a transfer. */
  from: Warehouse | undefined
  open: number
  state: 'OPEN' | 'RECEIVED' | 'CANCELLED'
}

export interface Wanted {
  sku: string
  units: number
}

export class Paper {
  readonly holds: PaperHold[] = []
  readonly shipments: PaperShipment[] = []
  private readonly levels = new Map<string, Level>()
  private places = 0

  constructor(readonly products: readonly Product[]) {}

  level(sku: string, warehouse: Warehouse): Level {
    const key = `${sku}/${warehouse}`
    const known = this.levels.get(key) ?? { onHand: 0, DAMAGED: 0, QUALITY: 0, safety: 0, incoming: 0 }
    this.levels.set(key, known)
    return known
  }

  /** Units that are there, and held for somebody. */
  held(sku: string, warehouse: Warehouse): number {
    return sum(this.linesIn(sku, warehouse, lives).map(there))
  }

  /** Of holds that live, or are sold. */
  promised(sku: string, warehouse: Warehouse): number {
    return sum(this.linesIn(sku, warehouse, counts).map(({ promised }) => promised))
  }

  /** What may be taken by hand: what is kept back or promised, too. */
  takeable(sku: string, warehouse: Warehouse, condition: Condition): number {
    const level = this.level(sku, warehouse)
    if (condition !== 'SELLABLE') return level[condition]
    return level.onHand - level.DAMAGED - level.QUALITY - this.held(sku, warehouse)
  }

  /** What a new hold may have; below zero is none. */
  free(sku: string, warehouse: Warehouse): number {
    return this.takeable(sku, warehouse, 'SELLABLE') - this.level(sku, warehouse).safety - this.promised(sku, warehouse)
  }

  /** Units that may still be promised. */
  room(sku: string, warehouse: Warehouse): number {
    return warehouse === 'MAIN' ? Math.max(this.productOf(sku).cap - this.promised(sku, warehouse), 0) : 0
  }

  /** Units that somebody has, or has bought and kept. */
  has(owner: string, sku: string): number {
    const theirs = this.holds.filter((hold) => hold.owner === owner && counts(hold))
    return sum(theirs.flatMap(({ lines }) => lines.filter((line) => line.sku === sku).map(({ units }) => units)))
  }

  overLimit(owner: string, { sku, units }: Wanted): boolean {
    const { most } = this.productOf(sku)
    return most > 0 && this.has(owner, sku) + units > most
  }

  productOf(sku: string): Product {
    const product = this.products.find((one) => one.sku === sku)
    if (product === undefined) throw new Error(`no product ${sku}`)
    return product
  }

  /** Why nobody may have that; undefined: they may. @param split it may come from several of the places */
  whyNoHold(owner: string, wanted: Wanted[], places: readonly Warehouse[], split: boolean): ErrorCode | undefined {
    if (wanted.some((one) => this.overLimit(owner, one))) return 'LIMIT_EXCEEDED'
    const groups = split ? [places] : places.map((place) => [place])
    const fits = groups.some((group) =>
      wanted.every(({ sku, units }) => units <= this.there(sku, group) + sum(group.map((place) => this.room(sku, place)))),
    )
    return fits ? undefined : 'INSUFFICIENT_STOCK'
  }

  /** Whether a new hold may be made of these lines: from where is the shop's choice. It promises nothing that is there. */
  mayBeMadeOf(lines: Line[], wanted: Wanted[], places: readonly Warehouse[], split: boolean): boolean {
    const used = split ? places : [...new Set(lines.map(({ warehouse }) => warehouse))]
    if (used.length > 1 && !split) return false
    const fromStock = (group: readonly Warehouse[]) => wanted.every(({ sku, units }) => units <= this.there(sku, group))
    if (lines.some(({ promised }) => promised > 0) && places.some((place) => fromStock([place]))) return false
    return (
      lines.every((line) => places.includes(line.warehouse) && there(line) <= this.there(line.sku, [line.warehouse])) &&
      wanted.every(({ sku, units }) => {
        const own = lines.filter((line) => line.sku === sku)
        const promised = Math.max(units - this.there(sku, used), 0)
        return sum(own.map((line) => line.units)) === units && sum(own.map((line) => line.promised)) === promised
      })
    )
  }

  /** @param lines in their order, which is that of their promises */
  hold(id: string, owner: string, lines: Line[]): void {
    for (const line of lines) line.place = ++this.places
    this.holds.push({ id, owner, state: 'HELD', due: false, linesVersion: 1, lines })
  }

  commit(hold: PaperHold): void {
    hold.state = 'COMMITTED'
    for (const line of hold.lines) this.level(line.sku, line.warehouse).onHand -= there(line)
  }

  /** Of a sold hold what was there comes back, and the rest will not come. */
  giveBack(hold: PaperHold): void {
    for (const line of hold.lines) this.level(line.sku, line.warehouse).onHand += there(line)
    hold.lines = []
  }

  /** Each way in which a hold can get so many units more of a SKU: in one of the warehouses that it has units of. */
  waysToRaise(hold: PaperHold, sku: string, more: number): Line[][] {
    const places = new Set(hold.lines.map(({ warehouse }) => warehouse))
    return [...places]
      .filter((warehouse) => this.free(sku, warehouse) >= more)
      .map((warehouse) => {
        const known = hold.lines.find((line) => line.sku === sku && line.warehouse === warehouse)
        if (known === undefined) return [...hold.lines, { sku, warehouse, units: more, promised: 0, place: 0 }]
        return hold.lines.map((line) => (line === known ? { ...line, units: line.units + more } : line))
      })
  }

  /** What is there goes to those whom it was promised, in their order; what is due was taken back before. @returns units */
  fill(sku: string, warehouse: Warehouse): number {
    let left = this.takeable(sku, warehouse, 'SELLABLE') - this.level(sku, warehouse).safety
    let filled = 0
    const waiting = this.holds
      .filter(counts)
      .flatMap((hold) =>
        hold.lines.filter((line) => line.sku === sku && line.warehouse === warehouse).map((line) => ({ hold, line })),
      )
    // What was split off has the place of what it was split from.
    for (const { hold, line } of waiting.toSorted((a, b) => a.line.place - b.line.place || (a.hold.id < b.hold.id ? -1 : 1))) {
      const taken = Math.max(Math.min(line.promised, left), 0)
      line.promised -= taken
      if (hold.state === 'COMMITTED') this.level(sku, warehouse).onHand -= taken
      left -= taken
      filled += taken
    }
    return filled
  }

  private there(sku: string, places: readonly Warehouse[]): number {
    return sum(places.map((place) => Math.max(this.free(sku, place), 0)))
  }

  private linesIn(sku: string, warehouse: Warehouse, of: (hold: PaperHold) => boolean): Line[] {
    return this.holds.filter(of).flatMap(({ lines }) => lines.filter((line) => line.sku === sku && line.warehouse === warehouse))
  }
}

export function lives({ state, due }: PaperHold): boolean {
  return state === 'HELD' && !due
}

/** It has units, or is owed some. */
function counts(hold: PaperHold): boolean {
  return lives(hold) || hold.state === 'COMMITTED'
}

export function there({ units, promised }: Line): number {
  return units - promised
}

/** The last line is the first to give back, and of a line what is not there yet. */
export function lowered(lines: Line[], sku: string, units: number): Line[] {
  let left = units
  return lines
    .toReversed()
    .map((line) => {
      const taken = line.sku === sku ? Math.min(left, line.units) : 0
      left -= taken
      return { ...line, units: line.units - taken, promised: Math.max(line.promised - taken, 0) }
    })
    .toReversed()
    .filter((line) => line.units > 0)
}

/** The first lines move first, and of a line what is there. */
export function splitOff(lines: Line[], sku: string, units: number): { part: Line[]; rest: Line[] } {
  let left = units
  const part: Line[] = []
  const rest = lines.map((line) => {
    const taken = line.sku === sku ? Math.min(left, line.units) : 0
    const promised = Math.max(taken - there(line), 0)
    left -= taken
    if (taken > 0) part.push({ ...line, units: taken, promised })
    return { ...line, units: line.units - taken, promised: line.promised - promised }
  })
  return { part, rest: rest.filter((line) => line.units > 0) }
}

export function unitsOf(lines: Line[], sku: string): number {
  return sum(lines.filter((line) => line.sku === sku).map(({ units }) => units))
}

export function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
