/** Units that an order waits for arrive: its lines say how many are still to come. */
import { BackorderFilled, type Hold } from '@holdfast/contracts/inventory'
import type { Reservation } from '@holdfast/contracts/reservation'
import type { EventContext, PublishedEvent } from '@holdfast/events'
import type { PoolClient } from 'pg'

import { linesOf, type OrderRow } from './order'
import { recordChange } from './record'
import { lockOrdersOfReservations, setLines } from './sql/orders'

export const filledType = 'holdfast.backorder.filled.v1'

/** What the events of inventory's fills do; in the consumer's transaction. Locks: the orders, by id. */
export async function takeFills(client: PoolClient, events: readonly PublishedEvent[]): Promise<void> {
  const fills = events.filter(({ type }) => type === filledType)
  const orders = await lockOrdersOfReservations(client, [...new Set(fills.map(({ subject }) => subject))])
  const known = new Map(orders.map((order) => [order.reservation_id, order]))
  for (const event of fills) {
    const { after: hold } = BackorderFilled.fromJSON(event.data)
    const order = known.get(event.subject)
    if (hold !== undefined && order !== undefined) known.set(event.subject, await takeFill(client, order, hold, event))
  }
}

/** What a hold, or the reservation that has taken it over, says of its lines. */
type Filled = Pick<Hold | Reservation, 'lines' | 'linesVersion' | 'fills'>

/**
 * Takes over what is still backordered, if it is of a later fill than the order knows, and has the lines that it was priced from: else
 * it is priced again, and takes it over then. A cancelled order stays as it was. Under the order's lock. @returns the order as it is then
 */
export async function takeFill(client: PoolClient, order: OrderRow, hold: Filled, ctx: EventContext): Promise<OrderRow> {
  const isNews = hold.fills > order.fills && hold.linesVersion === order.lines_version
  if (!isNews || order.total_minor === null || order.status === 'CANCELLED') return order
  const lines = linesOf(hold)
  await setLines(client, order.id, lines, hold.fills)
  // One that nobody was told of yet is told of by its outcome.
  if (order.version === 0) return { ...order, lines, fills: hold.fills }
  const change = { status: order.status, paymentStatus: order.payment_status, cancelReason: order.cancel_reason }
  return recordChange(client, order, change, 'backorder_filled', ctx)
}
