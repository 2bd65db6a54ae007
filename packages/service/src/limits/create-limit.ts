import { LRUCache } from 'lru-cache'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'

import { counter } from '../metrics'
import { type RateLimit, windowSeconds } from './rate-limits'
import type { Counts, SharedCounts } from './shared-counts'

const limited = counter('rate_limited_total', 'Requests that were refused because a limit was used up', ['limit'])

/** Of each limit that a process counts by itself. */
const mostKeys = 50_000

/** @param shared undefined: counted in this process alone */
export function createLimit(name: string, perMinute: number, shared: SharedCounts | undefined): RateLimit {
  const options = { keyPrefix: `holdfast:limit:${name}`, points: perMinute, duration: windowSeconds }
  const here = countsHere(options)
  // A key that has used up its limit is not asked about again before its minute is over.
  const blocking = { useRedisPackage: true, inMemoryBlockOnConsumed: perMinute + 1 }
  const inRedis = shared && new RateLimiterRedis({ ...options, ...blocking, storeClient: shared.client })
  const count = async (key: string): Promise<RateLimiterRes> =>
    shared === undefined || inRedis === undefined ? here.consume(key) : shared.consume(inRedis, here, key)
  limited.inc({ limit: name }, 0)
  return {
    name,
    perMinute,
    take: async (key) => {
      try {
        const { remainingPoints: remaining, msBeforeNext: resetMs } = await count(key)
        return { allowed: true, remaining, resetMs }
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal
        limited.inc({ limit: name })
        return { allowed: false, remaining: 0, resetMs: Math.max(1, refusal.msBeforeNext) }
      }
    },
  }
}

/**
 * Counts in this process. Where there are too many keys, the one that has not been asked about for longest is forgotten, so that its
 * minute begins anew: whoever goes on asking stays counted, and nobody is refused for want of room.
 */
function countsHere(options: { keyPrefix: string; points: number; duration: number }): Counts {
  const counts = new RateLimiterMemory(options)
  const forget = (_: true, key: string, reason: string): void => {
    if (reason === 'evict') void counts.delete(key)
  }
  const keys = new LRUCache<string, true>({ max: mostKeys, dispose: forget })
  return {
    consume: async (key) => {
      keys.set(key, true)
      return counts.consume(key)
    },
  }
}
