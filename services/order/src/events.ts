import { type Consumer, type PublishedEvent, startConsumer, type Transport } from '@holdfast/events'

import { type Base, serviceName } from './deps'
import { type Ended, type EndedReservation, lapseOrders } from './lapse'

const endings: Record<string, Ended | undefined> = {
  'holdfast.reservation.expired.v1': 'reservation_expired',
  'holdfast.reservation.cancelled.v1': 'reservation_cancelled',
}

/** Hears of reservations that ended; every other event is nobody's business here. */
export async function startReservationConsumer(base: Base, transport: Transport): Promise<Consumer> {
  const { database, log } = base
  return startConsumer({
    name: serviceName,
    topics: ['holdfast.reservation.v1'],
    wants: Object.keys(endings),
    transport,
    database,
    log,
    handleBatch: async (client, events) => lapseOrders(client, events.flatMap(toEnded)),
    afterCommit: () => base.wakeRelay(),
  })
}

function toEnded(event: PublishedEvent): EndedReservation[] {
  const reason = endings[event.type]
  return reason === undefined ? [] : [{ id: event.subject, reason, ctx: event }]
}
