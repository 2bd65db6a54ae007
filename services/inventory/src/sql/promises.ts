/** Units that are promised beyond stock; migrations/0050_backorders.sql says what fill_promises locks and why that is safe. */
import type { Pool, PoolClient } from 'pg'

/** What is promised of a SKU, by warehouse. Locks nothing. */
export async function findPromises(client: PoolClient, sku: string): Promise<{ warehouse: string; promised: number }[]> {
  const { rows } = await client.query<{ warehouse: string; promised: number }>(
    'select warehouse, promised from stock_levels where sku = $1 and promised > 0 order by warehouse',
    [sku],
  )
  return rows
}

export async function warehouseIsThere(client: PoolClient, code: string): Promise<boolean> {
  const { rowCount } = await client.query('select from warehouses where code = $1', [code])
  return rowCount === 1
}

/** Unless it is there, or there is no such product, or it is a bundle. */
export async function makeLevel(client: PoolClient, sku: string, warehouse: string): Promise<void> {
  await client.query(
    `insert into stock_levels (sku, warehouse, on_hand, reserved)
     select sku, $2, 0, 0 from products where sku = $1 and not bundle
     on conflict do nothing`,
    [sku, warehouse],
  )
}

export interface PromisedLevel {
  sku: string
  warehouse: string
  /** Units are there that are not somebody's: a fill is owed. */
  owed: boolean
}

/** Levels with promises, those that owe a fill first. Reads a partial index of just these; locks nothing. */
export async function findPromisedLevels(pool: Pool, limit: number): Promise<PromisedLevel[]> {
  const { rows } = await pool.query<PromisedLevel>({
    name: 'find_promised_levels',
    text: `select sku, warehouse, on_hand > reserved + damaged + quality + safety as owed from stock_levels
           where promised > 0 order by owed desc, sku, warehouse limit $1`,
    values: [limit],
  })
  return rows
}

export interface Filled {
  hold_id: string
  /** Units. */
  filled: number
}

/** @param limit most lines @returns the holds that got some */
export async function fillPromises(
  client: PoolClient,
  { sku, warehouse }: Pick<PromisedLevel, 'sku' | 'warehouse'>,
  limit: number,
  requestId: string,
): Promise<Filled[]> {
  const { rows } = await client.query<Filled>({
    name: 'fill_promises',
    text: 'select * from fill_promises($1, $2, $3, $4)',
    values: [sku, warehouse, limit, requestId],
  })
  return rows
}

/**
 * What was promised to a sold hold and is not there will not come any more: the level owes it no longer. Under the locks of the hold and of its
 * levels; whoever moves the levels tells of them.
 * @returns units that were given up, by level
 */
export async function giveUpPromises(
  client: PoolClient,
  holdId: string,
): Promise<{ sku: string; warehouse: string; units: number }[]> {
  const { rows } = await client.query<{ sku: string; warehouse: string; units: number }>(
    `with given as (
       update hold_lines l set promise_place = null from holds h
       where h.id = $1 and l.created_at = h.created_at and l.hold_id = h.id and l.promise_place is not null
       returning l.sku, l.warehouse, l.promised
     )
     select sku, warehouse, sum(promised)::integer as units from given group by sku, warehouse order by sku, warehouse`,
    [holdId],
  )
  return rows
}
