import type { Hold } from '@holdfast/contracts/inventory'
import { createEvent } from '@holdfast/events'
import type { CallContext } from '@holdfast/service'
import type { Pool } from 'pg'

import { runQuery } from './run-query'

/** A hold that is EXPIRED, as inventory said. */
export type ExpiredHold = Pick<Hold, 'id' | 'version'> & { expiresAt: Date }

/**
 * Ends the reservations of these holds in one statement, each with its event; those that are not ACTIVE stay as they are.
 * @returns how many it ended
 * Locks: see expire_reservations in migrations/0102_sweep.sql.
 */
export async function expireReservations(pool: Pool, holds: ExpiredHold[], ctx: CallContext): Promise<number> {
  if (holds.length === 0) return 0
  // All that is the same for each of their events; the rest is made where the rows are.
  const event = createEvent({ type: 'holdfast.reservation.expired.v1', data: {}, key: '', subject: '', version: 0n, ctx })
  const rows = await runQuery<{ expired: number }>(
    pool,
    `select expire_reservations($1::uuid[], $2::timestamptz[], $3::integer[], $4, $5, $6, $7, $8, $9, $10) as expired`,
    [
      holds.map(({ id }) => id),
      holds.map(({ expiresAt }) => expiresAt),
      holds.map(({ version }) => version),
      event.type,
      event.topic,
      event.audit,
      event.actor.id,
      event.actor.role,
      event.requestId,
      event.traceparent,
    ],
    'expire-reservations',
  )
  return rows[0]?.expired ?? 0
}
