/**
 * PlaceOrder: the order's row first, with the id of the reservation that it will have, then the reservation. A crash in
 * between leaves a row that nobody sees; the lapse worker asks what became of its reservation.
 */
import { randomUUID } from 'node:crypto'

import type { PlaceOrderRequest, PlaceOrderResponse } from '@holdfast/contracts/order'
import { CreateReservationRequest, type Reservation } from '@holdfast/contracts/reservation'
import {
  type CallContext,
  errorCodes,
  faultPoint,
  fingerprint,
  HoldfastError,
  idempotencyKey,
  invalidField,
  operationId,
} from '@holdfast/service'
import type { PoolClient } from 'pg'

import type { Base, Deps } from './deps'
import { type Goods, goodsOf, keepContext, type OrderRow, toOrder } from './order'
import { keyReused } from './operations'
import { recordChange } from './record'
import { fillOrder, insertOrder, lockOrder, type NewOrder, removeUnreserved } from './sql/orders'

/** Longer than any caller waits for the reservation, in ms: then the lapse worker asks about it. */
const placingMs = 60_000

export async function place(deps: Deps, request: PlaceOrderRequest, ctx: CallContext): Promise<PlaceOrderResponse> {
  if (request.lines.length === 0) throw invalidField('lines', 'must have at least one line')
  const key = idempotencyKey(ctx, request.clientToken)
  const id = key === undefined ? randomUUID() : operationId(ctx.actor.id, 'place', key)
  const draft: NewOrder = {
    id,
    reservationId: operationId('', 'reservation-of-order', id),
    userId: ctx.actor.id,
    fingerprint: fingerprint(canonical(request)),
    context: keepContext(ctx),
    lookAfterMs: placingMs,
  }
  const begun = await beginPlacing(deps, draft)
  await faultPoint('order.placing')
  const { order, replayed } =
    begun.total_minor === null ? await reserve(deps, draft, request, ctx) : { order: begun, replayed: true }
  return { order: toOrder(order), requestId: ctx.requestId, replayed }
}

/** The order of lines and how they are split does not matter. */
function canonical({ lines, ttlSeconds, channel, allowSplit, splitBy }: PlaceOrderRequest): unknown[] {
  const sums = new Map<string, number>()
  for (const { sku, warehouse, quantity } of lines) {
    const place = JSON.stringify([sku.toUpperCase(), warehouse.toUpperCase()])
    sums.set(place, (sums.get(place) ?? 0) + quantity)
  }
  // As the reservation service reads it: how it is split counts where it may be, and FEWEST_PARCELS is what is not said.
  const split = allowSplit ? (splitBy === 'SPLIT_UNSPECIFIED' ? 'FEWEST_PARCELS' : splitBy) : ''
  const choice = channel === '' && split === '' ? [] : [[channel.toUpperCase(), split]]
  return [[...sums].sort(([a], [b]) => (a < b ? -1 : 1)), ttlSeconds ?? null, ...choice]
}

/** Locks: the order's row. @throws IDEMPOTENCY_KEY_REUSED */
async function beginPlacing(deps: Deps, draft: NewOrder): Promise<OrderRow> {
  return deps.database.transaction(async (client) => {
    const order = await ensure(client, draft)
    if (order.fingerprint !== draft.fingerprint) throw keyReused()
    return order
  })
}

async function ensure(client: PoolClient, draft: NewOrder): Promise<OrderRow> {
  await insertOrder(client, draft)
  const order = await lockOrder(client, draft.id)
  if (order === undefined) throw new HoldfastError('CONFLICT', 'The order was changed meanwhile; repeat the request')
  return order
}

async function reserve(
  deps: Deps,
  draft: NewOrder,
  request: PlaceOrderRequest,
  ctx: CallContext,
): Promise<{ order: OrderRow; replayed: boolean }> {
  const { pool } = deps.database
  const { lines, ttlSeconds, channel, allowSplit, splitBy } = request
  try {
    const wanted = CreateReservationRequest.fromPartial({
      lines,
      ttlSeconds,
      channel,
      allowSplit,
      splitBy,
      reservationId: draft.reservationId,
    })
    const { reservation } = await deps.peers.reservation.createReservation(wanted, ctx)
    if (reservation === undefined) throw new HoldfastError('UNAVAILABLE', 'The reservation did not arrive; repeat the request')
    if (reservation.status !== 'ACTIVE') throw ended(reservation)
    await faultPoint('order.reserved')
    const goods = await takeGoods(deps, reservation, ctx)
    return await completePlacing(deps, draft, goods)
  } catch (error) {
    // A refusal is not remembered: the same key may try again. Anything else leaves open whether there is a reservation.
    if (isRefusal(error)) await removeUnreserved(pool, draft.id)
    throw error
  }
}

/** A reservation that cannot become an order is given back at once. @throws INVALID_ARGUMENT */
export async function takeGoods(base: Base, reservation: Reservation, ctx: CallContext): Promise<Goods> {
  try {
    return goodsOf(reservation)
  } catch (error) {
    await base.peers.reservation.cancelReservation({ id: reservation.id, clientToken: '' }, ctx)
    throw error
  }
}

/** The reservation is there: from now on the order is seen. Locks: the order's row. */
export async function completePlacing(
  base: Base,
  draft: NewOrder,
  goods: Goods,
): Promise<{ order: OrderRow; replayed: boolean }> {
  const placed = await base.database.transaction(async (client) => {
    // Added again if an earlier try, which was refused, took it back meanwhile.
    const order = await ensure(client, draft)
    if (order.fingerprint !== draft.fingerprint) throw keyReused()
    if (order.total_minor !== null) return { order, replayed: true }
    await fillOrder(client, order.id, goods)
    const change = { status: 'PENDING', paymentStatus: 'UNPAID' } as const
    return { order: await recordChange(client, order, change, 'placed', order.context), replayed: false }
  })
  base.wakeRelay()
  return placed
}

/** Surely nothing was reserved, as the error is about the request and not about the way there. */
export function isRefusal(error: unknown): error is HoldfastError {
  return error instanceof HoldfastError && errorCodes[error.code].http < 500
}

function ended(reservation: Reservation): HoldfastError {
  return reservation.status === 'EXPIRED'
    ? new HoldfastError('RESERVATION_EXPIRED', 'The reservation of this order has expired')
    : new HoldfastError('RESERVATION_NOT_ACTIVE', 'The reservation of this order is not active any more')
}
