/** A database's products beside the paper about them, and the steps that are done to both. */
import { type HoldLine, UpdateProductRequest } from '@holdfast/contracts/inventory'
import fc from 'fast-check'

import { adjustment, makeProduct } from '../builders'
import type { TestInventory } from '../inventory-server'
import { type Line, lives, Paper, type PaperHold, type PaperShipment, type Product, type Warehouse, warehouses } from './paper'

export interface Shop {
  inventory: TestInventory
  paper: Paper
  /** Of another hold or order: in the order in which they are drawn, or against it. */
  nextId(): string
}

export interface Step {
  run(shop: Shop): Promise<void>
}

export interface WeightedStep {
  weight: number
  arbitrary: fc.Arbitrary<Step>
}

/** A step that a failure prints as its name and what was drawn for it. */
export function step<Drawn>(
  name: string,
  weight: number,
  drawn: fc.Arbitrary<Drawn>,
  run: (shop: Shop, drawn: Drawn) => Promise<void>,
): WeightedStep {
  const make = (value: Drawn): Step & fc.WithToStringMethod => ({
    run: async (shop) => run(shop, value),
    [fc.toStringMethod]: () => `${name} ${JSON.stringify(value)}`,
  })
  return { weight, arbitrary: drawn.map(make) }
}

/** Which product, hold or shipment: as many as there are go round. */
export const which = fc.nat({ max: 119 })
export const warehouse = fc.constantFrom(...warehouses)

export function productAt({ paper }: Shop, index: number): Product {
  return at(paper.products, index) ?? missing('product')
}

/** Mostly one that lives: of the others there are soon more. */
export function holdAt({ paper }: Shop, index: number): PaperHold | undefined {
  const living = paper.holds.filter(lives)
  return isMostly(index) && living.length > 0 ? at(living, index >> 2) : at(paper.holds, index)
}

/** Three of four draws. */
export function isMostly(index: number): boolean {
  return index % 4 > 0
}

export function shipmentAt({ paper }: Shop, index: number): PaperShipment | undefined {
  return at(paper.shipments, index)
}

function at<Item>(items: readonly Item[], index: number): Item | undefined {
  return items[index % Math.max(items.length, 1)]
}

function missing(what: string): never {
  throw new Error(`no ${what}`)
}

/** Does the call, which the paper says is refused with this code, or not (undefined). @returns its answer */
export async function expectCode<Answer>(code: string | undefined, call: Promise<Answer>): Promise<Answer | undefined> {
  if (code === undefined) return call
  await expect(call).rejects.toMatchObject({ code })
  return undefined
}

let drawnIds = 0

/** @param stock of each product in each warehouse @param ascending ids grow, or fall: promises of one place go by them */
export async function openShop(inventory: TestInventory, stock: number[][], ascending: boolean): Promise<Shop> {
  const products: Product[] = []
  for (const rules of [{}, { cap: 4 }, { most: 4 }])
    products.push({ cap: 0, most: 0, ...rules, sku: await makeProduct(inventory, 0) })
  const paper = new Paper(products)
  for (const [index, { sku, cap, most }] of products.entries()) {
    const rules = { ...(cap > 0 && { backorder: { cap } }), ...(most > 0 && { mostPerShopper: most }) }
    await inventory.reservation.updateProduct(UpdateProductRequest.fromPartial({ sku, ...rules }), inventory.admin())
    for (const [place, name] of warehouses.entries()) {
      const delta = stock[index]?.[place] ?? 0
      if (delta > 0) await inventory.reservation.adjustStock(adjustment({ sku, warehouse: name, delta }), inventory.admin())
      paper.level(sku, name).onHand = delta
    }
  }
  const nextId = () => {
    const number = 0x8000_0000 + (ascending ? ++drawnIds : -++drawnIds)
    return `${number.toString(16)}-0000-4000-8000-000000000000`
  }
  return { inventory, paper, nextId }
}

/** The lines of an answer, as they are kept on paper; what is promised of them has its place by the paper. */
export function linesOf(lines: HoldLine[]): Line[] {
  return lines.map(({ sku, warehouse: place, quantity, backordered }) => {
    const known = warehouses.find((one) => one === place) ?? missing(`warehouse ${place}`)
    return { sku, warehouse: known, units: quantity, promised: backordered, place: 0 }
  })
}

export const withoutPlaces = (lines: Line[]): Line[] => lines.map((line) => ({ ...line, place: 0 }))

/** What everybody may read is what the paper says. */
export async function compare({ inventory, paper }: Shop): Promise<void> {
  const skus = paper.products.map(({ sku }) => sku)
  const { availability } = await inventory.reservation.getAvailability({ skus, channel: '' }, inventory.service())
  const places = availability.flatMap(({ sku, warehouses: levels }) => levels.map((level) => ({ sku, ...level })))
  const read = (sku: string, place: Warehouse) => {
    // A warehouse that never had any is not told of.
    const none = { onHand: 0, reserved: 0, available: 0, incoming: 0, promised: 0, backorderable: 0 }
    const level = places.find((one) => one.sku === sku && one.warehouse === place) ?? none
    return [level.onHand, level.reserved, level.available, level.incoming, level.promised, level.backorderable]
  }
  const written = (sku: string, place: Warehouse) => {
    const { onHand, incoming } = paper.level(sku, place)
    const available = Math.max(paper.free(sku, place), 0)
    return [onHand, paper.held(sku, place), available, incoming, paper.promised(sku, place), paper.room(sku, place)]
  }
  const all = (of: typeof read) => skus.flatMap((sku) => warehouses.map((place) => [sku, place, ...of(sku, place)].join(' ')))
  expect(all(read)).toEqual(all(written))
}
