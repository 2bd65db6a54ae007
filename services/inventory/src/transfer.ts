import { type TransferStockRequest, type TransferStockResponse } from '@holdfast/contracts/inventory'
import { checkTime, type CallContext, fingerprint, idempotencyKey, invalidField, operationId } from '@holdfast/service'
import { randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'

import { dueFirst, type Freeing } from './due-first'
import { findRepeat, tellOfNew } from './shipments'
import type { NewMovement } from './sql/ledger'
import { toLevel } from './sql/levels'
import { lockPlaces, moveUnits } from './sql/move-units'
import { changeShipment, insertShipment, type NewShipment, toShipment } from './sql/shipments'
import { checkFree } from './stock-state'
import { checkSku, checkText, checkUnits, checkWarehouse } from './validate'

interface Transfer extends NewShipment {
  from_warehouse: string
  sku: string
  quantity: number
  reason: string
  /** It arrives in the same transaction. */
  immediate: boolean
}

/**
 * Sends free units from one warehouse to another: a shipment that is received there, as one from a supplier is, or at once.
 * @throws INSUFFICIENT_STOCK when there are fewer free units
 */
export async function transferStock(
  inventory: Freeing,
  request: TransferStockRequest,
  ctx: CallContext,
): Promise<TransferStockResponse> {
  const transfer = checkTransfer(request, ctx)
  const { sku, from_warehouse: warehouse, quantity: units } = transfer
  return dueFirst(inventory, [{ sku, warehouse, units }], ctx, async () =>
    inventory.database.transaction(async (client) => transferOnce(client, transfer, ctx)),
  )
}

function checkTransfer(request: TransferStockRequest, ctx: CallContext): Transfer {
  const key = idempotencyKey(ctx, request.clientToken)
  const sku = checkSku('sku', request.sku)
  const from = checkWarehouse('from', request.from)
  const warehouse = checkWarehouse('to', request.to)
  if (from === warehouse) throw invalidField('to', 'must be another warehouse than from')
  const quantity = checkUnits('quantity', request.quantity, 1)
  const reference = checkText('reference', request.reference, 0, 200)
  const reason = checkText('reason', request.reason, 0, 500) || 'transferred'
  const { immediate } = request
  const expectedAt = request.expectedAt === undefined ? null : checkTime('expectedAt', request.expectedAt)
  if (immediate && expectedAt !== null) throw invalidField('expectedAt', 'is now, for a transfer that is immediate')
  return {
    id: key === undefined ? randomUUID() : operationId(ctx.actor.id, 'transfer', key),
    fingerprint: fingerprint([sku, from, warehouse, quantity, reference, reason, immediate, expectedAt]),
    kind: 'TRANSFER',
    warehouse,
    from_warehouse: from,
    reference,
    supplier: '',
    expected_at: expectedAt,
    lines: [{ sku, quantity }],
    sku,
    quantity,
    reason,
    immediate,
  }
}

/** Locks: both stock rows by warehouse, then the new shipment's id. */
async function transferOnce(client: PoolClient, transfer: Transfer, ctx: CallContext): Promise<TransferStockResponse> {
  const { sku, quantity, immediate } = transfer
  const [source, target] = [
    { sku, warehouse: transfer.from_warehouse },
    { sku, warehouse: transfer.warehouse },
  ]
  const before = await lockPlaces(client, [source, target])
  const { requestId } = ctx
  const made = await insertShipment(client, transfer)
  if (made === undefined) {
    const shipment = await findRepeat(client, transfer.id, transfer.fingerprint)
    return { shipment, from: toLevel(before.at(source)), to: toLevel(before.at(target)), requestId, replayed: true }
  }
  checkFree(before.at(source), quantity, 'quantity')
  const { levels } = await moveUnits(client, movementsOf(transfer), ctx)
  const shipment = immediate ? await changeShipment(client, made.id, [{ line: 1, received: quantity, writtenOff: 0 }]) : made
  await tellOfNew(client, shipment, ctx)
  return {
    shipment: toShipment(shipment),
    from: toLevel(levels.at(source)),
    to: toLevel(levels.at(target)),
    requestId,
    replayed: false,
  }
}

/** What leaves one level enters the other: TRANSIT nets to zero within the transaction. */
function movementsOf({
  id: reference,
  sku,
  quantity,
  reason,
  from_warehouse: from,
  warehouse,
  immediate,
}: Transfer): NewMovement[] {
  const common = { sku, quantity, reason, reference }
  return [
    { ...common, id: randomUUID(), warehouse: from, kind: 'DISPATCH', from: 'SELLABLE', to: 'TRANSIT' },
    { ...common, id: randomUUID(), warehouse, kind: 'EXPECTED', from: 'TRANSIT', to: 'INCOMING' },
    ...(immediate
      ? [{ ...common, id: randomUUID(), warehouse, kind: 'RECEIPT' as const, from: 'INCOMING' as const, to: 'SELLABLE' as const }]
      : []),
  ]
}
