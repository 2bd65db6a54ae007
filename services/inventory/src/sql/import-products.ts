/** Many products at once, each statement by SKU (truth 8). */
import type { PoolClient } from 'pg'

import type { Update, Wanted } from '../files/plan-products'
import { defaultWarehouse } from '../validate'

const values = `unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::integer[], $7::integer[], $8::boolean[])
  as v (sku, name, description, currency, price_minor, low_stock_at, most_per_shopper, waitlist_first)`

const valuesOf = (products: readonly Wanted[]): unknown[] => [
  products.map(({ sku }) => sku),
  products.map(({ name }) => name),
  products.map(({ description }) => description),
  products.map(({ currency }) => currency),
  products.map((product) => String(product.price_minor)),
  products.map((product) => product.low_stock_at),
  products.map((product) => product.most_per_shopper),
  products.map((product) => product.waitlist_first),
]

/**
 * With their parts and, for those that are no bundles, an empty level in MAIN, as any product has one. Locks: the new rows, by SKU; who makes the
 * same one meanwhile waits, or is waited for, and holds nothing else yet.
 * @returns how many there are now that were not there; the others have neither level nor parts from here
 */
export async function insertProducts(client: PoolClient, products: readonly Wanted[]): Promise<number> {
  if (products.length === 0) return 0
  const { rows } = await client.query<{ sku: string }>(
    `insert into products (sku, name, description, currency, price_minor, low_stock_at, most_per_shopper, waitlist_first, bundle, created_by,
       fingerprint)
     select v.*, v.sku = any ($9::text[]), gen_random_uuid(), '' from ${values} order by v.sku collate "C"
     on conflict do nothing
     returning sku`,
    [...valuesOf(products), products.filter(({ parts }) => parts !== null).map(({ sku }) => sku)],
  )
  const made = new Set(rows.map(({ sku }) => sku))
  const ours = products.filter(({ sku }) => made.has(sku))
  await insertParts(client, ours)
  await client.query(
    `insert into stock_levels (sku, warehouse, on_hand, reserved)
     select p.sku, $2, 0, 0 from unnest($1::text[]) as p (sku) order by p.sku collate "C"`,
    [ours.filter(({ parts }) => parts === null).map(({ sku }) => sku), defaultWarehouse],
  )
  return made.size
}

/** Locks the rows of those that are there, by SKU; holds read their prices without waiting for it. */
export async function lockProducts(client: PoolClient, skus: readonly string[]): Promise<void> {
  await client.query('select from products where sku = any ($1::text[]) order by sku for no key update', [skus])
}

/** The rows must be locked; where parts change their rules (lockRules). */
export async function updateProducts(client: PoolClient, updates: readonly Update[]): Promise<void> {
  if (updates.length === 0) return
  await client.query(
    `update products p
     set name = v.name, description = v.description, currency = v.currency, price_minor = v.price_minor, low_stock_at = v.low_stock_at,
         most_per_shopper = v.most_per_shopper, waitlist_first = v.waitlist_first, version = p.version + 1, updated_at = clock_timestamp()
     from ${values} where p.sku = v.sku`,
    valuesOf(updates.map(({ wanted }) => wanted)),
  )
  const bundles = updates.filter(({ newParts }) => newParts).map(({ wanted }) => wanted)
  if (bundles.length === 0) return
  await client.query('delete from bundle_parts where bundle = any ($1::text[])', [bundles.map(({ sku }) => sku)])
  await insertParts(client, bundles)
}

async function insertParts(client: PoolClient, products: readonly Wanted[]): Promise<void> {
  const parts = products.flatMap(({ sku: bundle, parts }) =>
    (parts ?? []).map(({ sku, quantity }) => ({ bundle, sku, quantity })),
  )
  if (parts.length === 0) return
  await client.query(
    `insert into bundle_parts (bundle, sku, quantity)
     select p.* from unnest($1::text[], $2::text[], $3::integer[]) as p (bundle, sku, quantity) order by p.bundle collate "C", p.sku collate "C"`,
    [parts.map(({ bundle }) => bundle), parts.map(({ sku }) => sku), parts.map(({ quantity }) => quantity)],
  )
}
