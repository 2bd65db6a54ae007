/** What moves units by hand: levels locked in one order, the ledger and the levels written together. */
import { type CallContext, HoldfastError, invalidField, notFound } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { mostUnits } from '../validate'
import { insertMovements, type LedgerRow, type NewMovement } from './ledger'
import { levelColumns, type LevelRow } from './levels'

export interface Place {
  sku: string
  warehouse: string
}

/** Levels by SKU and warehouse; each that was asked for is there. */
export class Levels {
  private readonly rows = new Map<string, LevelRow>()

  constructor(rows: readonly LevelRow[]) {
    for (const row of rows) this.rows.set(`${row.sku}/${row.warehouse}`, row)
  }

  at({ sku, warehouse }: Place): LevelRow {
    const row = this.rows.get(`${sku}/${warehouse}`)
    if (row === undefined) throw new Error(`stock level ${sku}/${warehouse} is not there`)
    return row
  }
}

/**
 * Locks levels by (sku, warehouse) (truth 8). Those that are missing are made first, in the same order: whoever waits for one that is
 * being made holds none that was there before.
 * @throws NOT_FOUND for a product or warehouse that there is not, INVALID_ARGUMENT for a bundle, which has no stock of its own
 */
export async function lockPlaces(client: PoolClient, places: readonly Place[]): Promise<Levels> {
  const skus = places.map((place) => place.sku)
  const warehouses = places.map((place) => place.warehouse)
  await checkPlaces(client, skus, warehouses)
  await client.query(
    `insert into stock_levels (sku, warehouse, on_hand, reserved)
     select sku, warehouse, 0, 0
     from (select distinct sku collate "C" as sku, warehouse collate "C" as warehouse
           from unnest($1::text[], $2::text[]) as p (sku, warehouse)) p
     order by sku, warehouse
     on conflict do nothing`,
    [skus, warehouses],
  )
  const { rows } = await client.query<LevelRow>(
    `select ${levelColumns} from stock_levels
     where (sku, warehouse) in (select * from unnest($1::text[], $2::text[]))
     order by sku, warehouse for no key update`,
    [skus, warehouses],
  )
  return new Levels(rows)
}

async function checkPlaces(client: PoolClient, skus: string[], warehouses: string[]): Promise<void> {
  const { rows: products } = await client.query<{ sku: string; bundle: boolean }>(
    'select sku, bundle from products where sku = any ($1::text[])',
    [skus],
  )
  const bundles = new Map(products.map(({ sku, bundle }) => [sku, bundle]))
  for (const sku of skus) {
    const bundle = bundles.get(sku)
    if (bundle === undefined) throw notFound('product', sku)
    if (bundle) throw invalidField('sku', `${sku} is a bundle: its parts have the stock`)
  }
  const { rows } = await client.query<{ code: string }>('select code from warehouses where code = any ($1::text[])', [warehouses])
  const known = new Set(rows.map(({ code }) => code))
  for (const code of warehouses) if (!known.has(code)) throw notFound('warehouse', code)
}

/**
 * Writes movements of locked levels, moves the units, and tells of each level that changed.
 * @returns the movements that were not there already, and the levels that they changed
 * @throws INVALID_ARGUMENT when a level would have more units than it can
 */
export async function moveUnits(
  client: PoolClient,
  movements: NewMovement[],
  { actor, requestId }: Pick<CallContext, 'actor' | 'requestId'>,
): Promise<{ written: LedgerRow[]; levels: Levels }> {
  const written = await insertMovements(client, movements, actor)
  const { rows } = await client.query<LevelRow>(
    `with changed as (
       update stock_levels s
       set on_hand = s.on_hand + m.on_hand, damaged = s.damaged + m.damaged, quality = s.quality + m.quality,
           incoming = s.incoming + m.incoming, version = s.version + 1
       from (
         select sku, warehouse, sum(delta)::integer as on_hand,
                sum(quantity * ((to_account = 'DAMAGED')::integer - (from_account = 'DAMAGED')::integer))::integer as damaged,
                sum(quantity * ((to_account = 'QUALITY')::integer - (from_account = 'QUALITY')::integer))::integer as quality,
                sum(quantity * ((to_account = 'INCOMING')::integer - (from_account = 'INCOMING')::integer))::integer as incoming
         from ledger where id = any ($1::uuid[]) group by sku, warehouse
       ) m
       where s.sku = m.sku and s.warehouse = m.warehouse
       returning s
     ), told as (
       select publish_levels(array_agg(s), $2) from changed having count(*) > 0
     )
     select (s).* from changed left join told on true`,
    [written.map((row) => row.id), requestId],
  )
  for (const { sku, warehouse, on_hand, incoming } of rows) {
    if (on_hand <= mostUnits && incoming <= mostUnits) continue
    throw new HoldfastError('INVALID_ARGUMENT', `${sku} in ${warehouse} would have more than ${mostUnits} units`)
  }
  return { written, levels: new Levels(rows) }
}

/** The next number of the ledger, for an event of a SKU without a movement: later than all before it, under the level's lock. */
export async function nextPlace(client: PoolClient): Promise<bigint> {
  const { rows } = await client.query<{ place: bigint }>(`select nextval(pg_get_serial_sequence('ledger', 'place')) as place`)
  const place = rows[0]?.place
  if (place === undefined) throw new Error('the ledger has no sequence')
  return place
}

/** Of a locked level; tells of it as every change does. */
export async function setSafety(client: PoolClient, place: Place, units: number, requestId: string): Promise<LevelRow> {
  const { rows } = await client.query<LevelRow>(
    `with changed as (
       update stock_levels s set safety = $3, version = s.version + 1 where s.sku = $1 and s.warehouse = $2 returning s
     ), told as (
       select publish_levels(array_agg(s), $4) from changed
     )
     select (s).* from changed, told`,
    [place.sku, place.warehouse, units, requestId],
  )
  return new Levels(rows).at(place)
}
