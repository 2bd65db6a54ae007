/** What people are told of, decided from events alone. */
import { OrderConfirmed } from '@holdfast/contracts/order'
import {
  type Reservation,
  ReservationChanged,
  ReservationCreated,
  ReservationExtended,
  WaitlistEntryOffered,
} from '@holdfast/contracts/reservation'
import type { PublishedEvent } from '@holdfast/events'

import type { NoticeRow } from '../sql/notices'

/** In ms. */
export interface NoticeRules {
  /** A reservation is about to lapse so long before its end. */
  reminderMs: number
  /** Nobody is told of an order that was confirmed longer ago. */
  maxAgeMs: number
}

/** A notice as an event leaves it; DROPPED: there is nothing to tell any more, also if older events come later. */
export type Notice = Pick<
  NoticeRow,
  'kind' | 'subject' | 'version' | 'status' | 'user_id' | 'content' | 'send_at' | 'useless_at' | 'problem'
>

const decide: Record<string, ((event: PublishedEvent, rules: NoticeRules) => Notice[]) | undefined> = {
  'holdfast.order.confirmed.v1': orderConfirmed,
  'holdfast.reservation.created.v1': (event, rules) => lapsing(event, ReservationCreated.fromJSON(event.data).after, rules),
  // It may tell of another end, too.
  'holdfast.reservation.changed.v1': (event, rules) => lapsing(event, ReservationChanged.fromJSON(event.data).after, rules),
  'holdfast.reservation.extended.v1': (event, rules) => lapsing(event, ReservationExtended.fromJSON(event.data).after, rules),
  'holdfast.reservation.committed.v1': ended,
  'holdfast.reservation.cancelled.v1': ended,
  'holdfast.reservation.expired.v1': ended,
  'holdfast.waitlist_entry.offered.v1': offered,
  'holdfast.waitlist_entry.fulfilled.v1': (event) => [over(event, 'WAITLIST_OFFERED', 'what was offered was bought')],
  'holdfast.waitlist_entry.lapsed.v1': (event) => [over(event, 'WAITLIST_OFFERED', 'what was offered has lapsed')],
}

/** The events that are of interest here. */
export const noticeTypes: readonly string[] = Object.keys(decide)

/** The notices of a batch, the newest of each. */
export function noticesOf(events: readonly PublishedEvent[], rules: NoticeRules): Notice[] {
  const newest = new Map<string, Notice>()
  for (const notice of events.flatMap((event) => decide[event.type]?.(event, rules) ?? [])) {
    const key = `${notice.kind} ${notice.subject}`
    const other = newest.get(key)
    if (other === undefined || other.version < notice.version) newest.set(key, notice)
  }
  return [...newest.values()]
}

function orderConfirmed(event: PublishedEvent, { maxAgeMs }: NoticeRules): Notice[] {
  const { after } = OrderConfirmed.fromJSON(event.data)
  if (after === undefined) return []
  const lines = after.lines.map(({ sku, quantity }) => ({ sku, quantity }))
  const total = after.total && { currency: after.total.currency, amountMinor: after.total.amountMinor.toString() }
  return [
    {
      kind: 'ORDER_CONFIRMED',
      subject: event.subject,
      version: event.version,
      status: 'WAITING',
      user_id: after.userId,
      content: { lines, total },
      send_at: event.at,
      useless_at: new Date(event.at.getTime() + maxAgeMs),
      problem: '',
    },
  ]
}

function lapsing(event: PublishedEvent, after: Reservation | undefined, { reminderMs }: NoticeRules): Notice[] {
  if (after?.expiresAt === undefined) return []
  const end = after.expiresAt
  // Whoever has just reserved for a moment needs no reminder.
  const short = end.getTime() - event.at.getTime() < 2 * reminderMs
  return [
    {
      kind: 'RESERVATION_LAPSING',
      subject: event.subject,
      version: event.version,
      status: short ? 'DROPPED' : 'WAITING',
      user_id: after.userId,
      content: { lines: after.lines.map(({ sku, quantity }) => ({ sku, quantity })), expiresAt: end.toISOString() },
      send_at: new Date(end.getTime() - reminderMs),
      useless_at: end,
      problem: short ? 'it lives too short for a reminder' : '',
    },
  ]
}

function ended(event: PublishedEvent): Notice[] {
  return [over(event, 'RESERVATION_LAPSING', 'the reservation has ended')]
}

function offered(event: PublishedEvent): Notice[] {
  const { after, expiresAt } = WaitlistEntryOffered.fromJSON(event.data)
  if (after === undefined || expiresAt === undefined) return []
  const { sku, quantity, userId } = after
  return [
    {
      kind: 'WAITLIST_OFFERED',
      subject: event.subject,
      version: event.version,
      status: 'WAITING',
      user_id: userId,
      content: { lines: [{ sku, quantity }], expiresAt: expiresAt.toISOString() },
      send_at: event.at,
      useless_at: expiresAt,
      problem: '',
    },
  ]
}

function over(event: PublishedEvent, kind: Notice['kind'], problem: string): Notice {
  return {
    kind,
    subject: event.subject,
    version: event.version,
    status: 'DROPPED',
    user_id: '',
    content: { lines: [] },
    send_at: event.at,
    useless_at: event.at,
    problem,
  }
}
