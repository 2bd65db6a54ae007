import { setTimeout as sleep } from 'node:timers/promises'

import type { Logger } from 'pino'

/** What one batch came to. */
export interface ArchivedBatch {
  /** Rows that left. */
  moved: number
  /** There was nothing more behind this batch. */
  done: boolean
}

export interface ArchiverOptions {
  log: Logger
  /** Moves the next few rows, in one short transaction. */
  batch: () => Promise<ArchivedBatch>
  /** Between the end of one round and the next, in ms; 60,000. */
  roundPauseMs?: number
}

export interface Archiver {
  /** Finishes the batch under way. */
  stop(): Promise<void>
}

/** After a batch it rests for so many times as long as that took: the others have the database for most of the time. */
const restShare = 4
const shortestRestMs = 20
const longestRestMs = 5_000

/**
 * Moves what is old out of the way, batch by batch, in every replica: what a batch takes, it claims in the database. Under
 * load a batch takes longer, and so does the rest after it: it yields. A batch that fails is logged and comes again.
 */
export function startArchiver({ log, batch, roundPauseMs = 60_000 }: ArchiverOptions): Archiver {
  const over = new AbortController()
  const pause = async (ms: number): Promise<void> => {
    await sleep(ms, undefined, { signal: over.signal }).catch(() => undefined)
  }
  const round = async (): Promise<void> => {
    let moved = 0
    for (let done = false; !done && !over.signal.aborted;) {
      const startedAt = performance.now()
      const one = await batch()
      moved += one.moved
      done = one.done
      const tookMs = performance.now() - startedAt
      if (!done) await pause(Math.min(longestRestMs, Math.max(shortestRestMs, restShare * tookMs)))
    }
    if (moved > 0) log.info({ moved }, 'archived')
  }
  const run = async (): Promise<void> => {
    while (!over.signal.aborted) {
      try {
        await round()
      } catch (error) {
        log.warn({ err: error }, 'archiving failed; tried again later')
      }
      await pause(roundPauseMs)
    }
  }
  const done = run()
  return {
    stop: async () => {
      over.abort()
      await done
    },
  }
}
