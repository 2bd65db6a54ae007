/** What was held for somebody in line becomes a reservation of theirs, or goes back. */
import { type Hold, Hold_State } from '@holdfast/contracts/inventory'
import { ReservationLine } from '@holdfast/contracts/reservation'
import { appendEvents } from '@holdfast/events'
import { type CallContext, faultPoint, fingerprint, operationId } from '@holdfast/service'

import { createdEvent } from '../events'
import type { Parts } from '../parts'
import type { ReservationRow } from '../reservation'
import { insertActive } from '../sql/insert-part'
import type { EntryRow } from './entry'
import { offeredEvent } from './events'
import { countEntries } from './metrics'
import { lockEntry, moveEntry, nextAttempt } from './sql/entries'
import { lockLine, takeFromLine } from './sql/lines'

/** Of the hold and reservation of one attempt: however often it is made, it is the same. */
export function reservationIdOf({ id, attempt }: Pick<EntryRow, 'id' | 'attempt'>): string {
  return operationId(id, 'waitlist', String(attempt))
}

export function fingerprintOf({ id, attempt, sku, quantity }: EntryRow): string {
  return fingerprint(['waitlist', id, attempt, sku, quantity])
}

/** OFFERED: it has its reservation, now or already; AGAIN: this attempt is over; GONE: it does not wait any more. */
export type Offered = 'OFFERED' | 'AGAIN' | 'GONE'

/**
 * Reservation, entry and both events in one transaction. The entry's lock decides: whoever else offers the same meets what was done, and
 * what nobody waits for any more is released.
 * @param entry as it was when its units were held
 */
export async function offer(parts: Parts, entry: EntryRow, hold: Hold, ctx: CallContext): Promise<Offered> {
  const row = reservationOf(parts, entry, hold)
  const { outcome, isNew } = await parts.database.transaction(async (client): Promise<{ outcome: Offered; isNew: boolean }> => {
    await lockLine(client, entry.sku)
    const before = await lockEntry(client, entry.id)
    if (before?.reservationId === hold.id) return { outcome: 'OFFERED', isNew: false }
    if (before?.status !== 'WAITING' || before.attempt !== entry.attempt) return { outcome: 'GONE', isNew: false }
    // Its time is over, or the search for orphans has claimed its id.
    if (hold.state !== Hold_State.HELD || !(await insertActive(client, row))) {
      await nextAttempt(client, entry.id)
      return { outcome: 'AGAIN', isNew: false }
    }
    const after = await moveEntry(client, entry.id, 'OFFERED', hold.id)
    await takeFromLine(client, entry.sku, entry.quantity, false)
    await appendEvents(client, [createdEvent(row, ctx), offeredEvent(before, after, row.expiresAt, ctx)])
    return { outcome: 'OFFERED', isNew: true }
  })
  if (isNew) {
    countEntries('offered')
    parts.published()
    parts.expect(row.expiresAt)
    await faultPoint('waitlist.offered')
  } else if (outcome !== 'OFFERED' && hold.state === Hold_State.HELD) {
    await parts.holds.release({ id: hold.id, endProtection: false }, ctx)
  }
  return outcome
}

function reservationOf({ waitlist }: Parts, entry: EntryRow, hold: Hold): ReservationRow {
  const createdAt = hold.createdAt ?? new Date()
  return {
    id: hold.id,
    userId: entry.userId,
    status: 'ACTIVE',
    fingerprint: fingerprintOf(entry),
    lines: hold.lines.map((line) => ReservationLine.toJSON(line)),
    expiresAt: hold.expiresAt ?? createdAt,
    ttlSeconds: waitlist.ttlSeconds,
    createdAt,
    updatedAt: createdAt,
    version: 1,
    holdVersion: hold.version,
    // Nobody changes the lines of a hold that has no reservation yet.
    linesVersion: 1,
    fills: hold.fills,
    due: false,
  }
}
