import type { CancelOrderRequest, CancelOrderResponse } from '@holdfast/contracts/order'
import { type CallContext, checkUuid, faultPoint, HoldfastError } from '@holdfast/service'

import type { Deps } from './deps'
import { returnTask } from './end-attempt'
import { readOrder } from './get'
import { keepContext, type OrderRow, toOrder } from './order'
import { mayMove } from './order-status'
import { type Operation, operationOf, recall, remember } from './operations'
import { recordChange } from './record'
import { lastAttempt } from './sql/attempts'
import { lockOrder, noteCancelRequest } from './sql/orders'
import { insertTask } from './sql/tasks'

export async function cancel(deps: Deps, request: CancelOrderRequest, ctx: CallContext): Promise<CancelOrderResponse> {
  const id = checkUuid('id', request.id)
  const operation = operationOf(ctx, 'cancel', request.clientToken, [id])
  await recall(deps.database.pool, operation)
  const { order, replayed } = await cancelOrder(deps, id, operation, ctx)
  return { order: toOrder(order), requestId: ctx.requestId, replayed }
}

interface Cancelled {
  order: OrderRow
  replayed: boolean
}

/** An order may be paid, or lapse, between two looks: then it is decided again. */
const looks = 5

/**
 * Cancels an order. PENDING: the hold decides, so the stock goes first. CONFIRMED: the order decides, and a task gives units
 * and money back.
 * @throws PAYMENT_IN_PROGRESS, ILLEGAL_TRANSITION
 */
export async function cancelOrder(
  deps: Deps,
  id: string,
  operation: Operation | undefined,
  ctx: CallContext,
): Promise<Cancelled> {
  let released = false
  for (let look = 1; look <= looks; look++) {
    const order = await readOrder(deps.database.pool, id, ctx)
    if (order.paying && !released) throw paymentInProgress()
    if (order.paying) await attemptOver(deps, order, ctx)
    else if (order.status === 'PENDING' && !released) released = await releaseStock(deps, order, ctx)
    const cancelled = await record(deps, { ...order, released }, operation, ctx)
    if (cancelled !== undefined) return cancelled
  }
  throw new HoldfastError('CONFLICT', 'The order was changed meanwhile; repeat the request')
}

/** An attempt that began while the stock was being released cannot succeed any more; only its driver may end it. */
async function attemptOver(deps: Deps, order: OrderRow, ctx: CallContext): Promise<void> {
  const attempt = await lastAttempt(deps.database.pool, order.id)
  if (attempt !== undefined) await deps.payments.outcome(attempt.id, ctx)
}

/** @returns false: the units are sold, so the order must have been paid meanwhile */
async function releaseStock(deps: Deps, order: OrderRow, ctx: CallContext): Promise<boolean> {
  // Noted first: the reservation's event may be here before the answer, and whoever records the end does it for this caller.
  await noteCancelRequest(deps.database.pool, order.id, keepContext(ctx))
  try {
    await deps.peers.reservation.cancelReservation({ id: order.reservation_id, clientToken: '' }, ctx)
    await faultPoint('order.released')
    return true
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    // Its units are free already.
    if (error.code === 'RESERVATION_EXPIRED' || error.code === 'NOT_FOUND') return true
    if (error.code !== 'RESERVATION_NOT_ACTIVE') throw error
    const now = await readOrder(deps.database.pool, order.id, ctx)
    if (now.status === 'PENDING') throw error
    return false
  }
}

/** Under the order's lock. @returns undefined: it is not what it was when its stock was decided about */
async function record(
  deps: Deps,
  seen: OrderRow & { released: boolean },
  operation: Operation | undefined,
  ctx: CallContext,
): Promise<Cancelled | undefined> {
  const attempt = seen.status === 'CONFIRMED' ? await lastAttempt(deps.database.pool, seen.id) : undefined
  const cancelled = await deps.database.transaction(async (client) => {
    const order = await lockOrder(client, seen.id)
    if (order === undefined) return undefined
    if (order.status === 'CANCELLED') {
      await remember(client, operation, order.id)
      return { order, replayed: !(seen.released && order.cancel_context?.requestId === ctx.requestId) }
    }
    if (order.paying || order.status !== seen.status || (order.status === 'PENDING' && !seen.released)) return undefined
    if (!mayMove(order.status, 'CANCELLED', 'cancel')) {
      throw new HoldfastError('ILLEGAL_TRANSITION', `An order that is ${order.status} cannot be cancelled`)
    }
    const paymentStatus = order.status === 'CONFIRMED' ? 'REFUND_PENDING' : order.payment_status
    const change = { status: 'CANCELLED', paymentStatus, cancelReason: 'requested' } as const
    const after = await recordChange(client, order, change, 'cancelled', ctx)
    if (attempt !== undefined) await insertTask(client, returnTask(order.id, attempt.id, ctx))
    await remember(client, operation, order.id)
    return { order: after, replayed: false }
  })
  await faultPoint('order.cancelled')
  deps.wakeRelay()
  deps.wakeTasks()
  return cancelled
}

function paymentInProgress(): HoldfastError {
  return new HoldfastError('PAYMENT_IN_PROGRESS', 'A payment is under way; the order can be cancelled when it is over')
}
