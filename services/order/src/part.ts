/** The part of a reservation that a checkout with lines is for: a reservation of its own, which the reservation service splits off. */
import type { CheckoutRequest } from '@holdfast/contracts/order'
import type { Reservation } from '@holdfast/contracts/reservation'
import { type CallContext, fingerprint, HoldfastError, idempotencyKey, notFound, operationId } from '@holdfast/service'

import type { Deps } from './deps'
import { lastAttempt } from './sql/attempts'
import { findOrderOfReservation } from './sql/orders'
import type { Units } from './units'

/** Parts of the same units that ended unpaid, one after the other, after which a checkout needs a key. */
const mostUnpaid = 16

/**
 * With a key the part goes by it. Without one the request itself is the key, as long as what it made is reserved or was paid, so nobody pays
 * twice for a part because an answer was lost. The number of those that ended unpaid is part of the id: the next is another.
 * @param id of the reservation, in lower case
 */
export async function partOf(
  deps: Deps,
  request: CheckoutRequest,
  { id, units }: { id: string; units: Units },
  ctx: CallContext,
): Promise<string> {
  const key = idempotencyKey(ctx, request.clientToken)
  if (key !== undefined) return (await split(deps, request, id, operationId(ctx.actor.id, 'checkout-part', key), ctx)).id
  const print = fingerprint([id, units])
  for (let unpaid = 0; unpaid < mostUnpaid; unpaid++) {
    const partId = operationId(ctx.actor.id, 'checkout-part', unpaid === 0 ? print : `${print}:${unpaid}`)
    const part = await splitUnlessLost(deps, request, id, partId, ctx)
    if (part === undefined) continue
    if (part.status === 'ACTIVE' || !(await endedUnpaid(deps, part, ctx))) return part.id
  }
  throw new HoldfastError(
    'RESERVATION_NOT_ACTIVE',
    'This part was reserved and not paid many times: send a key with the next try',
  )
}

async function split(deps: Deps, { lines }: CheckoutRequest, id: string, partId: string, ctx: CallContext): Promise<Reservation> {
  const { reservation } = await deps.peers.reservation.splitReservation({ id, partId, lines }, ctx)
  if (reservation === undefined) throw notFound('reservation', id)
  return reservation
}

/** @returns undefined: the units of this part went back before there was a reservation for them, and the whole goes on */
async function splitUnlessLost(...[deps, request, id, partId, ctx]: Parameters<typeof split>): Promise<Reservation | undefined> {
  try {
    return await split(deps, request, id, partId, ctx)
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'RESERVATION_EXPIRED') throw error
    const { reservation: whole } = await deps.peers.reservation.getReservation({ id }, ctx)
    if (whole?.status === 'ACTIVE') return undefined
    throw error
  }
}

/** Whether a part that reads as over can't be paid any more, and never was. */
async function endedUnpaid(deps: Deps, part: Reservation, ctx: CallContext): Promise<boolean> {
  const { pool } = deps.database
  const order = await findOrderOfReservation(pool, part.id)
  // A payment puts off the end of its hold, which the reservation does not show.
  if (order?.paying === true) return false
  if (order?.status === 'CANCELLED') return (await lastAttempt(pool, order.id))?.state !== 'SUCCEEDED'
  if (order !== undefined && order.status !== 'PENDING') return false
  return part.status !== 'COMMITTED' && isReleased(deps, part.id, ctx)
}

/** Its time may be over by one clock and not by another, and somebody may be about to pay it: the hold decides. */
async function isReleased(deps: Deps, id: string, ctx: CallContext): Promise<boolean> {
  try {
    await deps.peers.reservation.cancelReservation({ id, clientToken: '' }, ctx)
    return true
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    if (error.code === 'RESERVATION_EXPIRED' || error.code === 'NOT_FOUND') return true
    if (error.code === 'RESERVATION_NOT_ACTIVE' || error.code === 'PAYMENT_IN_PROGRESS') return false
    throw error
  }
}
