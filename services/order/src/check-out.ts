/** Checkout and ConfirmOrder: an order for a reservation, and its payment. payment-attempt.ts is its state machine. */
import { randomUUID } from 'node:crypto'

import type { CheckoutRequest, CheckoutResponse } from '@holdfast/contracts/order'
import type { Reservation } from '@holdfast/contracts/reservation'
import {
  type CallContext,
  checkUuid,
  faultPoint,
  HoldfastError,
  isUniqueViolation,
  notFound,
  operationId,
} from '@holdfast/service'
import type { PoolClient } from 'pg'

import type { Deps } from './deps'
import { reprice, withGoods } from './follow-lines'
import { readOrder } from './get'
import { type Goods, goodsOf, isVisible, keepContext, type OrderRow, toOrder } from './order'
import { keyReused, type Operation, operationOf, recall } from './operations'
import { partOf } from './part'
import { failureMessages } from './payment-attempt'
import { recordChange } from './record'
import { sumUnits, type Units } from './units'
import { type AttemptRow, insertAttempt, lastAttempt } from './sql/attempts'
import { fillOrder, findOrder, findOrderOfReservation, insertOrder, lockOrder } from './sql/orders'

export async function checkOut(deps: Deps, request: CheckoutRequest, ctx: CallContext): Promise<CheckoutResponse> {
  const reservationId = checkUuid('reservationId', request.reservationId)
  const units = sumUnits(request.lines)
  const operation = operationOf(ctx, 'checkout', request.clientToken, [
    reservationId,
    request.paymentToken,
    ...(units.length === 0 ? [] : [units]),
  ])
  const { order, replayed } = (await paidByKey(deps, operation, ctx)) ?? (await payPart(deps, request, { units, operation }, ctx))
  return { order: toOrder(order), requestId: ctx.requestId, replayed }
}

/** All of the reservation, or a part, which becomes a reservation of its own first. */
async function payPart(
  deps: Deps,
  request: CheckoutRequest,
  { units, operation }: { units: Units; operation: Operation | undefined },
  ctx: CallContext,
): Promise<Paid> {
  const id = request.reservationId.toLowerCase()
  const reservationId = units.length === 0 ? id : await partOf(deps, request, { id, units }, ctx)
  return pay(deps, { reservationId, token: request.paymentToken, operation }, ctx)
}

export interface Paying {
  reservationId: string
  token: string
  operation: Operation | undefined
}

export interface Paid {
  order: OrderRow
  replayed: boolean
}

/** A repeat of what succeeded: the order as it is now, whatever became of it. */
export async function paidByKey(deps: Deps, operation: Operation | undefined, ctx: CallContext): Promise<Paid | undefined> {
  const id = await recall(deps.database.pool, operation)
  return id === undefined ? undefined : { order: await readOrder(deps.database.pool, id, ctx), replayed: true }
}

/** Pays the order of a reservation, which is made if there is none; who comes later joins and gets the same order. */
export async function pay(deps: Deps, paying: Paying, ctx: CallContext): Promise<Paid> {
  const { pool } = deps.database
  const known = await findOrderOfReservation(pool, paying.reservationId)
  if (known !== undefined && known.total_minor !== null && !isVisible(known, ctx))
    throw notFound('reservation', paying.reservationId)
  const paid = await paidBefore(deps, known, ctx)
  if (paid !== undefined) return paid

  const { reservation } = await deps.peers.reservation.getReservation({ id: paying.reservationId }, ctx)
  if (reservation === undefined) throw notFound('reservation', paying.reservationId)
  if (reservation.status !== 'ACTIVE') {
    // Another checkout may have been quicker meanwhile: then this one is a repeat of it.
    const joined = await paidBefore(deps, await findOrderOfReservation(pool, paying.reservationId), ctx)
    if (joined !== undefined) return joined
    throw notActive(reservation.status === 'EXPIRED')
  }
  const driver = randomUUID()
  const started = await startAttempt(deps, paying, reservation, driver, ctx).catch((error: unknown) => {
    if (error instanceof PaidBefore) return error
    throw error
  })
  if (started instanceof PaidBefore) return { order: await readOrder(pool, started.orderId, ctx), replayed: true }
  const { order, attempt } = started
  if (attempt === undefined) {
    const joined = await paidBefore(deps, order, ctx)
    if (joined === undefined) throw new HoldfastError('CONFLICT', 'The order was changed meanwhile; repeat the request')
    return joined
  }
  deps.wakeRelay()
  await faultPoint('order.pending')
  void deps.payments.begin(attempt, driver, paying.token)
  return finish(deps, attempt.id, false, ctx)
}

/** The key has succeeded meanwhile, for this order or another: nothing of the new attempt is kept. */
class PaidBefore extends Error {
  constructor(readonly orderId: string) {
    super(`paid as order ${orderId}`)
  }
}

/** The answer for an order that needs no new attempt. @returns undefined when it needs one */
async function paidBefore(deps: Deps, order: OrderRow | undefined, ctx: CallContext): Promise<Paid | undefined> {
  if (order === undefined || !isVisible(order, ctx)) return undefined
  if (order.status === 'CANCELLED') throw notActive(order.cancel_reason === 'reservation_expired')
  if (order.status !== 'PENDING') return { order, replayed: true }
  if (!order.paying) return undefined
  const attempt = await lastAttempt(deps.database.pool, order.id)
  return attempt && finish(deps, attempt.id, true, ctx)
}

/** The order as it is paid, or as it waits for the provider's callback. */
async function finish(deps: Deps, attemptId: string, replayed: boolean, ctx: CallContext): Promise<Paid> {
  for (;;) {
    const attempt = await deps.payments.outcome(attemptId, ctx)
    const isOver = attempt.ended_at !== null
    if (isOver && attempt.state !== 'SUCCEEDED') {
      const failure = attempt.failure ?? 'UNAVAILABLE'
      throw new HoldfastError(failure, failureMessages[failure])
    }
    const order = await findOrder(deps.database.pool, attempt.order_id)
    if (order === undefined) throw notFound('order', attempt.order_id)
    // Else it has ended since: then it is told how.
    if (isOver || order.paying) return { order, replayed }
  }
}

/**
 * The order PENDING and an open attempt, in one transaction; no attempt when the order has one or needs none.
 * Locks: the order's row.
 */
async function startAttempt(
  deps: Deps,
  paying: Paying,
  reservation: Reservation,
  driver: string,
  ctx: CallContext,
): Promise<{ order: OrderRow; attempt?: AttemptRow }> {
  const { leaseMs } = deps.limits
  const goods = goodsOf(reservation)
  const context = keepContext(ctx)
  return deps.database.transaction(async (client) => {
    const order = await ensureOrder(client, reservation, ctx)
    if (order.status !== 'PENDING' || order.paying) return { order }
    const payable = await priced(client, order, goods)
    try {
      const { currency, totalMinor } = amountOf(payable)
      const attempt = await insertAttempt(client, {
        id: randomUUID(),
        orderId: order.id,
        currency,
        amountMinor: totalMinor,
        linesVersion: payable.lines_version,
        driver,
        leaseMs,
        context,
        operation: paying.operation,
      })
      const before = await recall(client, paying.operation)
      if (before !== undefined) throw new PaidBefore(before)
      return { order: payable, attempt }
    } catch (error) {
      // The order's row is locked and it has no open attempt, so it is the key that is in use, for another one.
      throw isUniqueViolation(error) ? keyReused() : error
    }
  })
}

async function ensureOrder(client: PoolClient, reservation: Reservation, ctx: CallContext): Promise<OrderRow> {
  await insertOrder(client, {
    id: operationId('', 'order-of-reservation', reservation.id),
    reservationId: reservation.id,
    userId: reservation.userId,
    fingerprint: null,
    context: keepContext(ctx),
    lookAfterMs: 0,
  })
  const met = await findOrderOfReservation(client, reservation.id)
  const order = met && (await lockOrder(client, met.id))
  if (order === undefined) throw new HoldfastError('CONFLICT', 'The order was changed meanwhile; repeat the request')
  return order
}

/** What is paid is what the reservation has now: an order that was priced from other lines is priced again. */
async function priced(client: PoolClient, order: OrderRow, goods: Goods): Promise<OrderRow> {
  if (order.total_minor === null) return fillFirst(client, order, goods)
  if (order.lines_version === goods.linesVersion) return order
  return reprice(client, order, goods, order.context)
}

/** A checkout's own order is told of by its outcome; one that is still being placed was placed by now. */
async function fillFirst(client: PoolClient, order: OrderRow, goods: Goods): Promise<OrderRow> {
  await fillOrder(client, order.id, goods)
  const filled = withGoods(order, goods)
  if (order.fingerprint === null) return filled
  return recordChange(client, filled, { status: 'PENDING', paymentStatus: order.payment_status }, 'placed', order.context)
}

function amountOf({ currency, total_minor: totalMinor }: OrderRow): { currency: string; totalMinor: bigint } {
  return { currency: currency ?? '', totalMinor: totalMinor ?? 0n }
}

function notActive(expired: boolean): HoldfastError {
  return expired
    ? new HoldfastError('RESERVATION_EXPIRED', 'The reservation has expired')
    : new HoldfastError('RESERVATION_NOT_ACTIVE', 'The reservation is not active any more')
}
