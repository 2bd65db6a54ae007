import type { Availability } from '@holdfast/contracts/inventory'
import { Combiner, type Database, databaseError, HoldfastError, invalidField } from '@holdfast/service'

import { readAvailability, toLevel } from './sql/levels'
import { checkSku } from './validate'

const mostSkus = 500
const nothing = { onHand: 0, reserved: 0, available: 0, withheld: 0, incoming: 0 }
const figures = ['onHand', 'reserved', 'available', 'withheld', 'incoming'] as const

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
      const total = found.get(row.sku) ?? { sku: row.sku, ...nothing, warehouses: [] }
      found.set(row.sku, total)
      if (row.warehouse === '') continue
      const { onHand, reserved, available, withheld, incoming } = toLevel(row)
      const level = { onHand, reserved, available, withheld, incoming }
      for (const key of figures) total[key] += level[key]
      total.warehouses.push({ warehouse: row.warehouse, ...level })
    }
    return new Map([...found].map(([sku, total]) => [sku, withinInt32(total)]))
  } catch (error) {
    throw databaseError(error)
  }
}

/** Each level is bounded, the sum over warehouses is not: what the message can't say reads as the most that it can. */
function withinInt32(total: Availability): Availability {
  for (const key of figures) total[key] = Math.min(total[key], 2_147_483_647)
  return total
}

function entryOf(found: Map<string, Availability>, sku: string): [string, Availability][] {
  const availability = found.get(sku)
  return availability === undefined ? [] : [[sku, availability]]
}
