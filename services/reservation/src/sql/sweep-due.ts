import type { Pool } from 'pg'

import { runQuery } from './run-query'

/**
 * Claims ACTIVE reservations whose time is past, the oldest first: until the claim is over nobody else sweeps them.
 * Locks: the rows it takes, and waits for none (SKIP LOCKED), so that replicas share the work and nobody waits in a circle.
 * `now()` rather than clock_timestamp(): an index can be searched by what does not change within the statement.
 */
export async function claimDue(pool: Pool, limit: number, claimMs: number): Promise<string[]> {
  const rows = await runQuery<{ id: string }>(
    pool,
    `with due as materialized (
       select id from reservations
       where status = 'ACTIVE' and sweep_after <= now()
       order by sweep_after
       limit $1
       for no key update skip locked
     )
     update reservations r set sweep_after = clock_timestamp() + $2 * interval '1 millisecond'
     from due
     where r.id = due.id
     returning r.id`,
    [limit, claimMs],
  )
  return rows.map((row) => row.id)
}

/** A reservation to look at again, and when, in ms from now. */
export interface Deferral {
  id: string
  afterMs: number
}

/**
 * Sets when claimed reservations are looked at again.
 * Locks: the reservations, by id.
 */
export async function deferSweep(pool: Pool, deferrals: Deferral[]): Promise<void> {
  if (deferrals.length === 0) return
  await runQuery(
    pool,
    `with locked as materialized (
       select r.id, d."afterMs"
       from reservations r join jsonb_to_recordset($1::jsonb) as d (id uuid, "afterMs" float8) on d.id = r.id
       where r.status = 'ACTIVE'
       order by r.id
       for no key update of r
     )
     update reservations r set sweep_after = clock_timestamp() + locked."afterMs" * interval '1 millisecond'
     from locked
     where r.id = locked.id`,
    [JSON.stringify(deferrals)],
  )
}

/** How long until the next reservation is due, in ms; undefined: there is none. Locks nothing. */
export async function msUntilDue(pool: Pool): Promise<number | undefined> {
  const rows = await runQuery<{ ms: number | null }>(
    pool,
    `select (extract(epoch from min(sweep_after) - clock_timestamp()) * 1000)::float8 as ms from reservations where status = 'ACTIVE'`,
    [],
  )
  return rows[0]?.ms ?? undefined
}
