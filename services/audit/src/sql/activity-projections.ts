import type { PoolClient } from 'pg'

import type { ActivityRecord, ActivitySums } from '../activity/fold'

/** One making of the figures. */
export interface Projection {
  generation: number
  state: 'BUILDING' | 'LIVE' | 'OLD' | 'GONE'
  /** Records up to this one are in its buckets. */
  sequence: bigint
}

/**
 * The one lock of the projections, taken before anything else of them: whoever has it, of all replicas, folds, or begins a
 * rebuild. Until the end of the transaction.
 * @returns false: another has it
 */
export async function tryLockProjections(client: PoolClient): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    `select pg_try_advisory_xact_lock(hashtext('holdfast activity')) as locked`,
  )
  return rows[0]?.locked === true
}

/** Waits for it: somebody folds one batch. */
export async function lockProjections(client: PoolClient): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(hashtext('holdfast activity'))`)
}

/** Those that have buckets, the first made first. Locks nothing. */
export async function readProjections(client: PoolClient): Promise<Projection[]> {
  const { rows } = await client.query<Projection>(
    `select generation, state, sequence from activity_projections where state <> 'GONE' order by generation`,
  )
  return rows
}

/** The one that was asked for by this operation, whatever has become of it since. Locks nothing. */
export async function findProjection(client: PoolClient, operationId: string): Promise<Projection | undefined> {
  const { rows } = await client.query<Projection>(
    `select generation, state, sequence from activity_projections where operation_id = $1`,
    [operationId],
  )
  return rows[0]
}

/** Begins another one, at the first record. Under the lock of the projections, and while none is BUILDING. */
export async function insertProjection(client: PoolClient, operationId: string | undefined): Promise<Projection> {
  const { rows } = await client.query<Projection>(
    `insert into activity_projections (generation, state, operation_id)
     select max(generation) + 1, 'BUILDING', $1 from activity_projections
     returning generation, state, sequence`,
    [operationId],
  )
  const [made] = rows
  if (made === undefined) throw new Error('no projection was made')
  return made
}

/**
 * The records behind a number, some at a time; what they say only where somebody counts it. Locks nothing. All who append
 * have the head row's lock until their commit, so numbers become visible in their order: none comes later before one that
 * was read.
 */
export async function readActivityRecords(
  client: PoolClient,
  behind: bigint,
  actions: readonly string[],
  limit: number,
): Promise<ActivityRecord[]> {
  const { rows } = await client.query<ActivityRecord>({
    name: 'read-activity-records',
    text: `
      select sequence, at, action, before->>'status' as "beforeStatus", case when action = any($2::text[]) then after end as after
      from audit_records where sequence > $1 order by sequence limit $3`,
    values: [behind, actions, limit],
  })
  return rows
}

/**
 * Adds sums to the buckets of a projection, and says up to which record they go, in one round trip.
 * Locks: its rows, which nobody else writes under the lock of the projections.
 */
export async function addActivity(client: PoolClient, generation: number, sums: ActivitySums, sequence: bigint): Promise<void> {
  const { minutes, money, skus } = sums
  await client.query({
    name: 'add-activity',
    text: `
      with counted as (
        insert into activity_minutes as m
        select $1, s.* from unnest($3::timestamptz[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
                                   $9::bigint[], $10::bigint[])
          as s (minute, created, committed, cancelled, expired, units, confirmed, orders_cancelled) order by s.minute
        on conflict (generation, minute) do update set
          reservations_created = m.reservations_created + excluded.reservations_created,
          reservations_committed = m.reservations_committed + excluded.reservations_committed,
          reservations_cancelled = m.reservations_cancelled + excluded.reservations_cancelled,
          reservations_expired = m.reservations_expired + excluded.reservations_expired,
          units_reserved = m.units_reserved + excluded.units_reserved,
          orders_confirmed = m.orders_confirmed + excluded.orders_confirmed,
          orders_cancelled = m.orders_cancelled + excluded.orders_cancelled
      ), paid as (
        insert into activity_money as m
        select $1, s.* from unnest($11::timestamptz[], $12::text[], $13::numeric[], $14::numeric[])
          as s (minute, currency, revenue, refunds) order by s.minute, s.currency
        on conflict (generation, minute, currency) do update set
          revenue_minor = m.revenue_minor + excluded.revenue_minor, refunds_minor = m.refunds_minor + excluded.refunds_minor
      ), sold as (
        insert into activity_skus as k
        select $1, s.* from unnest($15::timestamptz[], $16::text[], $17::text[], $18::bigint[], $19::bigint[], $20::numeric[])
          as s (minute, sku, currency, reserved, sold, revenue) order by s.minute, s.sku, s.currency
        on conflict (generation, minute, sku, currency) do update set
          units_reserved = k.units_reserved + excluded.units_reserved, units_sold = k.units_sold + excluded.units_sold,
          revenue_minor = k.revenue_minor + excluded.revenue_minor
      )
      update activity_projections set sequence = $2 where generation = $1`,
    values: [
      generation,
      sequence,
      minutes.map(({ minute }) => new Date(minute)),
      minutes.map((sum) => sum.reservationsCreated),
      minutes.map((sum) => sum.reservationsCommitted),
      minutes.map((sum) => sum.reservationsCancelled),
      minutes.map((sum) => sum.reservationsExpired),
      minutes.map((sum) => sum.unitsReserved),
      minutes.map((sum) => sum.ordersConfirmed),
      minutes.map((sum) => sum.ordersCancelled),
      money.map(({ minute }) => new Date(minute)),
      money.map((sum) => sum.currency),
      money.map((sum) => sum.revenue),
      money.map((sum) => sum.refunds),
      skus.map(({ minute }) => new Date(minute)),
      skus.map((sum) => sum.sku),
      skus.map((sum) => sum.currency),
      skus.map((sum) => sum.unitsReserved),
      skus.map((sum) => sum.unitsSold),
      skus.map((sum) => sum.revenue),
    ],
  })
}

/** Shows another projection from now on. Locks: both rows, under the lock of the projections. */
export async function switchProjections(client: PoolClient): Promise<void> {
  // One after the other: there is never more than one LIVE.
  await client.query(`update activity_projections set state = 'OLD' where state = 'LIVE'`)
  await client.query(`update activity_projections set state = 'LIVE' where state = 'BUILDING'`)
}

/** Clears some buckets of an OLD projection away. @returns whether there may be more */
export async function clearProjection(client: PoolClient, generation: number, limit: number): Promise<boolean> {
  let cleared = 0
  for (const table of ['activity_minutes', 'activity_money', 'activity_skus']) {
    const { rowCount } = await client.query(
      `delete from ${table} where ctid = any (array(select ctid from ${table} where generation = $1 limit $2))`,
      [generation, limit],
    )
    cleared += rowCount ?? 0
  }
  if (cleared > 0) return true
  await client.query(`update activity_projections set state = 'GONE' where generation = $1`, [generation])
  return false
}
