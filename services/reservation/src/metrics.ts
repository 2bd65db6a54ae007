import { counter, databaseError, errorCodes, gauge, histogram, HoldfastError, type Reading } from '@holdfast/service'
import type { Pool } from 'pg'

import { runQuery } from './sql/run-query'

const statuses = ['created', 'replayed', 'insufficient_stock', 'refused', 'failed'] as const
const requests = counter('reserve_requests_total', 'Requests to reserve, by what became of them', ['status'])
const duration = histogram('reserve_duration_seconds', 'How long reserving took, whatever became of it')
for (const status of statuses) requests.inc({ status }, 0)

/** Counts a request to reserve: a refusal is the caller's affair or the stock's, a failure is ours. */
export async function measureReserve<Made extends { replayed: boolean }>(reserve: () => Promise<Made>): Promise<Made> {
  const startedAt = performance.now()
  let status: (typeof statuses)[number] = 'failed'
  try {
    const made = await reserve()
    status = made.replayed ? 'replayed' : 'created'
    return made
  } catch (error) {
    status = statusOf(error)
    throw error
  } finally {
    requests.inc({ status })
    duration.observe((performance.now() - startedAt) / 1000)
  }
}

function statusOf(thrown: unknown): (typeof statuses)[number] {
  const { code } = HoldfastError.from(databaseError(thrown))
  if (code === 'INSUFFICIENT_STOCK') return 'insufficient_stock'
  return errorCodes[code].http < 500 ? 'refused' : 'failed'
}

const active = gauge('active_reservations_count', 'ACTIVE reservations in the database; counted up to a million')
const overdue = gauge('reservations_overdue_seconds', 'How long ago the time was up of one that is still ACTIVE')

/**
 * One pass over the index of the ACTIVE ones, of at most a million; how late the sweeper is shows in those that it looks at
 * next, a thousand of them. Locks nothing.
 */
export async function readActive(pool: Pool): Promise<Reading[]> {
  const rows = await runQuery<{ count: number; late: number }>(
    pool,
    `select (select count(*)::int from (select from reservations where status = 'ACTIVE' limit 1000000) as active) as count,
            coalesce((select extract(epoch from clock_timestamp() - min(expires_at))
                      from (select expires_at from reservations where status = 'ACTIVE' order by sweep_after limit 1000) as next),
                     0)::float8 as late`,
    [],
  )
  return [
    { gauge: active, value: rows[0]?.count ?? 0 },
    { gauge: overdue, value: Math.max(rows[0]?.late ?? 0, 0) },
  ]
}
