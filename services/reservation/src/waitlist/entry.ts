/** An entry of the waitlist as this service keeps it, and as others see it (docs/decisions/035). */
import { type WaitlistEntry, WaitlistEntry_Status } from '@holdfast/contracts/reservation'

export type EntryStatus = 'WAITING' | 'OFFERED' | EndStatus

/** Those that nothing follows. */
export type EndStatus = 'FULFILLED' | 'LAPSED' | 'LEFT'

export interface EntryRow {
  id: string
  userId: string
  sku: string
  quantity: number
  /** '' for all warehouses. */
  channel: string
  status: EntryStatus
  /** In all lines: whoever joined a line first has the lower. */
  place: bigint
  /** A part of the id of the reservation that is made for it. */
  attempt: number
  reservationId: string | null
  fingerprint: string
  createdAt: Date
  offeredAt: Date | null
  endedAt: Date | null
  version: number
}

/** 1 is the next; undefined where it does not wait, or nobody has counted. */
export type Position = number | undefined

export function toEntry(row: EntryRow, position: Position): WaitlistEntry {
  const { id, userId, sku, quantity, channel, status, createdAt, version } = row
  return {
    id,
    userId,
    sku,
    quantity,
    channel,
    status: WaitlistEntry_Status[status],
    position: position ?? 0,
    reservationId: row.reservationId ?? '',
    createdAt,
    offeredAt: row.offeredAt ?? undefined,
    endedAt: row.endedAt ?? undefined,
    version,
  }
}
