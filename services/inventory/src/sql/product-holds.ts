import type { Pool } from 'pg'

export interface ProductHoldRow {
  hold_id: string
  line: number
  warehouse: string
  quantity: number
  promised: number
  /** '' where it is no part of one. */
  bundle: string
  owner: string
  created_at: Date
  expires_at: Date
  /** Of expires_at, in microseconds: a Date has no more than milliseconds. */
  cursor: string
  lapsed: boolean
  protected: boolean
  age_seconds: number
  seconds_left: number
  now: Date
}

export interface ProductHoldsQuery {
  sku: string
  /** '' for all. */
  warehouse: string
  /** Undefined: both. */
  lapsed: boolean | undefined
  /** The last row of the page before. */
  after: { cursor: string; warehouse: string; holdId: string; line: string } | undefined
  limit: number
}

/**
 * HELD lines of a product by (expires_at, warehouse, hold, line). Locks nothing. From each level come at most `limit` of them, by hold_lines_held
 * from where the page begins: however many hold a SKU, a page costs what it shows. The clock stands in a subquery, as in
 * read_availability.
 */
export async function listProductHoldRows(pool: Pool, query: ProductHoldsQuery): Promise<ProductHoldRow[]> {
  const { sku, warehouse, lapsed, after, limit } = query
  const { rows } = await pool.query<ProductHoldRow>({
    name: 'list_product_holds',
    text: `
      with clock as materialized (select clock_timestamp() as now), page as materialized (
        select l.* from stock_levels s
        cross join lateral (
          select d.hold_id, d.line, d.warehouse, d.quantity, d.promised, coalesce(d.bundle, '') as bundle, d.expires_at from hold_lines d
          where d.held and d.sku = s.sku and d.warehouse = s.warehouse
            and d.expires_at > (select case when $3 is false then now else '-infinity' end from clock)
            and d.expires_at <= (select case when $3 is true then now else 'infinity' end from clock)
            and d.expires_at >= to_timestamp(coalesce($4::bigint, 0) / 1000000.0)
            and (d.expires_at, d.warehouse, d.hold_id, d.line)
              > (to_timestamp(coalesce($4::bigint, 0) / 1000000.0), $5::text collate "C", $6::uuid, $7::integer)
          order by d.expires_at, d.hold_id, d.line limit $8
        ) l
        where s.sku = $1 and ($2 = '' or s.warehouse = $2)
        order by l.expires_at, l.warehouse, l.hold_id, l.line limit $8
      )
      select p.*, h.owner, h.created_at, (extract(epoch from p.expires_at) * 1000000)::bigint::text as cursor,
             p.expires_at <= c.now as lapsed, coalesce(h.protected_until > c.now, false) as protected,
             floor(extract(epoch from c.now - h.created_at))::integer as age_seconds,
             floor(extract(epoch from p.expires_at - c.now))::integer as seconds_left, c.now
      from page p join holds h on h.id = p.hold_id cross join clock c
      order by p.expires_at, p.warehouse, p.hold_id, p.line`,
    values: [
      sku,
      warehouse,
      lapsed ?? null,
      after?.cursor,
      after?.warehouse ?? '',
      after?.holdId ?? '00000000-0000-0000-0000-000000000000',
      after?.line ?? 0,
      limit,
    ],
  })
  return rows
}

/** Of the database, by which holds lapse. */
export async function readClock(pool: Pool): Promise<Date | undefined> {
  const { rows } = await pool.query<{ now: Date }>('select clock_timestamp() as now')
  return rows[0]?.now
}
