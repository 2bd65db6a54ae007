/** What a batch is planned from (docs/decisions/034). Nothing here locks but lockLevels. */
import type { BundlePart, HoldItem } from '@holdfast/contracts/inventory'
import type { Pool, PoolClient } from 'pg'

import type { Limits } from '../claims'
import type { BackorderRule, LevelView, ProductView, World } from '../world'
import { readClaims } from './claims'

interface LevelRow {
  sku: string
  product_version: bigint
  /** Null: it is no bundle. */
  parts: BundlePart[] | null
  most_per_shopper: number | null
  /** Null: the waitlist does not go first. */
  waiting: bigint | null
  backorder_cap: number | null
  backorder_until: Date | null
  backorder_warehouse: string | null
  /** Null: the product has no level. */
  warehouse: string | null
  free: number
  promised: number
  version: bigint
  due: boolean
}

/** What is locked for a plan: every level of these SKUs, as `SKU/WAREHOUSE`. */
export interface Locked {
  skus: Set<string>
  levels: Set<string>
}

/**
 * @param locked only these levels
 * @returns undefined: a bundle has other parts than are locked
 */
export async function readWorld(
  db: Pool | PoolClient,
  items: HoldItem[],
  limits: Limits,
  locked: Locked,
): Promise<World | undefined>
export async function readWorld(db: Pool | PoolClient, items: HoldItem[], limits: Limits): Promise<World>
export async function readWorld(
  db: Pool | PoolClient,
  items: HoldItem[],
  limits: Limits,
  locked?: Locked,
): Promise<World | undefined> {
  const channels = [...new Set(items.map((item) => item.channel))]
  const products = new Map<string, ProductView & { levels: LevelView[] }>()
  const levels = readLevels(db, skusOf(items))
  // Side by side where there is more than one connection.
  if (locked !== undefined) await levels
  const routes = readRoutes(db, channels)
  const [rows] = await Promise.all([levels, routes])
  for (const row of rows) {
    const { sku, warehouse, free, promised, version, due } = row
    if (locked?.skus.has(sku) === false) return undefined
    const product = products.get(sku) ?? {
      version: row.product_version,
      parts: row.parts ?? undefined,
      mostPerShopper: row.most_per_shopper ?? undefined,
      waiting: row.waiting === null ? undefined : Number(row.waiting),
      backorder: ruleOf(row),
      levels: [],
    }
    products.set(sku, product)
    if (warehouse !== null && (locked?.levels.has(`${sku}/${warehouse}`) ?? true)) {
      product.levels.push({ warehouse, free, promised, version, due })
    }
  }
  return { products, routes: await routes, limits, claims: await readClaims(db, items, products, limits) }
}

function ruleOf({
  backorder_cap: cap,
  backorder_until: until,
  backorder_warehouse: warehouse,
}: LevelRow): BackorderRule | undefined {
  return cap === null || warehouse === null ? undefined : { cap, until, warehouse }
}

async function readLevels(db: Pool | PoolClient, skus: string[]): Promise<LevelRow[]> {
  const { rows } = await db.query<LevelRow>({
    name: 'plan_levels',
    text: `
      select p.sku, p.version as product_version, p.most_per_shopper, p.backorder_cap, p.backorder_until, p.backorder_warehouse,
             case when p.bundle then (
               select json_agg(json_build_object('sku', b.sku, 'quantity', b.quantity) order by b.sku)
               from bundle_parts b where b.bundle = p.sku
             ) end as parts, case when p.waitlist_first then coalesce(w.units, 0) end as waiting, s.warehouse, s.free, s.promised, s.version,
             exists (select from hold_lines d where d.sku = s.sku and d.warehouse = s.warehouse and d.held
                     and d.expires_at <= (select clock_timestamp())) as due
      from (select sku from unnest($1::text[]) as a (sku)
            union select b.sku from bundle_parts b where b.bundle = any ($1::text[])) a
      join products p on p.sku = a.sku
      left join waiting w on w.sku = p.sku
      left join stock_levels s on s.sku = p.sku`,
    values: [skus],
  })
  return rows
}

/** Those of the ids that are known; after the world, so in a later snapshot: units that are missing because of them show them here. */
export async function findKnown(db: Pool | PoolClient, ids: string[]): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>({
    name: 'find_known',
    text: `select i.id from unnest($1::uuid[]) as i (id)
           where exists (select from holds h where h.id = i.id) or exists (select from archived_holds a where a.id = i.id)`,
    values: [ids],
  })
  return new Set(rows.map((row) => row.id))
}

async function readRoutes(db: Pool | PoolClient, channels: string[]): Promise<Map<string, string[]>> {
  const { rows } = await db.query<{ channel: string; route: string[] }>({
    name: 'plan_routes',
    text: `
      select '' as channel, array(select code from warehouses order by priority, code) as route where '' = any ($1::text[])
      union all
      select c.code, array(select w.warehouse from channel_warehouses w where w.channel = c.code order by w.place)
      from channels c where c.code = any ($1::text[])`,
    values: [channels],
  })
  return new Map(rows.map(({ channel, route }) => [channel, route]))
}

/** Locks: every level of these SKUs, and of the parts of bundles among them, by (sku, warehouse), as hold_batch does with those that it wants. */
export async function lockLevels(client: PoolClient, items: HoldItem[]): Promise<Locked> {
  const { rows: skus } = await client.query<{ sku: string }>(
    'select sku from unnest($1::text[]) as a (sku) union select b.sku from bundle_parts b where b.bundle = any ($1::text[])',
    [skusOf(items)],
  )
  const all = skus.map(({ sku }) => sku)
  const { rows } = await client.query<{ key: string }>(
    `select sku || '/' || warehouse as key from stock_levels where sku = any ($1::text[]) order by sku, warehouse for no key update`,
    [all],
  )
  return { skus: new Set(all), levels: new Set(rows.map((row) => row.key)) }
}

function skusOf(items: HoldItem[]): string[] {
  return [...new Set(items.flatMap((item) => item.lines.map((line) => line.sku)))]
}

/** @returns undefined: there are several warehouses */
export async function findOnlyWarehouse(pool: Pool): Promise<string | undefined> {
  const { rows } = await pool.query<{ code: string }>('select code from warehouses limit 2')
  return rows.length === 1 ? rows[0]?.code : undefined
}
