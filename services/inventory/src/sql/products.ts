import type { BackorderPolicy, BundlePart, Product } from '@holdfast/contracts/inventory'
import type { Pool, PoolClient } from 'pg'

export interface ProductRow {
  sku: string
  name: string
  description: string
  currency: string
  price_minor: bigint
  low_stock_at: number | null
  most_per_shopper: number | null
  waitlist_first: boolean
  backorder_cap: number | null
  backorder_until: Date | null
  backorder_warehouse: string | null
  version: bigint
  created_at: Date
  updated_at: Date
  created_by: string
  fingerprint: string
  bundle: boolean
  /** By SKU; null: it is no bundle. */
  parts: BundlePart[] | null
}

const productRows = `
  select p.*, case when p.bundle then (
    select json_agg(json_build_object('sku', b.sku, 'quantity', b.quantity) order by b.sku) from bundle_parts b where b.bundle = p.sku
  ) end as parts
  from products p`

export function toProduct(row: ProductRow): Product {
  return {
    sku: row.sku,
    name: row.name,
    description: row.description,
    price: { currency: row.currency, amountMinor: row.price_minor },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    version: Number(row.version),
    lowStockAt: row.low_stock_at ?? undefined,
    parts: row.parts ?? [],
    mostPerShopper: row.most_per_shopper ?? undefined,
    waitlistFirst: row.waitlist_first,
    backorder:
      row.backorder_cap === null
        ? undefined
        : { cap: row.backorder_cap, until: row.backorder_until ?? undefined, warehouse: row.backorder_warehouse ?? '' },
  }
}

/** @param rule null: none */
export function backorderColumns(
  rule: BackorderPolicy | null,
): Pick<ProductRow, 'backorder_cap' | 'backorder_until' | 'backorder_warehouse'> {
  return {
    backorder_cap: rule?.cap ?? null,
    backorder_until: rule?.until ?? null,
    backorder_warehouse: rule?.warehouse ?? null,
  }
}

/** With its parts. Locks nothing; a racing insert of the same SKU waits on the primary key, and one of the two comes back empty. */
export async function insertProduct(
  client: PoolClient,
  product: Product,
  createdBy: string,
  fingerprint: string,
): Promise<ProductRow | undefined> {
  const { rowCount } = await client.query(
    `insert into products (sku, name, description, currency, price_minor, created_by, fingerprint, low_stock_at, bundle,
       most_per_shopper, waitlist_first, backorder_cap, backorder_until, backorder_warehouse)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
     on conflict do nothing`,
    [
      product.sku,
      product.name,
      product.description,
      product.price?.currency,
      product.price?.amountMinor,
      createdBy,
      fingerprint,
      product.lowStockAt,
      product.parts.length > 0,
      product.mostPerShopper,
      product.waitlistFirst,
      product.backorder?.cap,
      product.backorder?.until,
      product.backorder?.warehouse,
    ],
  )
  if (rowCount === 0) return undefined
  await insertParts(client, product.sku, product.parts)
  return findProduct(client, product.sku)
}

async function insertParts(client: PoolClient, bundle: string, parts: BundlePart[]): Promise<void> {
  if (parts.length === 0) return
  await client.query(
    `insert into bundle_parts (bundle, sku, quantity)
     select $1, p.sku, p.quantity from unnest($2::text[], $3::integer[]) as p (sku, quantity) order by p.sku`,
    [bundle, parts.map(({ sku }) => sku), parts.map(({ quantity }) => quantity)],
  )
}

/** Those that are there, and whether each is a bundle. Nothing ever ceases to be one, or becomes one. */
export async function findKinds(client: Pool | PoolClient, skus: string[]): Promise<Map<string, boolean>> {
  const { rows } = await client.query<{ sku: string; bundle: boolean }>(
    'select sku, bundle from products where sku = any ($1::text[])',
    [skus],
  )
  return new Map(rows.map(({ sku, bundle }) => [sku, bundle]))
}

export async function findProduct(db: Pool | PoolClient, sku: string): Promise<ProductRow | undefined> {
  const { rows } = await db.query<ProductRow>({
    name: 'find_product',
    text: `${productRows} where p.sku = $1`,
    values: [sku],
  })
  return rows[0]
}

/** By SKU, those that are there. */
export async function findProducts(db: Pool | PoolClient, skus: readonly string[]): Promise<Map<string, ProductRow>> {
  const { rows } = await db.query<ProductRow>(`${productRows} where p.sku = any ($1::text[])`, [skus])
  return new Map(rows.map((row) => [row.sku, row]))
}

export async function findProductByOperation(db: Pool | PoolClient, createdBy: string): Promise<ProductRow | undefined> {
  const { rows } = await db.query<ProductRow>(`${productRows} where p.created_by = $1`, [createdBy])
  return rows[0]
}

/** Locks the product's row; holds read its price without waiting for it. */
export async function lockProduct(client: PoolClient, sku: string): Promise<void> {
  await client.query('select from products where sku = $1 for no key update', [sku])
}

/** The row must be locked; with `parts` its rules (lockRules). @param parts undefined: as they are */
export async function updateProductRow(client: PoolClient, row: ProductRow, parts?: BundlePart[]): Promise<ProductRow> {
  if (parts !== undefined) {
    await client.query('delete from bundle_parts where bundle = $1', [row.sku])
    await insertParts(client, row.sku, parts)
  }
  const { rowCount } = await client.query(
    `update products set name = $2, description = $3, currency = $4, price_minor = $5, low_stock_at = $6, most_per_shopper = $7,
       waitlist_first = $8, backorder_cap = $9, backorder_until = $10, backorder_warehouse = $11, version = version + 1, updated_at = clock_timestamp()
     where sku = $1`,
    [
      row.sku,
      row.name,
      row.description,
      row.currency,
      row.price_minor,
      row.low_stock_at,
      row.most_per_shopper,
      row.waitlist_first,
      row.backorder_cap,
      row.backorder_until,
      row.backorder_warehouse,
    ],
  )
  const updated = rowCount === 0 ? undefined : await findProduct(client, row.sku)
  if (updated === undefined) throw new Error(`product ${row.sku} was locked and is not there`)
  return updated
}

/** By SKU, those that have each of the words in their SKU or name, as the column `searched` is made of them. */
export async function listProductRows(
  pool: Pool,
  afterSku: string,
  limit: number,
  words: readonly string[] = [],
): Promise<ProductRow[]> {
  const conditions = words.map((_, index) => `and p.searched like lower(normalize($${index + 3}, nfc) collate "default")`)
  const { rows } = await pool.query<ProductRow>({
    // With words no plan is kept: the best one depends on how rare they are.
    ...(words.length === 0 && { name: 'list_products' }),
    text: `${productRows} where p.sku > $1 ${conditions.join(' ')} order by p.sku limit $2`,
    values: [afterSku, limit, ...words.map(anywhere)],
  })
  return rows
}

/** A pattern of LIKE in which each character stands for itself. */
function anywhere(word: string): string {
  return `%${word.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
}

export interface ProductChanges {
  /** The snapshot that was looked at, as PostgreSQL writes one. */
  position: string
  skus: string[]
  /** The position given is none of this database's past: it was restored to an earlier state. */
  ahead: boolean
}

/** The present position, with nothing before it. */
export async function presentPosition(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ position: string }>('select pg_current_snapshot()::text as position')
  return rows[0]?.position ?? ''
}

/**
 * The products written by transactions that the snapshot `after` did not see yet, and this statement's own does: neither clocks nor
 * sequences say that, since a transaction may commit after one that began later. Locks nothing.
 * @param limit of the SKUs
 */
export async function findProductChanges(pool: Pool, after: string, limit: number): Promise<ProductChanges> {
  const { rows } = await pool.query<ProductChanges>({
    name: 'find_product_changes',
    text: `
      select pg_current_snapshot()::text as position,
             pg_snapshot_xmax($1::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) as ahead,
             array(
               select sku from products
               where changed_in >= pg_snapshot_xmin($1::pg_snapshot) and not pg_visible_in_snapshot(changed_in, $1::pg_snapshot)
                 -- What a dump brought along from another server may name transactions that this one has not had.
                 and changed_in < pg_snapshot_xmax(pg_current_snapshot())
               limit $2
             ) as skus`,
    values: [after, limit],
  })
  const [found] = rows
  if (found === undefined) throw new Error('a select without from has one row')
  return found
}
