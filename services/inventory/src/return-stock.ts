import type { ReturnStockRequest, ReturnStockResponse } from '@holdfast/contracts/inventory'
import { type CallContext, checkUuid, type Database, faultPoint, HoldfastError, notFound, operationId } from '@holdfast/service'

import { findArchivedHolds } from './sql/archive'
import { dropClaims } from './sql/claims'
import { insertMovements } from './sql/ledger'
import { moveOnHand } from './sql/levels'
import { checkText } from './validate'

/**
 * Puts the units of a sold hold back, once per reference. Locks the hold, then its stock rows by (sku, warehouse), then
 * writes the ledger, whose unique index makes the second return a replay. Nothing of it counts against its shopper's limits any more.
 */
export async function returnStock(
  database: Database,
  request: ReturnStockRequest,
  ctx: CallContext,
): Promise<ReturnStockResponse> {
  const holdId = checkUuid('holdId', request.holdId)
  const reference = checkUuid('reference', request.reference)
  const reason = checkText('reason', request.reason, 1, 500)
  const returned = await database.transaction(async (client) => {
    const { rows: holds } = await client.query<{ state: string; owner: string }>(
      'select state, owner from holds where id = $1 for no key update',
      [holdId],
    )
    // In the archive nothing changes, so there is nothing to lock; what moves there is moved before our look or waits for us.
    const hold = holds[0] ?? (await findArchivedHolds(client, [holdId])).get(holdId)
    if (hold === undefined) throw notFound('hold', holdId)
    if (hold.state !== 'COMMITTED') {
      throw new HoldfastError('ILLEGAL_TRANSITION', `Hold ${holdId} is ${hold.state.toLowerCase()}: nothing of it was sold`)
    }
    const archive = holds.length > 0 ? '' : 'archived_'
    const { rows: lines } = await client.query<{ sku: string; warehouse: string; delta: number }>(
      `select sku, warehouse, sum(quantity)::integer as delta
       from ${archive}hold_lines
       where created_at = (select created_at from ${archive}holds where id = $1) and hold_id = $1
       group by sku, warehouse order by sku, warehouse`,
      [holdId],
    )
    await client.query(
      `select from stock_levels s where (s.sku, s.warehouse) in (select * from unnest($1::text[], $2::text[]))
       order by s.sku, s.warehouse for no key update`,
      [lines.map((line) => line.sku), lines.map((line) => line.warehouse)],
    )
    const movements = lines.map((line) => ({
      ...line,
      id: operationId(reference, 'return', `${line.sku}/${line.warehouse}`),
      kind: 'RETURN' as const,
      quantity: line.delta,
      from: 'SOLD' as const,
      to: 'SELLABLE' as const,
      shopper: hold.owner,
      reason,
      reference,
    }))
    const written = await insertMovements(client, movements, ctx.actor)
    if (written.length === 0) return { replayed: true }
    await moveOnHand(client, lines, ctx.requestId)
    await dropClaims(client, holdId, reference)
    return { replayed: false }
  })
  await faultPoint('inventory.returned')
  return returned
}
