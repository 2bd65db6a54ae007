import type { TransitionOrderRequest, TransitionOrderResponse } from '@holdfast/contracts/order'
import { type CallContext, checkUuid, HoldfastError, invalidField, notFound } from '@holdfast/service'

import { cancelOrder } from './cancel'
import type { Deps } from './deps'
import { readOrder } from './get'
import { backorderedOf, type OrderRow, toOrder } from './order'
import { isStatus, mayMove, type Status } from './order-status'
import { type Operation, operationOf, recall, remember } from './operations'
import { recordChange } from './record'
import { lockOrder } from './sql/orders'

/** Moves an order along the status table. CANCELLED is a cancellation like any other; CONFIRMED comes only by a payment. */
export async function transition(
  deps: Deps,
  request: TransitionOrderRequest,
  ctx: CallContext,
): Promise<TransitionOrderResponse> {
  const id = checkUuid('id', request.id)
  const { status } = request
  if (!isStatus(status)) throw invalidField('status', 'must be a status of an order')
  const operation = operationOf(ctx, 'transition', request.clientToken, [id, status])
  const done = await recall(deps.database.pool, operation)
  const { order, replayed } =
    done !== undefined
      ? { order: await readOrder(deps.database.pool, done, ctx), replayed: true }
      : status === 'CANCELLED'
        ? await cancelOrder(deps, id, operation, ctx)
        : await moveOn(deps, id, status, operation, ctx)
  return { order: toOrder(order), requestId: ctx.requestId, replayed }
}

/** Locks: the order's row. */
async function moveOn(
  deps: Deps,
  id: string,
  status: Status,
  operation: Operation | undefined,
  ctx: CallContext,
): Promise<{ order: OrderRow; replayed: boolean }> {
  const moved = await deps.database.transaction(async (client) => {
    const order = await lockOrder(client, id)
    if (order === undefined || order.total_minor === null) throw notFound('order', id)
    const replayed = order.status === status
    if (!replayed && !mayMove(order.status, status, 'admin')) {
      throw new HoldfastError('ILLEGAL_TRANSITION', `An order that is ${order.status} cannot become ${status} in this way`)
    }
    const missing = status === 'SHIPPED' && !replayed ? backorderedOf(order) : 0
    if (missing > 0)
      throw new HoldfastError(
        'ILLEGAL_TRANSITION',
        `${missing} units of this order are backordered: it is shipped when they are there`,
      )
    await remember(client, operation, id)
    const change = { status, paymentStatus: order.payment_status }
    return { order: replayed ? order : await recordChange(client, order, change, 'transitioned', ctx), replayed }
  })
  deps.wakeRelay()
  return moved
}
