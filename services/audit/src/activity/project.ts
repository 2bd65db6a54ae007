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
import type { ChainedRecord } from '../record-hash'
import { activityActions } from './fold'
import { RecentActivity } from './recent'
import { sumUp } from './sum-up'

/** Records in memory at once; one can be some 50 kB. */
const batch = 500
/** Buckets of each table that are cleared away at once. */
const clearedAtOnce = 5_000
/** Another replica appends without waking this one, in ms. */
const pollMs = 2_000
/** What is appended meanwhile is folded together, in ms. */
const gatherMs = 300

const lagging = gauge('activity_lag_records', 'Audit records that the activity figures do not have yet')

export interface Activity extends Worker {
  /** Records that were appended here: they need not be read back. */
  appended(records: ChainedRecord[]): void
}

/** Folds whatever is appended, in every replica, one at a time. */
export function startActivity(database: Database, log: Logger): Activity {
  const recent = new RecentActivity(log)
  const unread = readAtScrape('activity_lag_records', async () => [
    { gauge: lagging, value: await readActivityLag(database.pool) },
  ])
  const worker = startWorker({
    name: 'activity',
    pass: async () => foldNext(database, log, { recent }),
    pauseMs: pollMs,
    restMs: gatherMs,
    log,
  })
  return {
    wake: () => worker.wake(),
    appended: (records) => {
      recent.add(records)
      worker.wake()
    },
    stop: async () => {
      unread()
      await worker.stop()
    },
  }
}

export interface FoldOptions {
  /** What need not be read; all that is known there goes at once. */
  recent?: RecentActivity
  /** Records that are read at once, at most; 500. */
  most?: number
}

/**
 * Folds the next records into the figures that are shown, and into those that are being made.
 * @returns whether there may be more
 */
export async function foldNext(database: Database, log: Logger, options: FoldOptions = {}): Promise<boolean> {
  const { recent = new RecentActivity(log), most = batch } = options
  let reached: bigint | undefined
  const more = await database.transaction(async (client) => {
    if (!(await tryLockProjections(client))) return false
    let more = false
    let shown = 0n
    for (const projection of await readProjections(client)) {
      if (projection.state === 'OLD') {
        more = (await clearProjection(client, projection.generation, clearedAtOnce)) || more
        continue
      }
      const folded = await foldInto(client, projection, recent, most, log)
      more ||= folded.more
      if (projection.state === 'LIVE') reached = shown = folded.sequence
      else if (folded.sequence >= shown) {
        await switchProjections(client)
        log.info({ generation: projection.generation, sequence: folded.sequence }, 'the activity figures are made again')
        more = true
      }
    }
    return more
  })
  // Only now is it certain that they are in the figures.
  if (reached !== undefined) recent.forget(reached)
  return more
}

async function foldInto(
  client: PoolClient,
  { generation, sequence }: Projection,
  recent: RecentActivity,
  most: number,
  log: Logger,
): Promise<{ sequence: bigint; more: boolean }> {
  const known = recent.behind(sequence)
  if (known !== undefined) {
    await addActivity(client, generation, known.sums, known.last)
    return { sequence: known.last, more: false }
  }
  // As far as what is known begins again, so that it is met.
  const next = recent.nextAfter(sequence)
  const limit = next === undefined || next - sequence > most ? most : Number(next - sequence)
  const records = await readActivityRecords(client, sequence, activityActions, limit)
  const last = records.at(-1)
  if (last === undefined) return { sequence, more: false }
  await addActivity(client, generation, sumUp(records, log), last.sequence)
  return { sequence: last.sequence, more: records.length === limit }
}
