/** A change of an order and its event, in one transaction (truth 5). */
import { Actor_Role } from '@holdfast/contracts/common'
import {
  type Order,
  OrderBackorderFilled,
  OrderCancelled,
  OrderConfirmed,
  OrderPaymentDeclined,
  OrderPlaced,
  OrderRefunded,
  OrderRepriced,
  OrderTransitioned,
} from '@holdfast/contracts/order'
import { appendEvents, createEvent, type EventContext } from '@holdfast/events'
import type { PoolClient } from 'pg'

import { serviceName } from './deps'
import { keepContext, type OrderRow, toOrder } from './order'
import { findOrder, type OrderChange, updateOrder } from './sql/orders'

type OrderEvent =
  | 'placed'
  | 'confirmed'
  | 'payment_declined'
  | 'cancelled'
  | 'transitioned'
  | 'refunded'
  | 'repriced'
  | 'backorder_filled'

const messages: Record<OrderEvent, { toJSON(data: { before: Order | undefined; after: Order | undefined }): unknown }> = {
  placed: OrderPlaced,
  confirmed: OrderConfirmed,
  payment_declined: OrderPaymentDeclined,
  cancelled: OrderCancelled,
  transitioned: OrderTransitioned,
  refunded: OrderRefunded,
  repriced: OrderRepriced,
  backorder_filled: OrderBackorderFilled,
}

/**
 * Writes the next version of an order and the event that tells of it; under the order's lock.
 *
 * Every RPC that changes something leaves exactly one audit record. A checkout that makes an order and pays it is therefore
 * one event, confirmed (or declined), whose `before` is absent: the order in between was nobody's business. Only PlaceOrder
 * says `placed`.
 * @param before the row as it was read under the lock
 */
export async function recordChange(
  client: PoolClient,
  before: OrderRow,
  change: OrderChange,
  event: OrderEvent,
  ctx: EventContext,
): Promise<OrderRow> {
  await updateOrder(client, before.id, change)
  const after = await findOrder(client, before.id)
  if (after === undefined) throw new Error('a locked order is gone')
  const data = { before: before.version === 0 ? undefined : toOrder(before), after: toOrder(after) }
  await appendEvents(client, [
    createEvent({
      type: `holdfast.order.${event}.v1`,
      data: messages[event].toJSON(data),
      key: after.id,
      subject: after.id,
      version: BigInt(after.version),
      ctx,
    }),
  ])
  return after
}

/**
 * Cancels an order because of what became of its reservation or its payment. When somebody had asked for it (the reservation
 * was cancelled on the way), it is in their name; else it is this service's doing. Under the order's lock.
 */
export async function recordCancelled(
  client: PoolClient,
  order: OrderRow,
  change: OrderChange,
  ctx: EventContext,
): Promise<OrderRow> {
  if (change.cancelReason === 'reservation_cancelled' && order.cancel_context !== null) {
    return recordChange(client, order, { ...change, cancelReason: 'requested' }, 'cancelled', order.cancel_context)
  }
  return recordChange(client, order, change, 'cancelled', byService(ctx))
}

/** Done for a call, and not by its caller. */
export function byService(ctx: EventContext): EventContext {
  return { ...keepContext(ctx), actor: { id: serviceName, role: Actor_Role.SERVICE } }
}
