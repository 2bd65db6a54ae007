/** A product's rules, as against those who hold it meanwhile: a hold is made by the rules that it finds under its levels' locks. */
import { isDeepStrictEqual } from 'node:util'
import { DatabaseError, type PoolClient } from 'pg'

import type { Place } from './move-units'
import { findProduct, type ProductRow } from './products'

/** Others changed what is to be locked while it was being locked: nothing is done, and the transaction is run again. */
export class RulesMoved extends Error {}

const lockNotAvailable = '55P03'
/** Well below `deadlock_timeout`, which is a second. */
const patienceMs = 200

const levelsOf = `
  select s.sku, s.warehouse from stock_levels s
  where s.sku = $1 or s.sku in (select b.sku from bundle_parts b where b.bundle = $1)
  order by s.sku, s.warehouse`

/**
 * Locks: all levels of the product, of a bundle those of its parts, by (sku, warehouse), then the product, so that nobody makes it
 * another level until the commit. Who plans a hold by the rules from before finds another version under the locks.
 * @throws RulesMoved
 */
export async function lockRules(client: PoolClient, sku: string): Promise<ProductRow | undefined> {
  const { rows: locked } = await client.query<Place>(`${levelsOf} for no key update of s`, [sku])
  // Whoever makes the product another level has it (a foreign key) and may want levels that are ours: whoever waits here does so
  // for less than PostgreSQL takes to look for circles.
  const { rows: settings } = await client.query<{ before: string }>(`select current_setting('lock_timeout') as before`)
  await client.query(`select set_config('lock_timeout', '${patienceMs}', true)`)
  await client.query('select from products where sku = $1 for update', [sku]).catch((error: unknown) => {
    throw error instanceof DatabaseError && error.code === lockNotAvailable ? new RulesMoved(`${sku} is being changed`) : error
  })
  await client.query(`select set_config('lock_timeout', $1, true)`, [settings[0]?.before ?? '0'])
  // Parts change with the version of the product, which is ours now: what is there stays. As many may be others.
  const { rows: there } = await client.query<Place>(levelsOf, [sku])
  if (!isDeepStrictEqual(there, locked)) throw new RulesMoved(`the levels of ${sku} changed`)
  return findProduct(client, sku)
}
