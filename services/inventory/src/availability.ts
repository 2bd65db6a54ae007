import type { Availability, GetAvailabilityRequest } from '@holdfast/contracts/inventory'
import { Combiner, type Database, databaseError, HoldfastError, invalidField } from '@holdfast/service'

import { readAvailability, type SeenLevelRow, toLevel, type View } from './sql/levels'
import { checkSku, checkWarehouse } from './validate'

const mostSkus = 500
const nothing = { onHand: 0, reserved: 0, available: 0, withheld: 0, incoming: 0, promised: 0, backorderable: 0 }
const figures = ['onHand', 'reserved', 'available', 'withheld', 'incoming', 'promised', 'backorderable'] as const

export type SeenOne = Availability | 'NO_CHANNEL'

/** What can be reserved now, by {@link viewKey}; what is missing has no product. */
export type Seen = ReadonlyMap<string, SeenOne>

/** `SKU` where all warehouses are seen, else `CHANNEL/SKU`: neither has a slash in it. */
export const viewKey = ({ sku, channel }: View): string => (channel === '' ? sku : `${channel}/${sku}`)

/** Reads that arrive while one is under way share the next query: always fresh, still cheap. */
export function createAvailabilityCombiner(database: Database): Combiner<View[], Seen> {
  return new Combiner({
    name: 'availability',
    run: async (asked) => {
      const seen = await readSeen(database, [...new Map(asked.flat().map((view) => [viewKey(view), view])).values()])
      return asked.map(() => ({ value: seen }))
    },
    maxItems: 500,
    maxQueue: 20_000,
    concurrency: 2,
    weight: { of: (views) => views.length, max: 5_000 },
  })
}

/**
 * What can be reserved of each SKU now: once, however often it is asked for, in the order in which they are named first.
 * @throws NOT_FOUND that names the unknown one
 */
export async function getAvailability(
  combiner: Combiner<View[], Seen>,
  request: GetAvailabilityRequest,
  deadline: number,
): Promise<Availability[]> {
  const views = checkViews(request, mostSkus)
  const seen = await combiner.submit(views, deadline)
  return seenOf(views, seen, request.skus)
}

/** Each SKU once. @param most SKUs that may be asked for */
export function checkViews({ skus, channel }: { skus: string[]; channel: string }, most: number): View[] {
  if (skus.length < 1 || skus.length > most) throw invalidField('skus', `must be 1 to ${most} SKUs`)
  const code = channel === '' ? '' : checkWarehouse('channel', channel)
  const distinct = new Set(skus.map((sku, index) => checkSku(`skus[${index}]`, sku)))
  return [...distinct].map((sku) => ({ sku, channel: code }))
}

/** @throws NOT_FOUND that names what is unknown, a SKU by its place in the list that was asked for */
export function seenOf(views: readonly View[], seen: Seen, asked = views.map(({ sku }) => sku)): Availability[] {
  return views.map((view) => {
    const one = seen.get(viewKey(view))
    if (one === 'NO_CHANNEL') throw noChannel(view.channel)
    if (one !== undefined) return one
    throw unknown('product', view.sku, `skus[${asked.findIndex((sku) => sku.toUpperCase() === view.sku)}]`)
  })
}

export function noChannel(code: string): HoldfastError {
  return unknown('channel', code, 'channel')
}

function unknown(what: string, code: string, field: string): HoldfastError {
  const fields = [{ field, message: `there is no such ${what}` }]
  return new HoldfastError('NOT_FOUND', `There is no ${what} ${code}`, { fields })
}

/** @param views each once */
export async function readSeen(database: Database, views: readonly View[]): Promise<Seen> {
  try {
    const rows = await readAvailability(database.pool, views)
    const seen = new Map<string, Availability | 'NO_CHANNEL'>()
    for (const row of rows) {
      const key = viewKey(row)
      if (row.known === 'NO_CHANNEL') seen.set(key, 'NO_CHANNEL')
      if (row.known !== 'YES' || row.part !== null) continue
      const known = seen.get(key)
      const total = typeof known === 'object' ? known : { sku: row.sku, ...nothing, warehouses: [] }
      seen.set(key, total)
      if (row.warehouse === '') continue
      const shown = toLevel({ ...row, free: Math.min(row.free, spareOf(row)) })
      const { onHand, reserved, available, withheld, incoming, promised } = shown
      const { backorderable } = row
      const level = { onHand, reserved, available, withheld, incoming, promised, backorderable }
      for (const figure of figures) total[figure] += level[figure]
      total.available = Math.min(total.available, spareOf(row))
      total.withheld = total.onHand - total.reserved - total.available
      total.warehouses.push({ warehouse: row.warehouse, ...level })
    }
    const ofParts = rows.filter(({ known, part }) => known === 'YES' && part !== null)
    for (const [key, parts] of Map.groupBy(ofParts, viewKey)) seen.set(key, availabilityOfBundle(parts))
    for (const one of seen.values()) if (one !== 'NO_CHANNEL') withinInt32(one)
    return seen
  } catch (error) {
    throw databaseError(error)
  }
}

/**
 * What a request without a split can get of it: in each warehouse that knows all of its parts, as many as the scarcest makes up.
 * @param rows of all its parts' levels
 */
function availabilityOfBundle(rows: SeenLevelRow[]): Availability {
  const parts = new Set(rows.map(({ part }) => part)).size
  const total: Availability = { sku: rows[0]?.sku ?? '', ...nothing, warehouses: [] }
  for (const [warehouse, levels] of Map.groupBy(rows, (row) => row.warehouse)) {
    if (warehouse === '' || levels.length < parts) continue
    const units = Math.min(
      ...levels.map((level) => Math.floor(Math.max(Math.min(level.free, spareOf(level)), 0) / (level.part_quantity ?? 1))),
    )
    total.warehouses.push({ warehouse, ...nothing, onHand: units, available: units })
    total.onHand += units
    total.available += units
  }
  const most = Math.min(...rows.map((row) => Math.floor(spareOf(row) / (row.part_quantity ?? 1))))
  total.onHand = Math.min(total.onHand, most)
  total.available = Math.min(total.available, most)
  return total
}

/** What the waitlist leaves to others over all warehouses, in units. */
function spareOf({ spare }: SeenLevelRow): number {
  return spare === null ? Infinity : Math.max(Number(spare), 0)
}

/** Each level is bounded, the sum over warehouses is not: what the message can't say reads as the most that it can. */
function withinInt32(total: Availability): void {
  for (const key of figures) total[key] = Math.min(total[key], 2_147_483_647)
}
