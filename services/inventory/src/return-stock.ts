import type { ReturnStockRequest, ReturnStockResponse } from '@holdfast/contracts/inventory'
import { type CallContext, checkUuid, type Database, faultPoint, HoldfastError, notFound, operationId } from '@holdfast/service'

import { findArchivedHolds } from './sql/archive'
import { dropClaims, noteReturn } from './sql/claims'
import { insertMovements } from './sql/ledger'
import { moveOnHand } from './sql/levels'
import { giveUpPromises } from './sql/promises'
import { checkText } from './validate'

/**
 * Puts the units of a sold hold back, once per reference: those that were there. What is still promised will not come any more. Locks the
 * hold, then its stock rows by (sku, warehouse), then the reference, which makes the second return a replay, also where nothing moves.
 * Nothing of it counts against its shopper's limits any more.
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
      `select sku, warehouse, sum(quantity - promised)::integer as delta
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
    if (!(await noteReturn(client, holdId, reference))) return { replayed: true }
    const there = lines.filter(({ delta }) => delta > 0)
    const movements = there.map((line) => ({
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
    await insertMovements(client, movements, ctx.actor)
    const given = await giveUpPromises(client, holdId)
    const notComing = given.map(({ sku, warehouse, units }) => ({ sku, warehouse, delta: 0, promised: -units }))
    await moveOnHand(client, [...there, ...notComing], ctx.requestId)
    await dropClaims(client, holdId)
    return { replayed: false }
  })
  await faultPoint('inventory.returned')
  return returned
}
