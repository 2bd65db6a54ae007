import { counter, gauge, type Reading } from '@holdfast/service'
import type { Pool } from 'pg'

import { runQuery } from '../sql/run-query'

const results = ['joined', 'offered', 'fulfilled', 'lapsed', 'left'] as const
const changes = counter('waitlist_entries_total', 'Changes of waitlist entries, by what they became', ['result'])
for (const result of results) changes.inc({ result }, 0)

export function countEntries(result: (typeof results)[number], count = 1): void {
  changes.inc({ result }, count)
}

const waiting = gauge('waitlist_waiting_count', 'Entries that wait; counted up to a million')
const oldest = gauge('waitlist_untold_seconds', 'How long inventory has not been told how many units wait of some SKU')

/** Locks nothing. */
export async function readWaitlist(pool: Pool): Promise<Reading[]> {
  const rows = await runQuery<{ waiting: number; untold: number }>(
    pool,
    `select (select count(*)::integer from (select from waitlist_entries where status = 'WAITING' limit 1000000) as w) as waiting,
            coalesce((select extract(epoch from clock_timestamp() - min(untold_since)) from waitlist_lines
                      where told < version), 0)::float8 as untold`,
    [],
  )
  return [
    { gauge: waiting, value: rows[0]?.waiting ?? 0 },
    { gauge: oldest, value: Math.max(rows[0]?.untold ?? 0, 0) },
  ]
}
