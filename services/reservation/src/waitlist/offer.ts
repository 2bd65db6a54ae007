/** What was held for somebody in line becomes a reservation of theirs, or goes back. */
import { type Hold, Hold_State } from '@holdfast/contracts/inventory'
import { ReservationLine } from '@holdfast/contracts/reservation'
import { appendEvents } from '@holdfast/events'
import { asService, type CallContext, faultPoint, fingerprint, operationId } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { createdEvent } from '../events'
import { type Parts, serviceName } from '../parts'
import type { ReservationRow } from '../reservation'
import { abandonReservations, claimOf } from '../sql/abandon-reservations'
import { insertReservations } from '../sql/insert-reservations'
import type { EntryRow } from './entry'
import { offeredEvent } from './events'
import { countEntries } from './metrics'
import { lockEntries, moveEntries, nextAttempts } from './sql/entries'
import { lockLine, takeFromLine } from './sql/lines'

/** Of the hold and reservation of one attempt: however often it is made, it is the same. */
export function reservationIdOf({ id, attempt }: Pick<EntryRow, 'id' | 'attempt'>): string {
  return operationId(id, 'waitlist', String(attempt))
}

export function fingerprintOf({ id, attempt, sku, quantity }: EntryRow): string {
  return fingerprint(['waitlist', id, attempt, sku, quantity])
}

/** How long a release may take, in ms. */
const releaseMs = 5_000

/** What was held for somebody in line. */
export interface Held {
  /** As it was when its units were held. */
  entry: EntryRow
  hold: Hold
  /** It was held while one before it in line has no answer, whose units these may be: it gives them back. */
  ahead?: boolean
}

/** OFFERED: it has its reservation, now or already; AGAIN: this attempt is over; GONE: it does not wait any more. */
export type Offered = 'OFFERED' | 'AGAIN' | 'GONE'

/**
 * Reservations, entries and the events of both in one transaction. The entries' locks decide: whoever else offers the same meets what was
 * done, and what nobody waits for any more is released.
 * @param held all of one line @returns what became of each
 */
export async function offer(parts: Parts, sku: string, held: Held[], ctx: CallContext): Promise<Offered[]> {
  if (held.length === 0) return []
  const { outcomes, made } = await parts.database.transaction(async (client) => write(parts, client, sku, held, ctx))
  if (made.length > 0) {
    countEntries('offered', made.length)
    parts.published()
    for (const { expiresAt } of made) parts.expect(expiresAt)
    await faultPoint('waitlist.offered')
  }
  const lost = held.filter(({ hold }, index) => outcomes[index] !== 'OFFERED' && hold.state === Hold_State.HELD)
  if (lost.length > 0) {
    await giveBack(
      parts,
      lost.map(({ hold }) => hold),
      ctx,
    )
  }
  return outcomes
}

/**
 * Claimed first, as orphans are: a hold that has ended without a reservation would be a difference in the books for good. However long ago
 * the hold was made, its release has time: what is claimed and not released waits for the search for orphans.
 */
async function giveBack(parts: Parts, holds: readonly Hold[], ctx: CallContext): Promise<void> {
  const claimed = await abandonReservations(parts.database.pool, holds.map(claimOf))
  // The others have a reservation by now, or a claim that the search for orphans finishes.
  if (claimed.length === 0) return
  await faultPoint('waitlist.abandoned')
  await parts.holds.releaseAll(claimed, asService(ctx, serviceName, releaseMs))
}

async function write(
  parts: Parts,
  client: PoolClient,
  sku: string,
  held: Held[],
  ctx: CallContext,
): Promise<{ outcomes: Offered[]; made: ReservationRow[] }> {
  await lockLine(client, sku)
  const entries = await lockEntries(
    client,
    held.map(({ entry }) => entry.id),
  )
  const current = new Map(entries.map((row) => [row.id, row]))
  const known = held.map((one) => standingOf(one, current.get(one.entry.id)))
  const open = held.filter((_, index) => known[index] === 'OPEN')
  const rows = open.map((one) => reservationOf(parts, one))
  // Not those whose time is over by now, or whose id the search for orphans has claimed.
  const inserted =
    rows.length === 0
      ? new Set<string>()
      : await insertReservations(
          client,
          rows,
          rows.map((row) => createdEvent(row, ctx)),
        )
  const outcomes = known.map((standing, index): Offered => {
    if (standing !== 'OPEN') return standing
    return inserted.has(held[index]?.hold.id ?? '') ? 'OFFERED' : 'AGAIN'
  })
  await nextAttempts(
    client,
    held.flatMap(({ entry }, index) => (outcomes[index] === 'AGAIN' ? [entry.id] : [])),
  )
  const offered = open.filter(({ hold }) => inserted.has(hold.id))
  if (offered.length > 0) await move(client, sku, offered, current, ctx)
  return { outcomes, made: rows.filter(({ id }) => inserted.has(id)) }
}

/** Whether it can be offered. @param now under its lock */
function standingOf({ entry: seen, hold, ahead }: Held, now: EntryRow | undefined): Offered | 'OPEN' {
  if (now?.reservationId === hold.id) return 'OFFERED'
  if (now?.status !== 'WAITING' || now.attempt !== seen.attempt) return 'GONE'
  return hold.state === Hold_State.HELD && ahead !== true ? 'OPEN' : 'AGAIN'
}

/** The entries of reservations that are there now. @param current by id, under their locks */
async function move(
  client: PoolClient,
  sku: string,
  offered: Held[],
  current: ReadonlyMap<string, EntryRow>,
  ctx: CallContext,
): Promise<void> {
  const moved = await moveEntries(
    client,
    offered.map(({ entry: { id }, hold }) => ({ id, status: 'OFFERED', reservationId: hold.id })),
  )
  const units = offered.reduce((sum, { entry }) => sum + entry.quantity, 0)
  await takeFromLine(client, sku, units, false)
  await appendEvents(
    client,
    offered.map(({ entry, hold }) => {
      const [before, after] = [current.get(entry.id) ?? entry, moved.get(entry.id) ?? entry]
      return offeredEvent(before, after, hold.expiresAt ?? new Date(), ctx)
    }),
  )
}

function reservationOf({ waitlist }: Parts, { entry, hold }: Held): ReservationRow {
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
