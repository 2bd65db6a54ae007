import type { Pool, PoolClient } from 'pg'

import type { Projection } from './activity-projections'

/** A length of buckets, in PostgreSQL's word for it. */
export type BucketUnit = 'minute' | 'hour' | 'day'

/** Sums of one bucket. */
export interface FiguresRow {
  start: Date
  created: bigint
  committed: bigint
  cancelled: bigint
  expired: bigint
  units: bigint
  confirmed: bigint
  ordersCancelled: bigint
}

/** In minor units. */
export interface MoneyRow {
  start: Date
  currency: string
  revenue: bigint
  refunds: bigint
}

export interface SkuRow {
  sku: string
  currency: string
  unitsReserved: bigint
  unitsSold: bigint
  revenue: bigint
}

/** Of one projection, in a time that begins and ends with a bucket. */
export interface FiguresRange {
  generation: number
  from: Date
  to: Date
}

/** Everything read after this is as of one moment. @param client in a transaction that has done nothing yet */
export async function openFigures(client: PoolClient): Promise<{ live: Projection; building: Projection | undefined }> {
  await client.query('set transaction isolation level repeatable read, read only')
  const { rows } = await client.query<Projection>(
    `select generation, state, sequence from activity_projections where state in ('LIVE', 'BUILDING')`,
  )
  const live = rows.find(({ state }) => state === 'LIVE')
  if (live === undefined) throw new Error('there are no activity figures to show')
  return { live, building: rows.find(({ state }) => state === 'BUILDING') }
}

/** Buckets in which something happened. Locks nothing, as everything here. */
export async function sumMinutes(
  client: PoolClient,
  { generation, from, to }: FiguresRange,
  unit: BucketUnit,
): Promise<FiguresRow[]> {
  const { rows } = await client.query<FiguresRow>(
    `select date_trunc($4, minute, 'UTC') as start, sum(reservations_created)::bigint as created,
            sum(reservations_committed)::bigint as committed, sum(reservations_cancelled)::bigint as cancelled,
            sum(reservations_expired)::bigint as expired, sum(units_reserved)::bigint as units,
            sum(orders_confirmed)::bigint as confirmed, sum(orders_cancelled)::bigint as "ordersCancelled"
     from activity_minutes where generation = $1 and minute >= $2 and minute < $3 group by 1`,
    [generation, from, to, unit],
  )
  return rows
}

/** By currency within each bucket. */
export async function sumMoney(
  client: PoolClient,
  { generation, from, to }: FiguresRange,
  unit: BucketUnit,
): Promise<MoneyRow[]> {
  const { rows } = await client.query<MoneyRow>(
    `select date_trunc($4, minute, 'UTC') as start, currency, ${asBigint('sum(revenue_minor)')} as revenue,
            ${asBigint('sum(refunds_minor)')} as refunds
     from activity_money where generation = $1 and minute >= $2 and minute < $3 group by 1, currency order by currency`,
    [generation, from, to, unit],
  )
  return rows
}

const measures = { revenue: 'revenue', unitsSold: '"unitsSold"', unitsReserved: '"unitsReserved"' } as const
export type Measure = keyof typeof measures

/** The first of each currency by a measure; amounts of different currencies are not compared. */
export async function topSkus(
  client: PoolClient,
  { generation, from, to }: FiguresRange,
  measure: Measure,
  top: number,
): Promise<SkuRow[]> {
  const by = measures[measure]
  const { rows } = await client.query<SkuRow>(
    `with sums as (
       select sku, currency, sum(units_reserved)::bigint as "unitsReserved", sum(units_sold)::bigint as "unitsSold",
              ${asBigint('sum(revenue_minor)')} as revenue
       from activity_skus where generation = $1 and minute >= $2 and minute < $3 group by sku, currency
     )
     select sku, currency, "unitsReserved", "unitsSold", revenue
     from (select *, row_number() over (partition by currency order by ${by} desc, sku) as place from sums where ${by} > 0) ranked
     where place <= $4 order by currency, place`,
    [generation, from, to, top],
  )
  return rows
}

/** How many records the figures that are shown do not have yet. */
export async function readActivityLag(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ lag: bigint }>(
    `select greatest(0, h.sequence - p.sequence) as lag from audit_head h, activity_projections p where p.state = 'LIVE'`,
  )
  return Number(rows[0]?.lag ?? 0n)
}

/** As much of a sum as an int64 holds. */
function asBigint(sum: string): string {
  return `least(${sum}, 9223372036854775807)::bigint`
}
