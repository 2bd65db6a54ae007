import { gauge, type Reading } from '@holdfast/service'
import type { Pool } from 'pg'

const open = gauge('payments_open_count', 'Payments that are neither taken nor given up')
const openOldest = gauge('payments_open_oldest_seconds', 'How long ago the first of them was begun')
const owed = gauge('returns_waiting_count', 'Cancelled orders whose units or money are not back, and payments that came too late')
const owedOldest = gauge('returns_oldest_seconds', 'How long the first of them has waited')

/** What workers have to bring to its end: each by a partial index that holds nothing else. Locks nothing. */
export async function readUnfinished(pool: Pool): Promise<Reading[]> {
  const { rows } = await pool.query<{ open: number; open_age: number; owed: number; owed_age: number }>(`
    with open as (select created_at from payment_attempts where ended_at is null),
         owed as (
           select o.updated_at as since from return_tasks t join orders o on o.id = t.order_id where t.done_at is null
           union all
           select a.updated_at from late_payments l join payment_attempts a on a.id = l.attempt_id where l.done_at is null)
    select (select count(*)::int from open) as open, (select count(*)::int from owed) as owed,
           coalesce((select extract(epoch from clock_timestamp() - min(created_at)) from open), 0)::float8 as open_age,
           coalesce((select extract(epoch from clock_timestamp() - min(since)) from owed), 0)::float8 as owed_age`)
  const [row] = rows
  if (row === undefined) return []
  return [
    { gauge: open, value: row.open },
    { gauge: openOldest, value: Math.max(row.open_age, 0) },
    { gauge: owed, value: row.owed },
    { gauge: owedOldest, value: Math.max(row.owed_age, 0) },
  ]
}
