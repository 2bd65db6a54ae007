/** The adopt rule: what a reservation takes over from an answer of inventory about its hold. No I/O here. */
import { type Hold, Hold_State } from '@holdfast/contracts/inventory'
import { ReservationLine } from '@holdfast/contracts/reservation'

import type { ReservationRow, Status } from './reservation'

/** What happened to the record, as its event says it. */
export type Change = 'CHANGED' | 'EXTENDED' | 'COMMITTED' | 'CANCELLED' | 'EXPIRED'

/** A hold as every answer of inventory tells it. */
export type HoldNews = Pick<Hold, 'id' | 'state' | 'expiresAt' | 'baseExpiresAt' | 'version' | 'lines' | 'linesVersion' | 'fills'>

export interface TakenOver {
  row: ReservationRow
  /** Undefined: only the memory of the hold's version moved, nothing that others see. */
  change: Change | undefined
}

const endOf: Partial<Record<Hold_State, { status: Status; change: Change }>> = {
  [Hold_State.COMMITTED]: { status: 'COMMITTED', change: 'COMMITTED' },
  [Hold_State.RELEASED]: { status: 'CANCELLED', change: 'CANCELLED' },
  [Hold_State.EXPIRED]: { status: 'EXPIRED', change: 'EXPIRED' },
}

/**
 * An answer changes an ACTIVE reservation if it is newer than what the row knows. That a hold has ended is always newer:
 * HELD is left once and for good (truth 3). So replies may come late, twice and out of order.
 * @returns undefined: nothing to write
 */
export function takeOver(row: ReservationRow, hold: HoldNews, now: Date): TakenOver | undefined {
  if (row.status !== 'ACTIVE') return undefined
  const end = endOf[hold.state]
  const expiresAt = shownEnd(hold, now) ?? row.expiresAt
  if (end === undefined && hold.version <= row.holdVersion && !isProtectedNow(row, hold, now)) return undefined
  const known = { ...row, ...newerLines(row, hold), expiresAt, holdVersion: hold.version, due: expiresAt <= now }
  if (end !== undefined)
    return { row: { ...known, status: end.status, version: row.version + 1, updatedAt: now }, change: end.change }
  if (known.linesVersion > row.linesVersion || known.fills > row.fills)
    return { row: { ...known, version: row.version + 1, updatedAt: now }, change: 'CHANGED' }
  // A payment that ended may also have brought the end forward again; it is told in the same way.
  if (expiresAt.getTime() === row.expiresAt.getTime()) return { row: known, change: undefined }
  return { row: { ...known, version: row.version + 1, updatedAt: now }, change: 'EXTENDED' }
}

/**
 * Every answer about a hold whose lines have changed, or for which promised units may have arrived, brings them, so it makes no difference
 * which one of them is heard.
 */
function newerLines({ linesVersion, fills }: ReservationRow, hold: HoldNews): Partial<ReservationRow> {
  const filled = hold.linesVersion === linesVersion && hold.fills > fills && hold.lines.length > 0
  if (hold.linesVersion <= linesVersion && !filled) return {}
  return { linesVersion: hold.linesVersion, fills: hold.fills, lines: hold.lines.map((line) => ReservationLine.toJSON(line)) }
}

/** What a payment adds to the end goes as it came: it is shown only when the owner's own end is past, and it alone keeps the hold. */
function shownEnd({ state, expiresAt, baseExpiresAt }: HoldNews, now: Date): Date | undefined {
  const isOwn = state === Hold_State.HELD && baseExpiresAt !== undefined && baseExpiresAt > now
  return isOwn ? baseExpiresAt : expiresAt
}

/** One version of a hold can show two ends: its owner's, and after that the payment's. */
function isProtectedNow(row: ReservationRow, { version, baseExpiresAt, expiresAt }: HoldNews, now: Date): boolean {
  const isPast = baseExpiresAt !== undefined && baseExpiresAt <= now
  return version === row.holdVersion && isPast && expiresAt?.getTime() !== row.expiresAt.getTime()
}

/**
 * Inventory does not know the hold of a reservation that exists. That must not be: the hold was committed before the row
 * was written. Nothing can be sold without a hold, so the reservation is over; it is logged as the fault that it is.
 */
export function lostHold(row: Pick<ReservationRow, 'id'>): HoldNews {
  return {
    id: row.id,
    state: Hold_State.EXPIRED,
    expiresAt: undefined,
    baseExpiresAt: undefined,
    version: 0,
    lines: [],
    linesVersion: 0,
    fills: 0,
  }
}
