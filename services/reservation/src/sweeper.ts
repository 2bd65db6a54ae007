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
/** Every so many searches begin at the first hold again, whatever the one before found. */
const fullSearchEvery = 60

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

/** A search goes on where the one before ended, so that thousands of good holds are not read every time. */
function orphanLoop(parts: Parts): Loop {
  let searches = 0
  let resumeAt = ''
  return startLoop('the search for orphans', parts.log, async (ctx) => {
    const from = searches++ % fullSearchEvery === 0 ? '' : resumeAt
    resumeAt = (await releaseOrphans(parts, ctx, from)).resumeAt
    return Math.min(orphanPauseMs, Math.max(parts.orphanMinAgeMs, longestSleepMs))
  })
}
