import { ReservationChanged } from '@holdfast/contracts/reservation'
import { type Consumer, type PublishedEvent, startConsumer, type Transport } from '@holdfast/events'

import { type Base, serviceName } from './deps'
import { type ChangedReservation, followLines } from './follow-lines'
import { type Ended, type EndedReservation, lapseOrders } from './lapse'

const endings: Record<string, Ended | undefined> = {
  'holdfast.reservation.expired.v1': 'reservation_expired',
  'holdfast.reservation.cancelled.v1': 'reservation_cancelled',
}

/** They tell of the lines that a reservation has from then on; messages of the two have the same `after`. */
const changes = new Set(['holdfast.reservation.changed.v1', 'holdfast.reservation.repaired.v1'])

/** Hears of reservations that ended or have other lines; every other event is nobody's business here. */
export async function startReservationConsumer(base: Base, transport: Transport): Promise<Consumer> {
  const { database, log } = base
  return startConsumer({
    name: serviceName,
    topics: ['holdfast.reservation.v1'],
    wants: [...Object.keys(endings), ...changes],
    transport,
    database,
    log,
    handleBatch: async (client, events) => {
      await followLines(client, events.flatMap(toChanged))
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
