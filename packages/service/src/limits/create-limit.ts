import { RateLimiterMemory, RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible'

import { counter } from '../metrics'
import { type RateLimit, windowSeconds } from './rate-limits'
import type { SharedCounts } from './shared-counts'

const limited = counter('rate_limited_total', 'Requests that were refused because a limit was used up', ['limit'])

/** @param shared undefined: counted in this process alone */
export function createLimit(name: string, perMinute: number, shared: SharedCounts | undefined): RateLimit {
  const options = { keyPrefix: `holdfast:limit:${name}`, points: perMinute, duration: windowSeconds }
  const here = new RateLimiterMemory(options)
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
        if (refusal instanceof Error) throw refusal
        limited.inc({ limit: name })
        return { allowed: false, remaining: 0, resetMs: Math.max(1, (refusal as RateLimiterRes).msBeforeNext) }
      }
    },
  }
}
