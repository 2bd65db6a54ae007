/** A placed order that nobody has paid shows the lines that its reservation has. */
import type { Reservation } from '@holdfast/contracts/reservation'
import type { EventContext } from '@holdfast/events'
import { HoldfastError } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { takeFill } from './fills'
import { type Goods, goodsOf, type OrderRow } from './order'
import { byService, recordChange } from './record'
import { fillOrder, lockOrdersOfReservations } from './sql/orders'

export interface ChangedReservation {
  reservation: Reservation
  ctx: EventContext
}

/**
 * What the events of changed reservations do, one after the other; in the consumer's transaction. Lines of an older version change nothing, in
 * whatever batches the events come. An open payment is no hindrance: it is for the version that it names, and comes to nothing if there is a
 * newer one. Locks: the orders, by id.
 */
export async function followLines(client: PoolClient, changed: readonly ChangedReservation[]): Promise<void> {
  const byReservation = Map.groupBy(changed, ({ reservation }) => reservation.id)
  if (byReservation.size === 0) return
  for (const order of await lockOrdersOfReservations(client, [...byReservation.keys()])) {
    let current = order
    for (const news of byReservation.get(order.reservation_id) ?? []) current = await follow(client, current, news)
  }
}

/** @returns the order as it is then */
async function follow(client: PoolClient, order: OrderRow, { reservation, ctx }: ChangedReservation): Promise<OrderRow> {
  // One that waits for its reservation still is filled with what that has by then.
  if (order.status !== 'PENDING' || order.total_minor === null || order.lines_version > reservation.linesVersion) return order
  if (order.lines_version === reservation.linesVersion) return takeFill(client, order, reservation, byService(ctx))
  const goods = goodsIfAny(reservation)
  return goods === undefined ? order : reprice(client, order, goods, byService(ctx))
}

/** @returns undefined: of these there is no order (several currencies, too much money); who wants to pay it is told */
function goodsIfAny(reservation: Reservation): Goods | undefined {
  try {
    return goodsOf(reservation)
  } catch (error) {
    if (error instanceof HoldfastError) return undefined
    throw error
  }
}

/** Under the order's lock. An order that nobody was told of yet is told of by its outcome. */
export async function reprice(client: PoolClient, order: OrderRow, goods: Goods, ctx: EventContext): Promise<OrderRow> {
  await fillOrder(client, order.id, goods)
  if (order.version === 0) return withGoods(order, goods)
  return recordChange(client, order, { status: order.status, paymentStatus: order.payment_status }, 'repriced', ctx)
}

/** The row as `fillOrder` leaves it. */
export function withGoods(order: OrderRow, goods: Goods): OrderRow {
  const { lines, currency, totalMinor, linesVersion, fills } = goods
  return { ...order, lines, currency, total_minor: totalMinor, lines_version: linesVersion, fills }
}
