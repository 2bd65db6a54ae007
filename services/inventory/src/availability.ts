import type { Availability } from '@holdfast/contracts/inventory'
import { Combiner, type Database, databaseError, HoldfastError, invalidField } from '@holdfast/service'

import { readAvailability } from './sql/levels'
import { checkSku } from './validate'

const mostSkus = 500

/** Reads that arrive while one is under way share the next query: always fresh, still cheap. */
export function createAvailabilityCombiner(database: Database): Combiner<string[], Map<string, Availability>> {
  return new Combiner({
    name: 'availability',
    run: async (asked) => {
      const skus = [...new Set(asked.flat())]
      const found = await readLevels(database, skus)
      return asked.map((own) => ({ value: new Map(own.flatMap((sku) => entryOf(found, sku))) }))
    },
    maxItems: 500,
    maxQueue: 20_000,
    concurrency: 2,
    weight: { of: (skus) => skus.length, max: 5_000 },
  })
}

/**
 * What can be reserved of each SKU now: once, however often it is asked for, in the order in which they are named first.
 * @throws NOT_FOUND that names the unknown one
 */
export async function getAvailability(
  combiner: Combiner<string[], Map<string, Availability>>,
  asked: string[],
  deadline: number,
): Promise<Availability[]> {
  if (asked.length < 1 || asked.length > mostSkus) throw invalidField('skus', `must be 1 to ${mostSkus} SKUs`)
  const skus = asked.map((sku, index) => checkSku(`skus[${index}]`, sku))
  const distinct = [...new Set(skus)]
  const found = await combiner.submit(distinct, deadline)
  return distinct.map((sku) => {
    const availability = found.get(sku)
    if (availability !== undefined) return availability
    const fields = [{ field: `skus[${skus.indexOf(sku)}]`, message: 'there is no such product' }]
    throw new HoldfastError('NOT_FOUND', `There is no product ${sku}`, { fields })
  })
}

/** The SKUs that there are, each with what can be reserved of it now. */
export async function readLevels(database: Database, skus: string[]): Promise<Map<string, Availability>> {
  try {
    const rows = await readAvailability(database.pool, skus)
    const found = new Map<string, Availability>()
    for (const row of rows) {
      const total = found.get(row.sku) ?? { sku: row.sku, onHand: 0, reserved: 0, available: 0, warehouses: [] }
      found.set(row.sku, total)
      if (row.warehouse === '') continue
      const level = { onHand: row.on_hand, reserved: row.reserved, available: row.on_hand - row.reserved }
      total.onHand += level.onHand
      total.reserved += level.reserved
      total.available += level.available
      total.warehouses.push({ warehouse: row.warehouse, ...level })
    }
    return new Map([...found].map(([sku, total]) => [sku, withinInt32(total)]))
  } catch (error) {
    throw databaseError(error)
  }
}

/** Each level is bounded, the sum over warehouses is not: what the message can't say reads as the most that it can. */
function withinInt32(total: Availability): Availability {
  const bound = (units: number): number => Math.min(units, 2_147_483_647)
  return { ...total, onHand: bound(total.onHand), reserved: bound(total.reserved), available: bound(total.available) }
}

function entryOf(found: Map<string, Availability>, sku: string): [string, Availability][] {
  const availability = found.get(sku)
  return availability === undefined ? [] : [[sku, availability]]
}
