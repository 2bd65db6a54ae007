import {
  type AdjustStockRequest,
  type AdjustStockResponse,
  StockAdjusted,
  type StockMovement,
} from '@holdfast/contracts/inventory'
import { appendEvents, createEvent } from '@holdfast/events'
import { type CallContext, type Database, HoldfastError, idempotencyKey, notFound, operationId } from '@holdfast/service'
import { randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'

import { endHolds, findDueHolds } from './sql/holds'
import { findMovement, insertMovements, toMovement } from './sql/ledger'
import { type LevelRow, lockLevel, moveOnHand, toLevel } from './sql/levels'
import { findProduct } from './sql/products'
import { checkSku, checkText, checkUnits, mostUnits, warehouseOrDefault } from './validate'

interface Adjustment {
  id: string
  sku: string
  warehouse: string
  delta: number
  reason: string
}

/**
 * Adds units to one level or takes them away, never below what is reserved; the reason and the actor are kept in the ledger.
 * @throws INSUFFICIENT_STOCK when more would be taken than is free
 */
export async function adjustStock(
  database: Database,
  request: AdjustStockRequest,
  ctx: CallContext,
): Promise<AdjustStockResponse> {
  const key = idempotencyKey(ctx, request.clientToken)
  const adjustment: Adjustment = {
    id: key === undefined ? randomUUID() : operationId(ctx.actor.id, 'adjust', key),
    sku: checkSku('sku', request.sku),
    warehouse: warehouseOrDefault('warehouse', request.warehouse),
    delta: checkUnits('delta', request.delta, -mostUnits),
    reason: checkText('reason', request.reason, 1, 500),
  }
  checkUnits('delta', Math.abs(request.delta), 1)
  const attempt = async () => database.transaction(async (client) => adjustOnce(client, adjustment, ctx))
  try {
    return await attempt()
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'INSUFFICIENT_STOCK') throw error
    // Units of due holds are free (truth 11): take them back, then decide again. Also where there are none any more: those that
    // were in the way have been ended by others since, and who asks after their time is owed their units.
    const demand = [{ sku: adjustment.sku, warehouse: adjustment.warehouse, units: -adjustment.delta }]
    const due = await findDueHolds(database.pool, demand, 5_000)
    const ends = due.map((id) => ({ id, endProtection: false }))
    if (ends.length > 0) await endHolds(database.pool, 'EXPIRE', ends, ctx.requestId)
    return attempt()
  }
}

async function adjustOnce(client: PoolClient, adjustment: Adjustment, ctx: CallContext): Promise<AdjustStockResponse> {
  const { id, sku, warehouse, delta, reason } = adjustment
  await checkPlace(client, sku, warehouse)
  const before = await lockLevel(client, sku, warehouse)
  const replay = await findMovement(client, id)
  if (replay !== undefined) {
    const same = replay.sku === sku && replay.warehouse === warehouse && replay.delta === delta && replay.reason === reason
    if (!same) throw new HoldfastError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used for another request')
    return answer(toMovement(replay), before, ctx, true)
  }
  const movable = before.on_hand - before.reserved - before.damaged - before.quality
  if (movable + delta < 0) {
    throw new HoldfastError('INSUFFICIENT_STOCK', `Only ${movable} of ${sku} in ${warehouse} can be taken away`, {
      fields: [{ field: 'delta', message: 'would leave less than is reserved' }],
    })
  }
  checkUnits('delta', before.on_hand + delta, 0)
  const [row] = await insertMovements(
    client,
    [
      {
        id,
        sku,
        warehouse,
        reason,
        kind: 'ADJUSTMENT',
        quantity: Math.abs(delta),
        reference: '',
        ...(delta > 0 ? { from: 'VARIANCE', to: 'SELLABLE' } : { from: 'SELLABLE', to: 'VARIANCE' }),
      },
    ],
    ctx.actor,
  )
  const [after] = await moveOnHand(client, [adjustment], ctx.requestId)
  // The same key for another level races this one only on the ledger's unique id.
  if (row === undefined || after === undefined)
    throw new HoldfastError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used for another request')
  const movement = toMovement(row)
  await appendEvents(client, [
    createEvent({
      type: 'holdfast.stock.adjusted.v1',
      data: StockAdjusted.toJSON({ before: toLevel(before), after: toLevel(after), movement }),
      key: sku,
      subject: sku,
      version: row.place,
      ctx,
    }),
  ])
  return answer(movement, after, ctx, false)
}

async function checkPlace(client: PoolClient, sku: string, warehouse: string): Promise<void> {
  if ((await findProduct(client, sku)) === undefined) throw notFound('product', sku)
  const { rowCount } = await client.query('select from warehouses where code = $1', [warehouse])
  if (rowCount === 0) throw notFound('warehouse', warehouse)
}

function answer(movement: StockMovement, level: LevelRow, ctx: CallContext, replayed: boolean): AdjustStockResponse {
  return { movement, level: toLevel(level), requestId: ctx.requestId, replayed }
}
