/** Who stands in line. Whoever changes what waits has locked the line first (lines.ts), then the entry. */
import type { Pool, PoolClient } from 'pg'

import { runQuery } from '../../sql/run-query'
import type { EntryRow, EntryStatus } from '../entry'

const columns = `
  e.id, e.user_id as "userId", e.sku, e.quantity, e.channel, e.status, e.place, e.attempt, e.reservation_id as "reservationId",
  e.fingerprint, e.created_at as "createdAt", e.offered_at as "offeredAt", e.ended_at as "endedAt", e.version`

/** Locks nothing. */
export async function findEntry(db: Pool | PoolClient, id: string): Promise<EntryRow | undefined> {
  const [row] = await runQuery<EntryRow>(db, `select ${columns} from waitlist_entries e where e.id = $1`, [id])
  return row
}

/** The live one. Locks nothing. */
export async function findLiveEntry(db: Pool | PoolClient, userId: string, sku: string): Promise<EntryRow | undefined> {
  const [row] = await runQuery<EntryRow>(
    db,
    `select ${columns} from waitlist_entries e where e.user_id = $1 and e.sku = $2 and e.status in ('WAITING', 'OFFERED')`,
    [userId, sku],
  )
  return row
}

/** Locks: the user's place among those who join, until the commit: what is counted and looked for after it stays so. */
export async function lockUser(client: PoolClient, userId: string): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(hashtext('holdfast waitlist'), hashtext($1))`, [userId])
}

/** Locks nothing; the caller has the user's lock. */
export async function countLive(client: PoolClient, userId: string): Promise<number> {
  const { rows } = await client.query<{ live: number }>(
    `select count(*)::integer as live from waitlist_entries where user_id = $1 and status in ('WAITING', 'OFFERED')`,
    [userId],
  )
  return rows[0]?.live ?? 0
}

export type NewEntry = Pick<EntryRow, 'id' | 'userId' | 'sku' | 'quantity' | 'channel' | 'fingerprint'>

/** Its place is drawn behind the line's lock, which the caller has. */
export async function insertEntry(client: PoolClient, entry: NewEntry): Promise<EntryRow> {
  const { rows } = await client.query<EntryRow>(
    `insert into waitlist_entries as e (id, user_id, sku, quantity, channel, fingerprint)
     values ($1, $2, $3, $4, $5, $6) returning ${columns}`,
    [entry.id, entry.userId, entry.sku, entry.quantity, entry.channel, entry.fingerprint],
  )
  const [row] = rows
  if (row === undefined) throw new Error(`waitlist entry ${entry.id} was not written`)
  return row
}

/** Those that exist. Locks: the entries, by id, behind the lock of their line. */
export async function lockEntries(client: PoolClient, ids: string[]): Promise<EntryRow[]> {
  const { rows } = await client.query<EntryRow>(
    `select ${columns} from waitlist_entries e where e.id = any ($1::uuid[]) order by e.id for no key update`,
    [ids],
  )
  return rows
}

/** What an entry becomes next. */
export interface Move {
  id: string
  status: Exclude<EntryStatus, 'WAITING'>
  /** Of what is offered. */
  reservationId?: string
}

/** At the database's time; answers them by id. The caller has the entries' locks. */
export async function moveEntries(client: PoolClient, moves: Move[]): Promise<Map<string, EntryRow>> {
  const { rows } = await client.query<EntryRow>(
    `update waitlist_entries e
     set status = m.status, version = e.version + 1, reservation_id = coalesce(m.reservation_id, e.reservation_id),
         offered_at = case when m.status = 'OFFERED' then clock_timestamp() else e.offered_at end,
         ended_at = case when m.status = 'OFFERED' then null else clock_timestamp() end
     from unnest($1::uuid[], $2::text[], $3::uuid[]) as m (id, status, reservation_id)
     where e.id = m.id returning ${columns}`,
    [moves.map(({ id }) => id), moves.map(({ status }) => status), moves.map(({ reservationId }) => reservationId)],
  )
  if (rows.length < moves.length) throw new Error('waitlist entries were locked and are not there')
  return new Map(rows.map((row) => [row.id, row]))
}

/** The holds of these attempts are over, and nothing was made of them. The caller has the entries' locks. */
export async function nextAttempts(client: PoolClient, ids: string[]): Promise<void> {
  if (ids.length > 0) await client.query('update waitlist_entries set attempt = attempt + 1 where id = any ($1::uuid[])', [ids])
}

/** What did not fit of a channel in this round: whoever wants as much from there needs not be asked about. */
export type TooLarge = ReadonlyMap<string, number>

/** The next in line behind a place. Locks nothing. */
export async function findNext(pool: Pool, sku: string, after: bigint, tooLarge: TooLarge, limit: number): Promise<EntryRow[]> {
  return runQuery(
    pool,
    `select ${columns} from waitlist_entries e
     where e.sku = $1 and e.status = 'WAITING' and e.place > $2
       and not exists (select from unnest($3::text[], $4::integer[]) as t (channel, quantity)
                       where t.channel = e.channel and e.quantity >= t.quantity)
     order by e.place limit $5`,
    [sku, after, [...tooLarge.keys()], [...tooLarge.values()], limit],
  )
}

/** An entry whose reservation has ended, and what became of it by that. */
export interface EndedOffer {
  row: EntryRow
  status: 'FULFILLED' | 'LAPSED'
}

/**
 * Offers that are over: their reservation is, and no part of it that was to be checked out by itself is still under way.
 * Locks: the entries, and waits for none, so that replicas share the work.
 */
export async function lockEndedOffers(client: PoolClient, limit: number): Promise<EndedOffer[]> {
  const { rows } = await client.query<EntryRow & { outcome: EndedOffer['status'] }>(
    `select ${columns}, case when f.sold then 'FULFILLED' else 'LAPSED' end as outcome
     from waitlist_entries e
     cross join lateral (
       with recursive family as (
         select m.id, m.status from (
           select id, status from reservations where id = e.reservation_id
           union all
           select id, status from archived_reservations where id = e.reservation_id) m
         union all
         select p.id, p.status from family f
         cross join lateral (
           select id, status from reservations where parent_id = f.id
           union all
           select id, status from archived_reservations where parent_id = f.id) p
       )
       select bool_or(status = 'COMMITTED') as sold, bool_or(status = 'ACTIVE') as open from family
     ) f
     where e.status = 'OFFERED' and f.open is false
       -- Nearly all offers are open: their families are not looked for. One look by key each; a join might read all reservations.
       and coalesce((select r.status from reservations r where r.id = e.reservation_id), '') <> 'ACTIVE'
     order by e.offered_at limit $1
     for no key update of e skip locked`,
    [limit],
  )
  return rows.map(({ outcome, ...row }) => ({ row, status: outcome }))
}

/** What is undefined is not asked for. */
export interface EntryFilter {
  userId: string | undefined
  status: EntryStatus | undefined
  /** Only those of a lower place. */
  before: bigint | undefined
}

export type PlacedEntry = EntryRow & { position: number | null }

/**
 * Newest first; with their positions where it is one user's, who has few that wait: in everyone's, each would be counted through its
 * whole line. Locks nothing.
 */
export async function listEntries(pool: Pool, { userId, status, before }: EntryFilter, limit: number): Promise<PlacedEntry[]> {
  return runQuery(
    pool,
    `select ${columns}, case when $1::text is not null and e.status = 'WAITING' then (
              select count(*)::integer from waitlist_entries o where o.sku = e.sku and o.status = 'WAITING' and o.place <= e.place
            ) end as position
     from waitlist_entries e
     where ($1::text is null or e.user_id = $1) and ($2::text is null or e.status = $2) and ($3::bigint is null or e.place < $3)
     order by e.place desc limit $4`,
    [userId ?? null, status ?? null, before ?? null, limit],
  )
}

/** A line in its order, behind a place; those before the page are counted once. Locks nothing. */
export async function listLine(
  pool: Pool,
  sku: string,
  statuses: EntryStatus[],
  after: bigint,
  limit: number,
): Promise<(PlacedEntry & { ageSeconds: number })[]> {
  return runQuery(
    pool,
    `select ${columns}, extract(epoch from clock_timestamp() - e.created_at)::integer as "ageSeconds",
            case when e.status = 'WAITING' then (
              (select count(*) from waitlist_entries o where o.sku = $1 and o.status = 'WAITING' and o.place <= $3)
              + row_number() over (partition by e.status order by e.place)
            )::integer end as position
     from (select * from waitlist_entries where sku = $1 and status = any ($2::text[]) and place > $3 order by place limit $4) e
     order by e.place`,
    [sku, statuses, after, limit],
  )
}

/** How many wait before it, and itself. Locks nothing. */
export async function positionOf(db: Pool | PoolClient, { sku, status, place }: EntryRow): Promise<number | undefined> {
  if (status !== 'WAITING') return undefined
  const [row] = await runQuery<{ position: number }>(
    db,
    `select count(*)::integer as position from waitlist_entries where sku = $1 and status = 'WAITING' and place <= $2`,
    [sku, place],
  )
  return row?.position
}

/** Drops a part of what ended long ago. Locks: the entries, and waits for none. @returns how many */
export async function dropOldEntries(pool: Pool, afterHours: number, limit: number): Promise<number> {
  const rows = await runQuery(
    pool,
    `delete from waitlist_entries where id in (
       select id from waitlist_entries where ended_at < (select clock_timestamp()) - $1 * interval '1 hour'
       order by ended_at limit $2 for update skip locked)
     returning id`,
    [afterHours, limit],
  )
  return rows.length
}
