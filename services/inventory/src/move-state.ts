import { type MoveStockRequest, type MoveStockResponse, StockMoved } from '@holdfast/contracts/inventory'
import { appendEvents, createEvent } from '@holdfast/events'
import { type CallContext, fingerprint, idempotencyKey, invalidField, operationId } from '@holdfast/service'
import { randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'

import { dueFirst, type Freeing } from './due-first'
import { findMovement, type NewMovement, toMovement } from './sql/ledger'
import { toLevel } from './sql/levels'
import { lockPlaces, moveUnits } from './sql/move-units'
import { isRepeat } from './sql/operations'
import { checkReasonCode, checkState, checkTakeable, type StockState } from './stock-state'
import { checkSku, checkText, checkUnits, warehouseOrDefault } from './validate'

type StateMove = NewMovement & { from: StockState; print: string | undefined }

/**
 * Moves units of one level between sellable, damaged and held back for quality. `on_hand` stays; what is reserved stays sellable.
 * @throws INSUFFICIENT_STOCK when there are fewer units in that state that nobody holds
 */
export async function moveStock(inventory: Freeing, request: MoveStockRequest, ctx: CallContext): Promise<MoveStockResponse> {
  const move = checkMove(request, ctx)
  const { sku, warehouse, quantity: units } = move
  return dueFirst(inventory, move.from === 'SELLABLE' ? [{ sku, warehouse, units }] : [], ctx, async () =>
    inventory.database.transaction(async (client) => moveOnce(client, move, ctx)),
  )
}

function checkMove(request: MoveStockRequest, ctx: CallContext): StateMove {
  const key = idempotencyKey(ctx, request.clientToken)
  const move = {
    sku: checkSku('sku', request.sku),
    warehouse: warehouseOrDefault('warehouse', request.warehouse),
    kind: 'STATE' as const,
    quantity: checkUnits('quantity', request.quantity, 1),
    from: checkState('from', request.from),
    to: checkState('to', request.to),
    reason: checkText('reason', request.reason, 1, 500),
    reasonCode: checkReasonCode('reasonCode', request.reasonCode),
    reference: checkText('reference', request.reference, 0, 200),
  }
  if (move.from === move.to) throw invalidField('to', 'must be another state than from')
  return {
    ...move,
    id: key === undefined ? randomUUID() : operationId(ctx.actor.id, 'move-stock', key),
    print: key === undefined ? undefined : fingerprint(Object.values(move)),
  }
}

/** Locks: the stock row, then the operation's id. */
async function moveOnce(client: PoolClient, { print, ...move }: StateMove, ctx: CallContext): Promise<MoveStockResponse> {
  const before = (await lockPlaces(client, [move])).at(move)
  if (print !== undefined && (await isRepeat(client, move.id, print))) {
    const known = await findMovement(client, move.id)
    return { movement: known && toMovement(known), level: toLevel(before), requestId: ctx.requestId, replayed: true }
  }
  checkTakeable(before, move.from, move.quantity, 'quantity')
  const { written, levels } = await moveUnits(client, [move], ctx)
  const [row] = written
  if (row === undefined) throw new Error(`movement ${move.id} was there before its operation`)
  const [movement, level] = [toMovement(row), toLevel(levels.at(move))]
  const data = StockMoved.toJSON({ before: toLevel(before), after: level, movement })
  const { sku } = move
  await appendEvents(client, [
    createEvent({ type: 'holdfast.stock.moved.v1', data, key: sku, subject: sku, version: row.place, ctx }),
  ])
  return { movement, level, requestId: ctx.requestId, replayed: false }
}
