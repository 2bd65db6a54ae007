/** A PENDING order ends with its reservation: by the reservation's event, and because a worker asks about those past their time. */
import type { Reservation } from '@holdfast/contracts/reservation'
import type { EventContext } from '@holdfast/events'
import { type CallContext, HoldfastError, startWorker, systemContext, type Worker } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { type Base, serviceName } from './deps'
import type { OrderRow } from './order'
import type { CancelReason } from './payment-attempt'
import { completePlacing, isRefusal, takeGoods } from './place'
import { recordCancelled } from './record'
import { claimPending, lockOrder, lockOrdersOfReservations, lookAgain, removeUnreserved } from './sql/orders'

/** Orders looked at in one pass. */
const batch = 50
/** A look that came to nothing is repeated after this time, in ms. */
const againMs = 10_000
/** A reservation is asked about this often at most, in ms. */
const soonestMs = 1_000

export type Ended = Extract<CancelReason, 'reservation_expired' | 'reservation_cancelled'>

export interface EndedReservation {
  id: string
  reason: Ended
  ctx: EventContext
}

/**
 * What the events of ended reservations do; in the consumer's transaction. An end is final, so no older event can undo it and
 * a repeated one finds nothing PENDING. Locks: the orders, by id.
 */
export async function lapseOrders(client: PoolClient, ended: readonly EndedReservation[]): Promise<void> {
  const byReservation = new Map(ended.map((reservation) => [reservation.id, reservation]))
  for (const order of await lockOrdersOfReservations(client, [...byReservation.keys()])) {
    const reservation = byReservation.get(order.reservation_id)
    if (reservation !== undefined) await lapse(client, order, reservation.reason, reservation.ctx)
  }
}

/** Under the order's lock. */
async function lapse(client: PoolClient, order: OrderRow, reason: Ended, ctx: EventContext): Promise<void> {
  if (order.status !== 'PENDING') return
  // Only its driver ends an attempt, and nobody was told of an order that was never reserved: the worker looks at both.
  if (order.paying || order.total_minor === null) return lookAgain(client, order.id, 0)
  await recordCancelled(client, order, { status: 'CANCELLED', paymentStatus: order.payment_status, cancelReason: reason }, ctx)
}

/** Asks about PENDING orders whose time is past. */
export function startLapseWorker(base: Base, pauseMs: number): Worker {
  return startWorker({
    name: 'lapse',
    pauseMs,
    log: base.log,
    pass: async () => {
      const due = await claimPending(base.database.pool, batch, againMs)
      await Promise.all(due.map(async (order) => look(base, order)))
      return due.length === batch
    },
  })
}

async function look(base: Base, order: OrderRow): Promise<void> {
  const ctx = systemContext(serviceName, base.log)
  try {
    const reservation = await findReservation(base, order.reservation_id, ctx)
    if (reservation?.status === 'COMMITTED') {
      ctx.log.error({ order: order.id }, 'a PENDING order without a payment has a reservation that is sold')
    } else if (reservation?.status === 'ACTIVE') {
      await stillActive(base, order, reservation, ctx)
    } else if (order.total_minor === null) {
      await removeUnreserved(base.database.pool, order.id)
    } else {
      const reason = reservation?.status === 'CANCELLED' ? 'reservation_cancelled' : 'reservation_expired'
      await base.database.transaction(async (client) => {
        const locked = await lockOrder(client, order.id)
        if (locked !== undefined) await lapse(client, locked, reason, ctx)
      })
      base.wakeRelay()
    }
  } catch (error) {
    ctx.log.warn({ err: error, order: order.id }, 'what became of a reservation is not known; asked again')
  }
}

async function stillActive(base: Base, order: OrderRow, reservation: Reservation, ctx: CallContext): Promise<void> {
  if (order.total_minor === null) return finishPlacing(base, order, reservation, ctx)
  const leftMs = (reservation.expiresAt?.getTime() ?? 0) - Date.now()
  await lookAgain(base.database.pool, order.id, Math.max(leftMs, soonestMs))
}

/** The call that placed it broke off between the two services. */
async function finishPlacing(base: Base, order: OrderRow, reservation: Reservation, ctx: CallContext): Promise<void> {
  const { id, user_id: userId, fingerprint, context } = order
  try {
    const goods = await takeGoods(base, reservation, ctx)
    await completePlacing(base, { id, userId, fingerprint, context, reservationId: reservation.id, lookAfterMs: againMs }, goods)
  } catch (error) {
    if (isRefusal(error)) await removeUnreserved(base.database.pool, id)
    else throw error
  }
}

async function findReservation(base: Base, id: string, ctx: CallContext): Promise<Reservation | undefined> {
  try {
    return (await base.peers.reservation.getReservation({ id }, ctx)).reservation
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}
