import { appendEvents } from '@holdfast/events'
import { type CallContext, HoldfastError, notFound } from '@holdfast/service'
import type { PoolClient } from 'pg'

import type { Parts } from '../parts'
import type { EntryRow } from './entry'
import { endedEvent } from './events'
import type { Joined } from './join'
import { getEntry } from './list'
import { countEntries } from './metrics'
import { lockEntries, moveEntries } from './sql/entries'
import { lockLine, takeFromLine } from './sql/lines'

/**
 * Leaves the line; a second time is a replay. The entry's lock decides between this and an offer.
 * @throws ILLEGAL_TRANSITION when it was offered, or is over
 */
export async function leave(parts: Parts, id: string, ctx: CallContext): Promise<Joined> {
  const { row: found } = await getEntry(parts, id, ctx)
  const left = await parts.database.transaction(async (client) => leaveLine(client, found, ctx))
  if (!left.replayed) {
    countEntries('left')
    parts.published()
    parts.wakeWaitlist()
  }
  return left
}

async function leaveLine(client: PoolClient, { id, sku, quantity }: EntryRow, ctx: CallContext): Promise<Joined> {
  await lockLine(client, sku)
  const [row] = await lockEntries(client, [id])
  // It was dropped for its age in this very moment.
  if (row === undefined) throw notFound('waitlist entry', id)
  if (row.status === 'LEFT') return { row, replayed: true }
  if (row.status !== 'WAITING') throw tooLate(row)
  const after = (await moveEntries(client, [{ id, status: 'LEFT' }])).get(id) ?? row
  await takeFromLine(client, sku, quantity, true)
  await appendEvents(client, [endedEvent('LEFT', row, after, ctx)])
  return { row: after, replayed: false }
}

function tooLate({ status, reservationId }: EntryRow): HoldfastError {
  const why =
    status === 'OFFERED'
      ? `It was offered to you: reservation ${reservationId} is yours until it is checked out, cancelled or expired`
      : `This entry is ${status.toLowerCase()}`
  return new HoldfastError('ILLEGAL_TRANSITION', why)
}
