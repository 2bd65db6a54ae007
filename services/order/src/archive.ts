import { type Archiver, type Database, type Logger, startArchiver } from '@holdfast/service'

import { forgetCallbacks } from './sql/callbacks'

/** Keys of one transaction. */
const batchSize = 1_000

/**
 * Forgets idempotency keys that were used `afterHours` ago, and callbacks that came then. Orders, payments and returns are business records and stay; a
 * late repeat still meets its order, which is one for a reservation, and says what became of it.
 */
export function startKeyCleaner(database: Database, afterHours: number, log: Logger, roundPauseMs?: number): Archiver {
  return startArchiver({
    log,
    ...(roundPauseMs !== undefined && { roundPauseMs }),
    batch: async () => {
      const operations = await forgetOperations(database, afterHours)
      const callbacks = await forgetCallbacks(database.pool, afterHours, batchSize)
      return { moved: operations + callbacks, done: Math.max(operations, callbacks) < batchSize }
    },
  })
}

/** Locks: the rows it takes, and waits for none (SKIP LOCKED), so that replicas share the work. */
async function forgetOperations({ pool }: Database, afterHours: number): Promise<number> {
  const { rowCount } = await pool.query({
    name: 'forget-operations',
    text: `
      delete from operations where id in (
        select id from operations
        where at < (select clock_timestamp() - $1 * interval '1 hour')
        order by at limit $2 for update skip locked)`,
    values: [afterHours, batchSize],
  })
  return rowCount ?? 0
}
