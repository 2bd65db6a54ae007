/** What runs by itself: the sweep of what is due, and the search for orphans. */
import { type Loop, startLoop } from './loop'
import { releaseOrphans } from './orphans'
import type { Parts } from './parts'
import { msUntilDue } from './sql/sweep-due'
import { sweepAllDue } from './sweep'

export interface Sweeper {
  /** A reservation that ends at this time was made. */
  expect(expiresAt: Date): void
  stop(): Promise<void>
}

/** Reservations of other replicas are seen by looking, in ms. */
const longestSleepMs = 1_000
const shortestSleepMs = 5
const orphanPauseMs = 10_000
/** So often a search begins at the first hold again, whatever the one before found, in ms. */
const fullSearchMs = 600_000
/** A page of a long search, then it rests, for so many times as long as that took: those who reserve meet it one time in ten. */
const pagesAtOnce = 1
const restShare = 9

export function startSweeper(parts: Parts): Sweeper {
  const loops = [sweepLoop(parts), orphanLoop(parts)] as const
  return {
    expect: (expiresAt) => loops[0].wakeBy(expiresAt.getTime()),
    stop: async () => {
      await Promise.all(loops.map(async (loop) => loop.stop()))
    },
  }
}

/** Sweeps, then sleeps until the next is due. */
function sweepLoop(parts: Parts): Loop {
  return startLoop('the sweep', parts.log, async (ctx) => {
    const { claimed, expired } = await sweepAllDue(parts, ctx)
    if (claimed > 0) {
      ctx.log.debug({ claimed, expired }, 'swept')
      return 0
    }
    const ms = await msUntilDue(parts.database.pool)
    return Math.min(longestSleepMs, Math.max(shortestSleepMs, ms ?? longestSleepMs))
  })
}

/**
 * A search goes on where the one before ended, so that thousands of good holds are not read every time. One through a
 * million of them takes many passes: what a pass has read counts also when the next fails.
 */
function orphanLoop(parts: Parts): Loop {
  let resumeAt = ''
  let next: string | undefined
  let clean = true
  let beganAt = Date.now()
  return startLoop('the search for orphans', parts.log, async (ctx) => {
    const startedAt = Date.now()
    if (next === undefined && startedAt - beganAt >= fullSearchMs) {
      resumeAt = ''
      beganAt = startedAt
    }
    const pass = await releaseOrphans(parts, ctx, next ?? resumeAt, pagesAtOnce)
    if (clean) resumeAt = pass.resumeAt
    clean = pass.next === undefined || (clean && pass.clean)
    next = pass.next
    if (next !== undefined) return Math.max(shortestSleepMs, restShare * (Date.now() - startedAt))
    return Math.min(orphanPauseMs, Math.max(parts.orphanMinAgeMs, longestSleepMs))
  })
}
