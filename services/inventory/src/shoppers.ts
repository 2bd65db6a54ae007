import { setTimeout as sleep } from 'node:timers/promises'

import type { HoldQueues } from './hold'

/** So long after the last hold that was asked for, shoppers are still about, in ms. */
const aboutMs = 250
/** What lapses waits so long at most for those who were there before, in ms: they may be many, and wait for each other. */
const mostPatienceMs = 100

/** Who wants stock, as those see it who take lapsed holds back meanwhile. */
export interface Shoppers extends HoldQueues {
  /** Whether somebody wants stock now, or did a moment ago. */
  about(): boolean
  /** Resolves when those who wait now have their answers, or after a moment. */
  turn(): Promise<void>
}

export function watchShoppers(holds: HoldQueues): Shoppers {
  const waiting = new Set<Promise<unknown>>()
  let last = -Infinity
  return {
    submit: async (item, deadline) => {
      last = performance.now()
      const answer = holds.submit(item, deadline)
      waiting.add(answer)
      try {
        return await answer
      } finally {
        waiting.delete(answer)
      }
    },
    about: () => waiting.size > 0 || performance.now() - last < aboutMs,
    turn: async () => {
      if (waiting.size === 0) return
      const over = new AbortController()
      const patience = sleep(mostPatienceMs, undefined, { signal: over.signal }).catch(() => undefined)
      await Promise.race([Promise.allSettled(waiting), patience])
      over.abort()
    },
  }
}
