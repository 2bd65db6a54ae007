/** Fills the databases of a system that is stopped as if it had been in use for weeks, so that its books balance. */
import type { DatabaseName } from '@holdfast/launcher'
import { Client } from 'pg'

export interface Size {
  /** Holds that are HELD, with their reservations. */
  active: number
  /** Holds that have ended, three in ten of them sold, with their reservations, orders and sales. */
  closed: number
}

/** Has a tenth of all holds. */
export const hotSku = 'GROWN-HOT'
const otherSkus = 10_000
const users = 100_000
const opening = 500_000_000

/**
 * The holds, numbered: the closed ones first, each made and ended some moments after the one before in the last 20 days,
 * then those that are HELD for hours to come. Every service finds the same in the same number.
 */
const holdsOf = ({ active, closed }: Size): string => `
  select n, md5('hold ' || n)::uuid as id, md5('user ' || n % ${users})::uuid::text as owner, md5('words ' || n) || md5('more ' || n) as fingerprint,
         case when n > ${closed} then 'HELD' when n % 10 < 3 then 'COMMITTED' when n % 10 < 6 then 'RELEASED' else 'EXPIRED' end as state,
         made as created_at, made + case when n > ${closed} then interval '12 hours' else interval '5 minutes' end as expires_at,
         case when n > ${closed} then null when n % 10 < 6 then made + interval '1 minute' else made + interval '5 minutes' end as ended_at,
         case when n > ${closed} then 1 else 2 end as version,
         case when n / 10 % 10 = 0 then '${hotSku}' else 'GROWN-' || n::bigint * 7919 % ${otherSkus} end as sku,
         case when n / 100 % 10 = 0 then 'GROWN-' || (n::bigint * 7919 + 1) % ${otherSkus} end as second_sku
  from generate_series(1, ${active + closed}) as n,
       lateral (select case when n > ${closed} then date_trunc('hour', now()) - interval '30 minutes' + (n - ${closed}) * interval '30 minutes' / ${Math.max(1, active)}
                            else date_trunc('hour', now()) - interval '20 days' + n * interval '19 days' / ${Math.max(1, closed)} end as made) t`

const linesOf = (size: Size): string => `
  select h.*, l.line, l.sku as line_sku from (${holdsOf(size)}) h
  cross join lateral (values (1, h.sku), (2, h.second_sku)) as l (line, sku) where l.sku is not null`

const inventory = (size: Size): string[] => [
  `insert into products (sku, name, currency, price_minor, created_by, fingerprint)
   select sku, sku, 'USD', 1000, md5(sku)::uuid, '' from (select '${hotSku}' as sku union all select 'GROWN-' || n from generate_series(0, ${otherSkus - 1}) n) s`,
  `insert into ledger (id, sku, warehouse, kind, quantity, from_account, to_account, reason, actor_id, actor_role, at)
   select md5('opening ' || sku)::uuid, sku, 'MAIN', 'OPENING', ${opening}, 'SUPPLIER', 'SELLABLE', 'opening stock', 'bench', 'ADMIN', now() - interval '21 days' from products where created_by = md5(sku)::uuid`,
  `insert into holds (id, owner, fingerprint, state, expires_at, base_expires_at, version, created_at, ended_at)
   select id, owner, fingerprint, state, expires_at, expires_at, version, created_at, ended_at from (${holdsOf(size)}) h`,
  `insert into hold_lines (hold_id, line, sku, warehouse, quantity, price_minor, currency, expires_at, held, created_at)
   select id, line, line_sku, 'MAIN', 1, 1000, 'USD', expires_at, state = 'HELD', created_at from (${linesOf(size)}) l`,
  `insert into ledger (id, sku, warehouse, kind, quantity, from_account, to_account, reason, actor_id, actor_role, reference, at)
   select md5('sale ' || n || '/' || line)::uuid, line_sku, 'MAIN', 'SALE', 1, 'SELLABLE', 'SOLD', 'sold', owner, 'USER', id::text, ended_at
   from (${linesOf(size)}) l where state = 'COMMITTED'`,
  `insert into stock_levels (sku, warehouse, on_hand, reserved)
   select g.sku, 'MAIN', g.units, coalesce(l.units, 0)
   from (select sku, sum(delta) as units from ledger where sku like 'GROWN-%' group by sku) g
   left join (select sku, sum(quantity) as units from hold_lines where held and sku like 'GROWN-%' group by sku) l using (sku)`,
]

const lineJson = `jsonb_build_object('sku', s, 'warehouse', 'MAIN', 'quantity', 1, 'unitPrice', jsonb_build_object('currency', 'USD', 'amountMinor', '1000'))`

const reservation = (size: Size): string[] => [
  `insert into reservations (id, user_id, status, fingerprint, lines, expires_at, ttl_seconds, created_at, updated_at, version, hold_version, sweep_after)
   select id, owner, case state when 'HELD' then 'ACTIVE' when 'RELEASED' then 'CANCELLED' else state end, fingerprint,
          case when second_sku is null then jsonb_build_array(${lineJson.replace('s,', 'sku,')})
               else jsonb_build_array(${lineJson.replace('s,', 'sku,')}, ${lineJson.replace('s,', 'second_sku,')}) end,
          expires_at, 300, date_trunc('milliseconds', created_at), coalesce(ended_at, created_at), version, version, expires_at
   from (${holdsOf(size)}) h`,
]

const goodsJson = `jsonb_build_object('sku', s, 'warehouse', 'MAIN', 'quantity', 1, 'currency', 'USD', 'amountMinor', '1000')`

const order = (size: Size): string[] => [
  `insert into orders (id, reservation_id, user_id, status, payment_status, lines, currency, total_minor, version, context, look_at, created_at, updated_at)
   select md5('order ' || n)::uuid, id, owner, 'CONFIRMED', 'SUCCEEDED',
          case when second_sku is null then jsonb_build_array(${goodsJson.replace('s,', 'sku,')})
               else jsonb_build_array(${goodsJson.replace('s,', 'sku,')}, ${goodsJson.replace('s,', 'second_sku,')}) end,
          'USD', case when second_sku is null then 1000 else 2000 end, 1, '{}', expires_at, ended_at, ended_at
   from (${holdsOf(size)}) h where state = 'COMMITTED'`,
  `insert into payment_attempts (id, order_id, state, currency, amount_minor, lease_until, context, created_at, updated_at, ended_at)
   select md5('payment ' || n)::uuid, md5('order ' || n)::uuid, 'SUCCEEDED', 'USD', case when second_sku is null then 1000 else 2000 end,
          ended_at, '{}', ended_at, ended_at, ended_at
   from (${holdsOf(size)}) h where state = 'COMMITTED'`,
  `insert into operations (id, fingerprint, order_id, at)
   select md5('operation ' || n)::uuid, fingerprint, md5('order ' || n)::uuid, ended_at from (${holdsOf(size)}) h where state = 'COMMITTED'`,
]

const filled: { database: DatabaseName; statements: (size: Size) => string[] }[] = [
  { database: 'inventory', statements: inventory },
  { database: 'reservation', statements: reservation },
  { database: 'order', statements: order },
]

/** @param url of each database; nobody else may be at work in them */
export async function fill(url: (database: DatabaseName) => string, size: Size, say: (line: string) => void): Promise<void> {
  for (const { database, statements } of filled) {
    const startedAt = Date.now()
    const client = new Client({ connectionString: url(database) })
    await client.connect()
    try {
      // Rows that go in one by one would meet each index at a random place; built afterwards, it is sorted once.
      await client.query(
        `set session_replication_role = replica; set synchronous_commit = off; set maintenance_work_mem = '1GB'; set work_mem = '256MB'`,
      )
      const tables = [...new Set(statements(size).map((text) => /insert into (\w+)/.exec(text)?.[1] ?? ''))]
      const ready = `update pg_index set indisready = $2, indisvalid = $2 where indrelid = any($1::regclass[])`
      await client.query(ready, [tables, false])
      for (const text of statements(size)) await client.query(text)
      for (const table of tables) await client.query(`reindex table ${table}`)
      for (const table of tables) await client.query(`vacuum (freeze, analyze) ${table}`)
      await client.query('checkpoint')
      const { rows } = await client.query<{ size: string }>('select pg_size_pretty(pg_database_size(current_database())) as size')
      say(`  ${database}: ${rows[0]?.size} in ${Math.round((Date.now() - startedAt) / 1000)} s`)
    } finally {
      await client.end()
    }
  }
}
