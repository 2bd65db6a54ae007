import type { Pool } from 'pg'

import { runQuery } from './run-query'

/**
 * Those of the holds that have a row in `reservations`, whose beginning is the hold's, with its status; in no order. Locks nothing.
 *
 * By beginning and id, not by id alone: holds come in the order of their age, and so stand on neighbouring pages of that
 * index and of the table. Ids are hashes: a thousand of them are a thousand pages of the index by id, which push out of the
 * buffers what those who reserve are about to need. One that is not found here is to be looked for by its id.
 */
export async function findMade(pool: Pool, holds: { id: string; createdAt: Date }[]): Promise<{ id: string; status: string }[]> {
  return runQuery(
    pool,
    // The row at or after the place asked for is the one, or there is none there. Any other form would leave the choice of
    // the index to the planner.
    `select r.id, r.status
     from unnest($1::uuid[], $2::timestamptz[]) as h (id, at)
     cross join lateral (
       select a.id, a.status from reservations a where (a.created_at, a.id) >= (h.at, h.id) order by a.created_at, a.id limit 1
     ) r
     where r.id = h.id`,
    [holds.map(({ id }) => id), holds.map(({ createdAt }) => createdAt)],
    'find-made',
  )
}
