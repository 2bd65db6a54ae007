import { counter, gauge, type Reading } from '@holdfast/service'
import type { Pool } from 'pg'

import { findScarcest, readAvailability } from './sql/levels'

const available = gauge('inventory_available', 'Units that can be reserved, of the SKUs with the fewest', ['sku'])

/** @param mostSkus of how many SKUs, those with the fewest units first: each is a time series */
export async function readScarcest(pool: Pool, mostSkus: number): Promise<Reading[]> {
  const units = new Map<string, number>()
  const views = (await findScarcest(pool, mostSkus)).map((sku) => ({ sku, channel: '' }))
  for (const level of await readAvailability(pool, views)) {
    units.set(level.sku, (units.get(level.sku) ?? 0) + Math.max(level.free, 0))
  }
  return [...units].map(([sku, value]) => ({ gauge: available, labels: { sku }, value }))
}

const results = ['consistent', 'different'] as const
const checks = counter('books_checks_total', 'Checks of the books, by what they found', ['result'])
for (const result of results) checks.inc({ result }, 0)

export function countCheck(consistent: boolean): void {
  checks.inc({ result: results[consistent ? 0 : 1] })
}
