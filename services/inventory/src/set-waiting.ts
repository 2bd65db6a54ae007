import type { SetWaitingRequest, SetWaitingResponse, WaitingUnits } from '@holdfast/contracts/inventory'
import { type Database, databaseError, invalidField } from '@holdfast/service'

import { updateWaiting } from './sql/waiting'
import { checkBatch, checkSku } from './validate'

const mostSkus = 1_000

/** What the waitlist keeps from walk-ins (docs/decisions/035). @throws INVALID_ARGUMENT */
export async function setWaiting({ pool }: Pick<Database, 'pool'>, { waiting }: SetWaitingRequest): Promise<SetWaitingResponse> {
  checkBatch('waiting', waiting.length, mostSkus)
  const rows = waiting.map(({ sku, units, version }, index): WaitingUnits => {
    const path = `waiting[${index}]`
    if (units < 0n) throw invalidField(`${path}.units`, 'must be 0 or more')
    if (version < 1n) throw invalidField(`${path}.version`, 'must be 1 or more')
    return { sku: checkSku(`${path}.sku`, sku), units, version }
  })
  if (new Set(rows.map(({ sku }) => sku)).size < rows.length) throw invalidField('waiting', 'names a SKU twice')
  try {
    await updateWaiting(pool, rows)
  } catch (error) {
    throw databaseError(error)
  }
  return {}
}
