/**
 * Activity is a projection of the audit records: what they say, summed up in buckets. A batch of records goes into the buckets
 * in the transaction that moves the cursor behind them, so each is counted once, whatever is redelivered to the log and
 * whenever a process dies. The log has each event once, for good, and from the first on: the figures can be made again.
 */
import { type Database, gauge, type Logger, readAtScrape, startWorker, type Worker } from '@holdfast/service'
import type { PoolClient } from 'pg'

import {
  addActivity,
  clearProjection,
  type Projection,
  readActivityRecords,
  readProjections,
  switchProjections,
  tryLockProjections,
} from '../sql/activity-projections'
import { readActivityLag } from '../sql/activity-figures'
import { activityActions, ActivitySums } from './fold'

/** Records in memory at once; one can be some 50 kB. */
const batch = 500
/** Buckets of each table that are cleared away at once. */
const clearedAtOnce = 5_000
/** Another replica appends without waking this one, in ms. */
const pollMs = 2_000
/** What is appended meanwhile is folded together, in ms. */
const gatherMs = 300

const lagging = gauge('activity_lag_records', 'Audit records that the activity figures do not have yet')

/** Folds whatever is appended, in every replica, one at a time. */
export function startActivity(database: Database, log: Logger): Worker {
  const unread = readAtScrape('activity_lag_records', async () => [
    { gauge: lagging, value: await readActivityLag(database.pool) },
  ])
  const worker = startWorker({
    name: 'activity',
    pass: async () => foldNext(database, log),
    pauseMs: pollMs,
    restMs: gatherMs,
    log,
  })
  return {
    wake: () => worker.wake(),
    stop: async () => {
      unread()
      await worker.stop()
    },
  }
}

/**
 * Folds the next records into the figures that are shown, and into those that are being made.
 * @param most records at once
 * @returns whether there may be more
 */
export async function foldNext(database: Database, log: Logger, most = batch): Promise<boolean> {
  return database.transaction(async (client) => {
    if (!(await tryLockProjections(client))) return false
    let more = false
    let shown = 0n
    for (const projection of await readProjections(client)) {
      if (projection.state === 'OLD') {
        more = (await clearProjection(client, projection.generation, clearedAtOnce)) || more
        continue
      }
      const reached = await foldInto(client, projection, most, log)
      more ||= reached.more
      if (projection.state === 'LIVE') shown = reached.sequence
      else if (reached.sequence >= shown) {
        await switchProjections(client)
        log.info({ generation: projection.generation, sequence: reached.sequence }, 'the activity figures are made again')
        more = true
      }
    }
    return more
  })
}

async function foldInto(
  client: PoolClient,
  { generation, sequence }: Projection,
  most: number,
  log: Logger,
): Promise<{ sequence: bigint; more: boolean }> {
  const records = await readActivityRecords(client, sequence, activityActions, most)
  const last = records.at(-1)
  if (last === undefined) return { sequence, more: false }
  const sums = new ActivitySums()
  for (const record of records) {
    try {
      sums.add(record)
    } catch (error) {
      // The log keeps what it is given. One that nobody can read must not keep the others from being counted.
      log.warn({ err: error, sequence: record.sequence, action: record.action }, 'an audit record is not counted as activity')
    }
  }
  await addActivity(client, generation, sums, last.sequence)
  return { sequence: last.sequence, more: records.length === most }
}
