/** Writes what inventory's answers say about holds into their reservations, each change with its event (truth 5). */
import { appendEvents, type EventContext } from '@holdfast/events'
import type { Database } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { changedEvent } from './events'
import type { Operation } from './operation'
import type { ReservationRow } from './reservation'
import { lockReservations, updateReservations } from './sql/lock-reservations'
import { insertOperations } from './sql/operations'
import { type Change, type HoldNews, takeOver } from './take-over'

export interface Adoption {
  hold: HoldNews
  /** Its actor and request id go into the event. */
  ctx: EventContext
  /** To be remembered with it. */
  operation?: Operation | undefined
}

export interface Adopted {
  row: ReservationRow
  /** What this adoption changed; undefined: nothing, it was known before. */
  change: Change | undefined
}

/**
 * One transaction for all of them: locks by id, decides each by the adopt rule in the order given, writes rows, events and
 * keys. Repeatable: what is known already changes nothing.
 * @returns one for each adoption; undefined where there is no reservation
 */
export async function adoptAll(database: Database, adoptions: Adoption[]): Promise<(Adopted | undefined)[]> {
  return database.transaction(async (client) => adoptIn(client, adoptions))
}

/** In a transaction of the caller's. */
export async function adoptIn(client: PoolClient, adoptions: Adoption[]): Promise<(Adopted | undefined)[]> {
  const ids = [...new Set(adoptions.map(({ hold }) => hold.id))]
  const { rows, now } = await lockReservations(client, ids)
  const current = new Map(rows.map((row) => [row.id, row]))
  const written = new Map<string, ReservationRow>()
  const events: ReturnType<typeof changedEvent>[] = []
  const adopted = adoptions.map(({ hold, ctx }) => {
    const before = current.get(hold.id)
    if (before === undefined) return undefined
    const taken = takeOver(before, hold, now)
    if (taken === undefined) return { row: before, change: undefined }
    current.set(hold.id, taken.row)
    written.set(hold.id, taken.row)
    if (taken.change !== undefined) events.push(changedEvent(taken.change, before, taken.row, ctx))
    return taken
  })
  if (written.size > 0) await updateReservations(client, [...written.values()])
  await appendEvents(client, events)
  await insertOperations(client, operationsOf(adoptions))
  return adopted
}

function operationsOf(adoptions: Adoption[]) {
  return adoptions.flatMap(({ hold, operation }) => (operation === undefined ? [] : [{ ...operation, reservationId: hold.id }]))
}
