/** What becomes of entries, each change told once, in the transaction of the change (truth 5). */
import {
  WaitlistEntryFulfilled,
  WaitlistEntryJoined,
  WaitlistEntryLapsed,
  WaitlistEntryLeft,
  WaitlistEntryOffered,
} from '@holdfast/contracts/reservation'
import { createEvent, type NewEvent } from '@holdfast/events'
import type { CallContext } from '@holdfast/service'

import { type EndStatus, type EntryRow, toEntry } from './entry'

const asKept = (row: EntryRow) => toEntry(row, undefined)
const endings = { FULFILLED: WaitlistEntryFulfilled, LAPSED: WaitlistEntryLapsed, LEFT: WaitlistEntryLeft }

export function joinedEvent(row: EntryRow, ctx: CallContext): NewEvent {
  return entryEvent('joined', row, WaitlistEntryJoined.toJSON({ after: asKept(row) }), ctx)
}

/** @param expiresAt of the reservation */
export function offeredEvent(before: EntryRow, after: EntryRow, expiresAt: Date, ctx: CallContext): NewEvent {
  return entryEvent(
    'offered',
    after,
    WaitlistEntryOffered.toJSON({ before: asKept(before), after: asKept(after), expiresAt }),
    ctx,
  )
}

export function endedEvent(status: EndStatus, before: EntryRow, after: EntryRow, ctx: CallContext): NewEvent {
  const data = endings[status].toJSON({ before: asKept(before), after: asKept(after) })
  return entryEvent(status.toLowerCase(), after, data, ctx)
}

function entryEvent(past: string, row: EntryRow, data: unknown, ctx: CallContext): NewEvent {
  const type = `holdfast.waitlist_entry.${past}.v1`
  return createEvent({ type, data, key: row.id, subject: row.id, version: BigInt(row.version), ctx })
}
