import type { StockLevel } from '@holdfast/contracts/inventory'
import type { Pool, PoolClient } from 'pg'

export interface LevelRow {
  sku: string
  warehouse: string
  on_hand: number
  reserved: number
  damaged: number
  quality: number
  safety: number
  promised: number
  incoming: number
  /** What a new hold may have; below zero is none. */
  free: number
}

export const levelColumns = 'sku, warehouse, on_hand, reserved, damaged, quality, safety, promised, incoming, free'

export function toLevel(row: LevelRow): StockLevel {
  return {
    sku: row.sku,
    warehouse: row.warehouse,
    onHand: row.on_hand,
    reserved: row.reserved,
    available: Math.max(row.free, 0),
    withheld: row.on_hand - row.reserved - Math.max(row.free, 0),
    incoming: row.incoming,
    damaged: row.damaged,
    quality: row.quality,
    safety: row.safety,
    promised: row.promised,
  }
}

/** Makes the level if it is missing, then locks it: one row, so there is no order to keep. */
export async function lockLevel(client: PoolClient, sku: string, warehouse: string): Promise<LevelRow> {
  await client.query(
    'insert into stock_levels (sku, warehouse, on_hand, reserved) values ($1, $2, 0, 0) on conflict do nothing',
    [sku, warehouse],
  )
  const { rows } = await client.query<LevelRow>(
    `select ${levelColumns} from stock_levels where sku = $1 and warehouse = $2 for no key update`,
    [sku, warehouse],
  )
  const row = rows[0]
  if (row === undefined) throw new Error(`stock level ${sku}/${warehouse} is not there`)
  return row
}

export interface LevelMove {
  sku: string
  warehouse: string
  /** Of on_hand. */
  delta: number
  /** Of what is promised; 0. */
  promised?: number
}

/** Moves `on_hand` of locked levels, and what is promised of them, and tells of it. Update order does not matter: the rows are locked. */
export async function moveOnHand(client: PoolClient, moves: LevelMove[], requestId: string): Promise<LevelRow[]> {
  const { rows } = await client.query<LevelRow>(
    `with changed as (
       update stock_levels s set on_hand = s.on_hand + m.delta, promised = s.promised + m.promised, version = s.version + 1
       from (select sku, warehouse, sum(delta)::integer as delta, sum(promised)::integer as promised
             from unnest($1::text[], $2::text[], $3::integer[], $5::integer[]) as m (sku, warehouse, delta, promised)
             group by sku, warehouse) m
       where s.sku = m.sku and s.warehouse = m.warehouse
       returning s
     ), told as (
       select publish_levels(array_agg(s), $4) from changed
     )
     select (s).* from changed, told`,
    [
      moves.map((move) => move.sku),
      moves.map((move) => move.warehouse),
      moves.map((move) => move.delta),
      requestId,
      moves.map((move) => move.promised ?? 0),
    ],
  )
  return rows
}

/** The SKUs with the fewest units that nobody holds, before them any with more set aside than there is. Reads every level once; locks nothing. */
export async function findScarcest(pool: Pool, limit: number): Promise<string[]> {
  const { rows } = await pool.query<{ sku: string }>(
    `select sku from stock_levels group by sku
     order by bool_or(reserved + damaged + quality > on_hand) desc, sum(free), sku limit $1`,
    [limit],
  )
  return rows.map((row) => row.sku)
}

/** A SKU as a sales channel sees it; '' sees all warehouses. */
export interface View {
  sku: string
  channel: string
}

export interface SeenLevelRow extends LevelRow {
  channel: string
  known: 'YES' | 'NO_PRODUCT' | 'NO_CHANNEL'
  /** The level is that of a part of the bundle, of which one takes so many; null: it is no bundle. */
  part: string | null
  part_quantity: number | null
  /** Units that others than the waitlist may have over all warehouses, below zero is none; null: as many as are free. */
  spare: bigint | null
  /** Units that may still be promised there. */
  backorderable: number
}

/**
 * Levels of many SKUs as they can be reserved, each by what its channel sees in the channel's order: units of due holds count as free
 * (truth 11). One statement, so what a channel sees and what there is are of one moment. Locks nothing. The clock stands in
 * a subquery, read once: a volatile function is no index condition, and all holds of a SKU would be read.
 * @returns a row without a warehouse for what has no level, or is not known
 */
export async function readAvailability(pool: Pool, views: readonly View[]): Promise<SeenLevelRow[]> {
  const { rows } = await pool.query<SeenLevelRow>({
    name: 'read_availability',
    text: `
      select a.sku, a.channel, b.sku as part, b.quantity as part_quantity, coalesce(s.warehouse, '') as warehouse, coalesce(s.on_hand, 0) as on_hand,
             (coalesce(s.reserved, 0) - coalesce(d.due, 0))::integer as reserved,
             coalesce(s.damaged, 0) as damaged, coalesce(s.quality, 0) as quality, coalesce(s.safety, 0) as safety,
             (coalesce(s.promised, 0) - coalesce(d.due_promised, 0))::integer as promised, coalesce(s.incoming, 0) as incoming,
             (coalesce(s.free, 0) + coalesce(d.due, 0) + coalesce(d.due_promised, 0))::integer as free, spare.units as spare,
             case when p.backorder_warehouse = s.warehouse and not (p.waitlist_first and exists (select from waiting w where w.sku = p.sku and w.units > 0))
                  then greatest(p.backorder_cap - s.promised + coalesce(d.due_promised, 0), 0) else 0 end::integer as backorderable,
             case when a.channel <> '' and c.code is null then 'NO_CHANNEL' when p.sku is null then 'NO_PRODUCT' else 'YES' end as known
      from unnest($1::text[], $2::text[]) as a (sku, channel)
      left join products p on p.sku = a.sku
      left join channels c on c.code = a.channel
      left join bundle_parts b on p.bundle and b.bundle = p.sku
      left join lateral (
        select l.*, w.place from stock_levels l
        left join channel_warehouses w on w.channel = a.channel and w.warehouse = l.warehouse
        where l.sku = coalesce(b.sku, p.sku) and (a.channel = '' or w.place is not null)
      ) s on true
      left join lateral (
        select sum(l.quantity - l.promised) as due, sum(l.promised) as due_promised from hold_lines l
        where l.sku = s.sku and l.warehouse = s.warehouse and l.held and l.expires_at <= (select clock_timestamp())
      ) d on true
      left join lateral (
        select coalesce(sum(greatest(o.free + coalesce(due.units, 0), 0)), 0)::bigint - coalesce((select units from waiting where sku = f.sku), 0) as units
        from products f
        left join stock_levels o on o.sku = f.sku
        left join lateral (
          select sum(l.quantity) as units from hold_lines l
          where l.sku = o.sku and l.warehouse = o.warehouse and l.held and l.expires_at <= (select clock_timestamp())
        ) due on true
        where f.sku = coalesce(b.sku, p.sku) and f.waitlist_first
        group by f.sku
      ) spare on true
      order by a.sku, s.place, s.warehouse, b.sku`,
    values: [views.map((view) => view.sku), views.map((view) => view.channel)],
  })
  return rows
}
