import {
  type AdjustStockRequest,
  type AdjustStockResponse,
  StockAdjusted,
  StockConfirmed,
  type StockMovement,
  type StockMovement_ReasonCode,
} from '@holdfast/contracts/inventory'
import { appendEvents, createEvent } from '@holdfast/events'
import { type CallContext, fingerprint, HoldfastError, idempotencyKey, invalidField, operationId } from '@holdfast/service'
import { randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'

import { dueFirst, type Freeing } from './due-first'
import { findMovement, toMovement } from './sql/ledger'
import { type LevelRow, toLevel } from './sql/levels'
import { lockPlaces, moveUnits, nextPlace } from './sql/move-units'
import { isRepeat } from './sql/operations'
import { checkReasonCode, checkState, checkTakeable, type StockState } from './stock-state'
import { checkSku, checkText, checkUnits, mostUnits, warehouseOrDefault } from './validate'

interface Adjustment {
  id: string
  /** Of the whole request. Undefined: it has no key, so there can't be a repeat. */
  print: string | undefined
  sku: string
  warehouse: string
  state: StockState
  delta: number
  /** The level has to have so many on hand; undefined: as many as it likes. */
  expected: number | undefined
  reason: string
  reasonCode: string
  /** The same, as the request has it. */
  code: StockMovement_ReasonCode
  reference: string
}

/**
 * Adds units to one level or takes them away, never below what is reserved; the reason and the actor are kept in the ledger.
 * @throws INSUFFICIENT_STOCK when more would be taken than is free, CONFLICT when the level is not what was expected
 */
export async function adjustStock(
  inventory: Freeing,
  request: AdjustStockRequest,
  ctx: CallContext,
): Promise<AdjustStockResponse> {
  const adjustment = checkAdjustment(request, ctx)
  const { sku, warehouse, delta, state } = adjustment
  // A hold's units are sellable: ending it makes no damaged one.
  return dueFirst(inventory, state === 'SELLABLE' ? [{ sku, warehouse, units: -delta }] : [], ctx, async () =>
    inventory.database.transaction(async (client) => adjustOnce(client, adjustment, ctx)),
  )
}

function checkAdjustment(request: AdjustStockRequest, ctx: CallContext): Adjustment {
  const key = idempotencyKey(ctx, request.clientToken)
  const adjustment = {
    sku: checkSku('sku', request.sku),
    warehouse: warehouseOrDefault('warehouse', request.warehouse),
    state: checkState('account', request.account, 'SELLABLE'),
    ...checkChange(request),
    reason: checkText('reason', request.reason, 1, 500),
    reasonCode: checkReasonCode('reasonCode', request.reasonCode),
    reference: checkText('reference', request.reference, 0, 200),
  }
  const { sku, warehouse, state, delta, expected, reason, reasonCode, reference } = adjustment
  return {
    ...adjustment,
    code: request.reasonCode,
    id: key === undefined ? randomUUID() : operationId(ctx.actor.id, 'adjust', key),
    print:
      key === undefined
        ? undefined
        : fingerprint([sku, warehouse, state, delta, expected ?? null, reason, reasonCode, reference]),
  }
}

/** Either by how much, or from what to what. */
function checkChange({ delta, expectedOnHand, onHand }: AdjustStockRequest): Pick<Adjustment, 'delta' | 'expected'> {
  if (expectedOnHand === undefined && onHand === undefined) {
    checkUnits('delta', Math.abs(delta), 1)
    return { delta, expected: undefined }
  }
  if (expectedOnHand === undefined) throw invalidField('expectedOnHand', 'is needed with onHand')
  if (onHand === undefined) throw invalidField('onHand', 'is needed with expectedOnHand')
  if (delta !== 0) throw invalidField('delta', 'says by how much, onHand to what: only one of them')
  const expected = checkUnits('expectedOnHand', expectedOnHand, 0)
  return { delta: checkUnits('onHand', onHand, 0) - expected, expected }
}

/** Locks: the stock row, then the operation's id. */
async function adjustOnce(client: PoolClient, adjustment: Adjustment, ctx: CallContext): Promise<AdjustStockResponse> {
  const { id, print, sku, warehouse, state, delta, expected } = adjustment
  const before = (await lockPlaces(client, [adjustment])).at(adjustment)
  if (print !== undefined && (await isRepeat(client, id, print))) {
    const movement = await findMovement(client, id)
    return answer(movement && toMovement(movement), before, ctx, true)
  }
  if (expected !== undefined && expected !== before.on_hand) {
    throw new HoldfastError('CONFLICT', `${sku} has ${before.on_hand} on hand in ${warehouse}, not ${expected}`, {
      fields: [{ field: 'expectedOnHand', message: `is ${before.on_hand}` }],
    })
  }
  if (delta === 0) return confirm(client, adjustment, before, ctx)
  if (delta < 0) checkTakeable(before, state, -delta, expected === undefined ? 'delta' : 'onHand')
  checkUnits('delta', before.on_hand + delta, 0, mostUnits)
  const { reason, reasonCode, reference } = adjustment
  const { written, levels } = await moveUnits(
    client,
    [
      {
        id,
        sku,
        warehouse,
        reason,
        reasonCode,
        reference,
        kind: 'ADJUSTMENT',
        quantity: Math.abs(delta),
        ...(delta > 0 ? { from: 'VARIANCE', to: state } : { from: state, to: 'VARIANCE' }),
      },
    ],
    ctx,
  )
  const [row] = written
  if (row === undefined) throw new Error(`movement ${id} was there before its operation`)
  const [movement, after] = [toMovement(row), levels.at(adjustment)]
  const data = StockAdjusted.toJSON({ before: toLevel(before), after: toLevel(after), movement })
  await appendEvents(client, [
    createEvent({ type: 'holdfast.stock.adjusted.v1', data, key: sku, subject: sku, version: row.place, ctx }),
  ])
  return answer(movement, after, ctx, false)
}

/** Nothing moves, and the ledger has nothing to say: the count is on record as an event. */
async function confirm(
  client: PoolClient,
  { sku, reason, code, reference }: Adjustment,
  level: LevelRow,
  ctx: CallContext,
): Promise<AdjustStockResponse> {
  const data = StockConfirmed.toJSON({ after: toLevel(level), reason, reasonCode: code, reference })
  await appendEvents(client, [
    createEvent({
      type: 'holdfast.stock.confirmed.v1',
      data,
      key: sku,
      subject: sku,
      version: await nextPlace(client),
      ctx,
    }),
  ])
  return answer(undefined, level, ctx, false)
}

function answer(movement: StockMovement | undefined, level: LevelRow, ctx: CallContext, replayed: boolean): AdjustStockResponse {
  return { movement, level: toLevel(level), requestId: ctx.requestId, replayed }
}
