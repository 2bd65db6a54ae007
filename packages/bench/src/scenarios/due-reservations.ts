/** Reservations of a shop that has run for a while, written straight into the databases: asking for so many takes minutes. */
import type { RunningSystem } from '../systems/system'
import { query } from '../systems/query'

export interface DueReservations {
  count: number
  /** They are of these SKUs in turn, one unit each, so that one stock row is in each batch, or many are. */
  skus: string[]
  /** When the first of them is due; the others follow within a second. */
  dueAt: Date
  /** Begins the ids, so that they are told from others: 8 hex digits. */
  idPrefix: string
}

const id = `(left($1, 8) || substr(md5($1 || n), 9))::uuid`
const sku = `($3::text[])[1 + n % cardinality($3::text[])]`
const series = `generate_series(1, $2::integer) n`
const end = `$4::timestamptz + n * (interval '1 second' / $2::integer)`

/** Holds and reservations as the services themselves would have written them, consistent in both databases. */
export async function writeDueReservations(running: RunningSystem, due: DueReservations): Promise<void> {
  const values = [due.idPrefix, due.count, due.skus, due.dueAt]
  await query(
    running,
    'inventory',
    `with made as (
       insert into holds (id, owner, fingerprint, state, expires_at, base_expires_at, created_at)
       select ${id}, 'bench', 'bench', 'HELD', ${end}, ${end}, now() from ${series}
     ), lines as (
       insert into hold_lines (hold_id, line, sku, warehouse, quantity, price_minor, currency, expires_at, held, created_at)
       select ${id}, 1, ${sku}, 'MAIN', 1, 1000, 'USD', ${end}, true, now() from ${series}
     )
     update stock_levels s set reserved = s.reserved + t.units, version = s.version + 1
     from (select ${sku} as sku, count(*) as units from ${series} group by 1) t
     where s.sku = t.sku and s.warehouse = 'MAIN'`,
    values,
  )
  await query(
    running,
    'reservation',
    `insert into reservations (id, user_id, status, fingerprint, lines, expires_at, ttl_seconds, created_at, updated_at,
                               hold_version, sweep_after)
     select ${id}, 'bench', 'ACTIVE', 'bench ' || n,
            jsonb_build_array(jsonb_build_object('sku', ${sku}, 'warehouse', 'MAIN', 'quantity', 1,
              'unitPrice', jsonb_build_object('currency', 'USD', 'amountMinor', '1000'))),
            ${end}, 300, clock_timestamp(), clock_timestamp(), 1, ${end}
     from ${series}`,
    values,
  )
  // As autovacuum would have done since.
  await query(running, 'inventory', 'vacuum analyze')
  await query(running, 'reservation', 'vacuum analyze')
}
