import type { PoolClient } from 'pg'

import type { StockState } from '../stock/crossing'

export interface LevelRow {
  sku: string
  warehouse: string
  on_hand: number
  available: number
  version: bigint
}

export interface StateRow {
  sku: string
  /** Null: nothing was heard of it yet. */
  state: StockState | null
  available: number
  on_hand: number
  version: bigint
  /** The product's own threshold, in units; null: the service's. */
  low_at: number | null
  /** Of the newest event of the product that was heard. */
  product_version: bigint
}

/**
 * The states of SKUs, made where they are missing, and the levels behind them.
 * Locks: the states, by SKU, which stand for their levels too. Levels are read by a statement of its own, whose snapshot is
 * newer than the locks.
 * @param skus sorted
 */
export async function lockStates(
  client: PoolClient,
  skus: string[],
): Promise<{ states: Map<string, StateRow>; levels: Map<string, LevelRow[]> }> {
  await client.query({
    name: 'make-stock-states',
    text: 'insert into stock_states (sku) select unnest($1::text[]) on conflict do nothing',
    values: [skus],
  })
  const states = await client.query<StateRow>({
    name: 'lock-stock-states',
    text: `
      select sku, state, available, on_hand, version, low_at, product_version
      from stock_states where sku = any($1) order by sku for update`,
    values: [skus],
  })
  const levels = await client.query<LevelRow>({
    name: 'read-stock-levels',
    text: 'select sku, warehouse, on_hand, available, version from stock_levels where sku = any($1)',
    values: [skus],
  })
  return {
    states: new Map(states.rows.map((row) => [row.sku, row])),
    levels: Map.groupBy(levels.rows, (row) => row.sku),
  }
}

/** Under the locks of their states. */
export async function writeLevels(client: PoolClient, levels: LevelRow[]): Promise<void> {
  if (levels.length === 0) return
  await client.query({
    name: 'write-stock-levels',
    text: `
      insert into stock_levels (sku, warehouse, on_hand, available, version)
      select * from unnest($1::text[], $2::text[], $3::integer[], $4::integer[], $5::bigint[])
      on conflict (sku, warehouse) do update
      set on_hand = excluded.on_hand, available = excluded.available, version = excluded.version`,
    values: [
      levels.map((level) => level.sku),
      levels.map((level) => level.warehouse),
      levels.map((level) => level.on_hand),
      levels.map((level) => level.available),
      levels.map((level) => level.version),
    ],
  })
}

/** Under their locks. */
export async function writeStates(client: PoolClient, states: StateRow[]): Promise<void> {
  if (states.length === 0) return
  await client.query({
    name: 'write-stock-states',
    text: `
      update stock_states s
      set state = n.state, available = n.available, on_hand = n.on_hand, version = n.version, low_at = n.low_at,
          product_version = n.product_version
      from unnest($1::text[], $2::text[], $3::integer[], $4::integer[], $5::bigint[], $6::integer[], $7::bigint[])
        as n (sku, state, available, on_hand, version, low_at, product_version)
      where s.sku = n.sku`,
    values: [
      states.map((state) => state.sku),
      states.map((state) => state.state),
      states.map((state) => state.available),
      states.map((state) => state.on_hand),
      states.map((state) => state.version),
      states.map((state) => state.low_at),
      states.map((state) => state.product_version),
    ],
  })
}
