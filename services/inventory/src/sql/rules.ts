/** A product's rules, as against those who hold it meanwhile: a hold is made by the rules that it finds under its levels' locks. */
import { isDeepStrictEqual } from 'node:util'
import { DatabaseError, type PoolClient } from 'pg'

import type { Place } from './move-units'

/** Others changed what is to be locked while it was being locked: nothing is done, and the transaction is run again. */
export class RulesMoved extends Error {}

const lockNotAvailable = '55P03'
/** Well below `deadlock_timeout`, which is a second. */
const patienceMs = 200

const levelsOf = `
  select s.sku, s.warehouse from stock_levels s
  where s.sku = any ($1::text[]) or s.sku in (select b.sku from bundle_parts b where b.bundle = any ($1::text[]))
  order by s.sku, s.warehouse`

/**
 * Locks: all levels of the products, of bundles those of their parts, by (sku, warehouse), then the products by SKU, so that nobody makes
 * them other levels until the commit. Who plans a hold by the rules from before finds another version under the locks.
 * @throws RulesMoved
 */
export async function lockRules(client: PoolClient, skus: string[]): Promise<void> {
  const { rows: locked } = await client.query<Place>(`${levelsOf} for no key update of s`, [skus])
  // Whoever makes a product another level has it (a foreign key) and may want levels that are ours: whoever waits here does so
  // for less than PostgreSQL takes to look for circles.
  await withPatience(client, skus, async () =>
    client.query('select from products where sku = any ($1::text[]) order by sku for update', [skus]),
  )
  // Parts change with the version of the product, which is ours now: what is there stays. As many may be others.
  const { rows: there } = await client.query<Place>(levelsOf, [skus])
  if (!isDeepStrictEqual(there, locked)) throw new RulesMoved(`${skus.join(', ')}: their levels changed`)
}

/**
 * Locks products while others may wait for what is locked already, so that nobody waits in a circle.
 * @throws RulesMoved where they are locked for longer than a moment
 */
export async function withPatience(client: PoolClient, skus: readonly string[], lock: () => Promise<unknown>): Promise<void> {
  const { rows: settings } = await client.query<{ before: string }>(`select current_setting('lock_timeout') as before`)
  await client.query(`select set_config('lock_timeout', '${patienceMs}', true)`)
  await lock().catch((error: unknown) => {
    throw error instanceof DatabaseError && error.code === lockNotAvailable
      ? new RulesMoved(`${skus.join(', ')}: being changed`)
      : error
  })
  await client.query(`select set_config('lock_timeout', $1, true)`, [settings[0]?.before ?? '0'])
}
