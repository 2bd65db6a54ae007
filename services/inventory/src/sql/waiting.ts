import type { WaitingUnits } from '@holdfast/contracts/inventory'
import type { Pool, PoolClient } from 'pg'

/**
 * Takes over what is not older than what is known.
 * Locks: the rows, by SKU; who holds them for a hold has all its levels already, so nobody waits in a circle.
 */
export async function updateWaiting(pool: Pool, waiting: WaitingUnits[]): Promise<void> {
  await pool.query(
    `insert into waiting (sku, units, version)
     select * from unnest($1::text[], $2::bigint[], $3::bigint[]) as n (sku, units, version) order by sku
     on conflict (sku) do update set units = excluded.units, version = excluded.version
     where waiting.version < excluded.version or (waiting.version = excluded.version and waiting.units <> excluded.units)`,
    [waiting.map(({ sku }) => sku), waiting.map(({ units }) => units), waiting.map(({ version }) => version)],
  )
}

/** Locks: what hold_batch locks of what waits, after the owners, as it does. */
export async function lockWaiting(client: PoolClient, skus: ReadonlySet<string>): Promise<void> {
  await client.query('select lock_waiting($1::text[])', [[...skus]])
}
