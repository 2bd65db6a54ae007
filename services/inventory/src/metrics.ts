import { counter, gauge, type Reading } from '@holdfast/service'
import type { Pool } from 'pg'

import { findScarcest, readAvailability } from './sql/levels'

const available = gauge('inventory_available', 'Units that can be reserved, of the SKUs with the fewest', ['sku'])

/**
 * Below zero only where more is set aside than there is, in any warehouse (truth 1); safety stock and promises make it 0.
 * @param mostSkus of how many SKUs, those with the fewest units first: each is a time series
 */
export async function readScarcest(pool: Pool, mostSkus: number): Promise<Reading[]> {
  const units = new Map<string, { free: number; missing: number }>()
  const views = (await findScarcest(pool, mostSkus)).map((sku) => ({ sku, channel: '' }))
  for (const level of await readAvailability(pool, views)) {
    const { free, missing } = units.get(level.sku) ?? { free: 0, missing: 0 }
    const left = level.on_hand - level.reserved - level.damaged - level.quality
    units.set(level.sku, { free: free + Math.max(level.free, 0), missing: missing + Math.min(left, 0) })
  }
  return [...units].map(([sku, { free, missing }]) => ({
    gauge: available,
    labels: { sku },
    value: missing < 0 ? missing : free,
  }))
}

const results = ['consistent', 'different'] as const
const checks = counter('books_checks_total', 'Checks of the books, by what they found', ['result'])
for (const result of results) checks.inc({ result }, 0)

export function countCheck(consistent: boolean): void {
  checks.inc({ result: results[consistent ? 0 : 1] })
}
