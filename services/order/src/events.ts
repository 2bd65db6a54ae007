import { ReservationChanged } from '@holdfast/contracts/reservation'
import { type Consumer, type PublishedEvent, startConsumer, type Transport } from '@holdfast/events'

import { type Base, serviceName } from './deps'
import { filledType, takeFills } from './fills'
import { type ChangedReservation, followLines } from './follow-lines'
import { type Ended, type EndedReservation, lapseOrders } from './lapse'
import { lockOrdersOfReservations } from './sql/orders'

const endings: Record<string, Ended | undefined> = {
  'holdfast.reservation.expired.v1': 'reservation_expired',
  'holdfast.reservation.cancelled.v1': 'reservation_cancelled',
}

/** They tell of the lines that a reservation has from then on; messages of the two have the same `after`. */
const changes = new Set(['holdfast.reservation.changed.v1', 'holdfast.reservation.repaired.v1'])

/**
 * Hears of reservations that ended or have other lines, and of backordered units that arrived; every other event is nobody's business
 * here.
 */
export async function startOrderConsumer(base: Base, transport: Transport): Promise<Consumer> {
  const { database, log } = base
  return startConsumer({
    name: serviceName,
    topics: ['holdfast.reservation.v1', 'holdfast.inventory.v1'],
    wants: [...Object.keys(endings), ...changes, filledType],
    transport,
    database,
    log,
    handleBatch: async (client, events) => {
      // All are about reservations by their ids; all of their orders are locked first, in one order.
      await lockOrdersOfReservations(client, [...new Set(events.map(({ subject }) => subject))])
      await followLines(client, events.flatMap(toChanged))
      await takeFills(client, events)
      await lapseOrders(client, events.flatMap(toEnded))
    },
    afterCommit: () => base.wakeRelay(),
  })
}

function toEnded(event: PublishedEvent): EndedReservation[] {
  const reason = endings[event.type]
  return reason === undefined ? [] : [{ id: event.subject, reason, ctx: event }]
}

function toChanged(event: PublishedEvent): ChangedReservation[] {
  if (!changes.has(event.type)) return []
  const { after } = ReservationChanged.fromJSON(event.data)
  return after === undefined ? [] : [{ reservation: after, ctx: event }]
}
