/** What sweepers ask of their table; the functions are in migrations/0102_sweep.sql, which says what they lock. */
import type { Pool } from 'pg'

import { runQuery } from './run-query'

/** What one sweeper has in hand. */
export interface Claim {
  id: string
  reservations: string[]
}

/**
 * Claims ACTIVE reservations whose time is past, the oldest first: until the claim is over nobody else sweeps them.
 * @returns undefined: nothing is due
 */
export async function claimDue(pool: Pool, limit: number, claimMs: number): Promise<Claim | undefined> {
  const rows = await runQuery<Claim>(pool, 'select claim as id, ids as reservations from claim_due($1, $2)', [limit, claimMs])
  return rows[0]
}

/** Gives up a claim: what is still due of it can be claimed again. */
export async function endClaim(pool: Pool, id: string): Promise<void> {
  await runQuery(pool, 'delete from sweep_claims where id = $1', [id])
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

/** How long until the next reservation can be claimed, in ms; undefined: there is none. Locks nothing. */
export async function msUntilDue(pool: Pool): Promise<number | undefined> {
  const rows = await runQuery<{ ms: number | null }>(pool, 'select ms_until_due() as ms', [])
  return rows[0]?.ms ?? undefined
}
