import type { Hold } from '@holdfast/contracts/inventory'
import type { Pool } from 'pg'

import { runQuery } from './run-query'

/** An id to claim, with what is known of its hold. */
export interface Claim {
  id: string
  userId: string
  fingerprint: string
  createdAt: Date
}

export function claimOf({ id, owner, fingerprint, createdAt = new Date() }: Hold): Claim {
  return { id, userId: owner, fingerprint, createdAt }
}

/**
 * Claims ids for which there is no reservation, archived or not, and answers those that it claimed. From then on a create of that id meets
 * the claim, so the hold may be released.
 * Locks: the new keys, sorted by id, as the other batches of inserts. A create that is under way is waited for and wins.
 */
export async function abandonReservations(pool: Pool, claims: Claim[]): Promise<string[]> {
  const rows = await runQuery<{ id: string }>(
    pool,
    `insert into reservations (id, user_id, status, fingerprint, lines, expires_at, ttl_seconds, created_at, updated_at,
                               hold_version, sweep_after)
     select id, "userId", 'ABANDONED', fingerprint, '[]', now, 0, "createdAt", now, 0, now
     from jsonb_to_recordset($1::jsonb) as c (id uuid, "userId" text, fingerprint text, "createdAt" timestamptz),
          (select clock_timestamp() as now) as clock
     where not exists (select from archived_reservations a where a.id = c.id)
     order by id
     on conflict (id) do nothing
     returning id`,
    [JSON.stringify(claims)],
  )
  return rows.map((row) => row.id)
}
