import type { Pool, PoolClient } from 'pg'

import type { ReservationRow } from '../reservation'
import { reservationColumns } from './columns'
import { runQuery } from './run-query'

/**
 * Those of the ids that exist, ABANDONED ones too, in no order: archived ones are read as before, and no id is ever used
 * again. Locks nothing; one statement, so one that is being archived is seen once.
 */
export async function findReservations(db: Pool | PoolClient, ids: string[]): Promise<ReservationRow[]> {
  return runQuery(
    db,
    `select ${reservationColumns} from reservations where id = any($1::uuid[])
     union all
     select ${reservationColumns} from archived_reservations where id = any($1::uuid[])`,
    [ids],
  )
}

/** A user's ACTIVE reservation, not due, that was asked for in the same words and still has those lines. Locks nothing. */
export async function findActiveAlike(pool: Pool, userId: string, fingerprint: string): Promise<ReservationRow | undefined> {
  const rows = await runQuery<ReservationRow>(
    pool,
    `select ${reservationColumns} from reservations
     where user_id = $1 and fingerprint = $2 and status = 'ACTIVE' and expires_at > clock_timestamp() and lines_version = 1
     order by created_at desc, id desc
     limit 1`,
    [userId, fingerprint],
  )
  return rows[0]
}

/** How many of a user's reservations with these words are over or have other lines by now, archived ones too: it never falls. Locks nothing. */
export async function countEndedAlike(pool: Pool, userId: string, fingerprint: string): Promise<number> {
  const rows = await runQuery<{ ended: number }>(
    pool,
    `select ((select count(*) from reservations
              where user_id = $1 and fingerprint = $2 and (status <> 'ACTIVE' or expires_at <= clock_timestamp() or lines_version > 1))
           + (select count(*) from archived_reservations where user_id = $1 and fingerprint = $2))::integer as ended`,
    [userId, fingerprint],
  )
  return rows[0]?.ended ?? 0
}
