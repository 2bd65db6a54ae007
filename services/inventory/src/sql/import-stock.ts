/** Many levels at once. */
import type { Pool, PoolClient } from 'pg'

import { levelColumns, type LevelRow } from './levels'
import { Levels, type Place } from './move-units'

/** Those that are there. */
export async function findWarehouses(db: Pool | PoolClient, codes: string[]): Promise<Set<string>> {
  const { rows } = await db.query<{ code: string }>('select code from warehouses where code = any ($1::text[])', [codes])
  return new Set(rows.map(({ code }) => code))
}

/** Levels as they are, those that are not there yet as empty ones; units of due holds are not reserved any more (truth 11). Locks nothing. */
export async function readLevels(pool: Pool, places: readonly Place[]): Promise<Levels> {
  const { rows } = await pool.query<LevelRow>(
    `select p.sku, p.warehouse, coalesce(on_hand, 0) as on_hand, coalesce(reserved - due.units, 0) as reserved, coalesce(damaged, 0) as damaged,
            coalesce(quality, 0) as quality, coalesce(safety, 0) as safety, coalesce(promised, 0) as promised,
            coalesce(incoming, 0) as incoming, coalesce(free, 0) as free
     from unnest($1::text[], $2::text[]) as p (sku, warehouse)
     left join stock_levels s on s.sku = p.sku and s.warehouse = p.warehouse
     cross join lateral (
       select coalesce(sum(quantity - promised), 0)::integer as units from hold_lines l
       where l.sku = p.sku and l.warehouse = p.warehouse and held and expires_at <= (select clock_timestamp())
     ) due`,
    [places.map(({ sku }) => sku), places.map(({ warehouse }) => warehouse)],
  )
  return new Levels(rows)
}

/** Of locked levels; tells of them as every change does. @returns in their order */
export async function setSafeties(
  client: PoolClient,
  safeties: readonly (Place & { units: number })[],
  requestId: string,
): Promise<LevelRow[]> {
  const { rows } = await client.query<LevelRow>(
    `with changed as (
       update stock_levels s set safety = v.units, version = s.version + 1
       from unnest($1::text[], $2::text[], $3::integer[]) as v (sku, warehouse, units)
       where s.sku = v.sku and s.warehouse = v.warehouse
       returning s
     ), told as (
       select publish_levels(array_agg(s), $4) from changed
     )
     select (s).* from changed, told order by (s).sku, (s).warehouse`,
    [safeties.map(({ sku }) => sku), safeties.map(({ warehouse }) => warehouse), safeties.map(({ units }) => units), requestId],
  )
  return rows
}

/** The next numbers of the ledger, as many, for events without a movement; under the locks of the levels. */
export async function nextPlaces(client: PoolClient, count: number): Promise<bigint[]> {
  const { rows } = await client.query<{ place: bigint }>(
    `select nextval(pg_get_serial_sequence('ledger', 'place')) as place from generate_series(1, $1)`,
    [count],
  )
  return rows.map(({ place }) => place)
}

/** Levels after one, by SKU and warehouse. Locks nothing. */
export async function listLevels(pool: Pool, after: Place, limit: number): Promise<LevelRow[]> {
  const { rows } = await pool.query<LevelRow>(
    `select ${levelColumns} from stock_levels where (sku, warehouse) > ($1, $2) order by sku, warehouse limit $3`,
    [after.sku, after.warehouse, limit],
  )
  return rows
}
