/** What this service publishes. */
import { createEvent, type EventContext, type NewEvent } from '@holdfast/events'
import {
  type Reservation,
  ReservationCancelled,
  ReservationChanged,
  ReservationCommitted,
  ReservationCreated,
  ReservationExpired,
  ReservationExtended,
  ReservationRepaired,
} from '@holdfast/contracts/reservation'

import { type ReservationRow, toReservation } from './reservation'
import type { Change } from './take-over'

type Message = { before: Reservation; after: Reservation }

const changes: Record<Change, { type: string; toJSON: (message: Message) => unknown }> = {
  CHANGED: { type: 'holdfast.reservation.changed.v1', toJSON: (message) => ReservationChanged.toJSON(message) },
  EXTENDED: { type: 'holdfast.reservation.extended.v1', toJSON: (message) => ReservationExtended.toJSON(message) },
  COMMITTED: { type: 'holdfast.reservation.committed.v1', toJSON: (message) => ReservationCommitted.toJSON(message) },
  CANCELLED: { type: 'holdfast.reservation.cancelled.v1', toJSON: (message) => ReservationCancelled.toJSON(message) },
  EXPIRED: { type: 'holdfast.reservation.expired.v1', toJSON: (message) => ReservationExpired.toJSON(message) },
}

export function createdEvent(row: ReservationRow, ctx: EventContext): NewEvent {
  return reservationEvent('holdfast.reservation.created.v1', row, ReservationCreated.toJSON({ after: asKept(row) }), ctx)
}

export function changedEvent(change: Change, before: ReservationRow, after: ReservationRow, ctx: EventContext): NewEvent {
  const { type, toJSON } = changes[change]
  return reservationEvent(type, after, toJSON({ before: asKept(before), after: asKept(after) }), ctx)
}

export function repairedEvent(before: ReservationRow, after: ReservationRow, ctx: EventContext): NewEvent {
  const data = ReservationRepaired.toJSON({ before: asKept(before), after: asKept(after) })
  return reservationEvent('holdfast.reservation.repaired.v1', after, data, ctx)
}

/** Events tell the record as it was written, not as it reads at some moment. */
function asKept(row: ReservationRow): Reservation {
  return toReservation({ ...row, due: false })
}

function reservationEvent(type: string, row: ReservationRow, data: unknown, ctx: EventContext): NewEvent {
  return createEvent({ type, data, key: row.id, subject: row.id, version: BigInt(row.version), ctx })
}
