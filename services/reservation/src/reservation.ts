/** A reservation as this service keeps it, and as others see it. */
import { type Reservation, ReservationLine } from '@holdfast/contracts/reservation'
import { HoldfastError } from '@holdfast/service'

/** ABANDONED: claimed by the search for orphans; nobody else sees it. */
export type Status = 'ACTIVE' | 'COMMITTED' | 'CANCELLED' | 'EXPIRED' | 'ABANDONED'

export interface ReservationRow {
  id: string
  userId: string
  status: Status
  fingerprint: string
  /** proto3 JSON of ReservationLine[]. */
  lines: unknown[]
  expiresAt: Date
  ttlSeconds: number
  createdAt: Date
  updatedAt: Date
  /** Of this record. */
  version: number
  /** Of the hold, as last taken over. */
  holdVersion: number
  /** Of the hold's lines, as last taken over. */
  linesVersion: number
  /** How often promised units have arrived for its hold, as last taken over. */
  fills: number
  /** Of a part: the reservation that it was split from, and since when its units are reserved. */
  parentId?: string | null
  bornAt?: Date | null
  /** Its time is past, by the database's clock when it was read. */
  due: boolean
}

/** What a reader is told: a reservation whose time is past is EXPIRED, whether or not the sweeper has been there. */
export function statusOf(row: ReservationRow): Exclude<Status, 'ABANDONED'> {
  // Nobody reads an abandoned one; if somebody did, it would be over.
  if (row.status === 'ABANDONED') return 'EXPIRED'
  return row.status === 'ACTIVE' && row.due ? 'EXPIRED' : row.status
}

/** As others see it now. */
export function toReservation(row: ReservationRow): Reservation {
  return {
    id: row.id,
    userId: row.userId,
    status: statusOf(row),
    lines: row.lines.map((line) => ReservationLine.fromJSON(line)),
    expiresAt: row.expiresAt,
    ttlSeconds: row.ttlSeconds,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    version: row.version,
    linesVersion: row.linesVersion,
    parentId: row.parentId ?? '',
    fills: row.fills,
  }
}

/** Its time is over, or the hold that it would have had is. */
export function reservationExpired(): HoldfastError {
  return new HoldfastError('RESERVATION_EXPIRED', 'The time of this reservation is over')
}

/** Why a reservation that is not ACTIVE can't be changed. */
export function whyNotActive(row: ReservationRow): HoldfastError {
  const status = statusOf(row)
  if (status === 'EXPIRED') return reservationExpired()
  return new HoldfastError('RESERVATION_NOT_ACTIVE', `This reservation is ${status.toLowerCase()}`)
}
