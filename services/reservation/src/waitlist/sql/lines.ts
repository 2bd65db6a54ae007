/** The line of each SKU: how many units wait, and who serves it. Locked before its entries. */
import type { Pool, PoolClient } from 'pg'

import { runQuery } from '../../sql/run-query'

/** What inventory is told. */
export interface LineRow {
  sku: string
  units: bigint
  version: bigint
  /** Inventory knows it, and has heard so of late. */
  known: boolean
}

const untoldSince = 'case when l.told = l.version then clock_timestamp() else l.untold_since end'

/** Where levels change all the time and who waits does not fit, a line is served no more often than this, in ms. */
const restMs = 500
/** No later than it is due already. Without a time at which it was served, now. */
const soon = `least(l.look_at, greatest(clock_timestamp(), l.served_at + interval '${restMs} milliseconds'))`

/** So many more units wait, and somebody may be served. Makes the line if there is none. Locks: the line. */
export async function addToLine(client: PoolClient, sku: string, units: number): Promise<void> {
  await client.query(
    `insert into waitlist_lines as l (sku, units, nudged) values ($1, $2, true)
     on conflict (sku) do update
     set units = l.units + $2, version = l.version + 1, look_at = ${soon}, nudged = true, untold_since = ${untoldSince}`,
    [sku, units],
  )
}

/** Locks: the line. */
export async function lockLine(client: PoolClient, sku: string): Promise<void> {
  await client.query('select from waitlist_lines where sku = $1 for no key update', [sku])
}

/** So many fewer wait. The caller has the line's lock. @param due inventory is to be told; else whoever has the lease does it */
export async function takeFromLine(client: PoolClient, sku: string, units: number, due: boolean): Promise<void> {
  await client.query(
    `update waitlist_lines l
     set units = units - $2, version = version + 1, look_at = case when $3 then ${soon} else look_at end, nudged = nudged or $3,
         untold_since = ${untoldSince}
     where l.sku = $1`,
    [sku, units, due],
  )
}

/**
 * Somebody who waits for one of these may be served: now, or when the line has rested. It goes before those that only the scan has made due,
 * however many these are.
 * Locks: the lines, by SKU.
 */
export async function wakeLines(client: PoolClient, skus: string[]): Promise<number> {
  const { rowCount } = await client.query(
    `update waitlist_lines l set look_at = ${soon}, nudged = true
     from (select sku from waitlist_lines l
           where sku = any ($1::text[]) and units > 0 and (not nudged or look_at > ${soon})
           order by sku for no key update) due
     where l.sku = due.sku`,
    [skus],
  )
  return rowCount ?? 0
}

const nextDue = (which: string) => `
  select sku from waitlist_lines
  where ${which} and look_at <= (select clock_timestamp()) and (lease_until is null or lease_until <= (select clock_timestamp()))
  order by look_at limit 1 for no key update skip locked`

export interface Lease {
  id: string
  sku: string
}

/**
 * Takes the line that nobody serves and that has been due for the longest, a nudged one if there is any: until the lease is over it is left to
 * the caller. Whatever is missed is looked for again after `scanMs`.
 * Locks: the line, for a moment; skips those that others have.
 */
export async function leaseLine(pool: Pool, leaseMs: number, scanMs: number): Promise<Lease | undefined> {
  const [row] = await runQuery<Lease>(
    pool,
    `update waitlist_lines l
     set lease = gen_random_uuid(), lease_until = clock_timestamp() + $1 * interval '1 millisecond',
         look_at = clock_timestamp() + $2 * interval '1 millisecond', served_at = clock_timestamp(), nudged = false
     where l.sku = coalesce((${nextDue('nudged')}), (${nextDue('true')}))
     returning l.lease as id, l.sku`,
    [leaseMs, scanMs],
  )
  return row
}

/** @returns whether it is still the caller's; from now on for so long again */
export async function renewLease(pool: Pool, { id, sku }: Lease, leaseMs: number): Promise<boolean> {
  const rows = await runQuery(
    pool,
    `update waitlist_lines set lease_until = clock_timestamp() + $3 * interval '1 millisecond' where sku = $1 and lease = $2 returning sku`,
    [sku, id, leaseMs],
  )
  return rows.length === 1
}

/** Gives it back. A line in which nobody waits, and of which inventory knows that, is done. @param retryMs it failed: again then */
export async function endLease(pool: Pool, { id, sku }: Lease, retryMs?: number): Promise<void> {
  await runQuery(
    pool,
    `update waitlist_lines
     set lease = null, lease_until = null, nudged = nudged and not (units = 0 and told = version),
         look_at = case when units = 0 and told = version then 'infinity'
                        when $3::float8 is not null then clock_timestamp() + $3 * interval '1 millisecond'
                        else look_at end
     where sku = $1 and lease = $2`,
    [sku, id, retryMs ?? null],
  )
}

/** Locks nothing. @param tellAgainMs what inventory has heard longer ago counts as not known */
export async function findLine(pool: Pool, sku: string, tellAgainMs: number): Promise<LineRow | undefined> {
  const [row] = await runQuery<LineRow>(
    pool,
    `select sku, units, version, told = version and told_at > clock_timestamp() - $2 * interval '1 millisecond' as known
     from waitlist_lines where sku = $1`,
    [sku, tellAgainMs],
  )
  return row
}

/** Inventory has taken this version over. */
export async function noteTold(pool: Pool, { sku, version }: LineRow): Promise<void> {
  await runQuery(pool, 'update waitlist_lines set told = greatest(told, $2), told_at = clock_timestamp() where sku = $1', [
    sku,
    version,
  ])
}

/** How long until the next line can be leased, in ms; undefined: there is none. Locks nothing. */
export async function msUntilLineDue(pool: Pool): Promise<number | undefined> {
  const [row] = await runQuery<{ ms: number | null }>(
    pool,
    `select 1000 * extract(epoch from min(greatest(look_at, lease_until)) - clock_timestamp())::float8 as ms
     from (select look_at, lease_until from waitlist_lines where look_at < 'infinity' order by look_at limit 100) next`,
    [],
  )
  return row?.ms ?? undefined
}
