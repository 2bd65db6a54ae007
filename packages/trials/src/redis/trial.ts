import { join } from 'node:path'

import { noLimits, System } from '@holdfast/launcher'
import { startSentinelRedis, waitFor } from '@holdfast/testing'

import { startMs } from '../patience'
import type { Facts } from '../facts'
import { startShopping } from '../shoppers'

const patienceMs = 120_000

/** The master that counts requests is killed under load: nobody is refused for want of it, and when its successor counts. */
export async function tryRedis(folder: string, facts: Facts): Promise<void> {
  const redis = await startSentinelRedis()
  try {
    const limits = { ...noLimits, RATE_LIMIT_RESERVE_PER_USER: '100000', RATE_LIMIT_PER_IP: '1000000' }
    const env = { ...limits, REDIS_URL: redis.url, REDIS_SENTINELS: redis.sentinels }
    const system = await System.start({ dataFolder: join(folder, 'system'), readyTimeoutMs: startMs, env })
    try {
      await untilShared(system, 1)
      const shopping = await startShopping(system)
      await shopping.goesOn(50)
      const lostAt = performance.now()
      await redis.master.kill()
      await untilShared(system, 0)
      facts.time('gateways count by themselves after', performance.now() - lostAt)
      await untilShared(system, 1)
      facts.time('they count together again after', performance.now() - lostAt)
      await shopping.goesOn(20, patienceMs)
      await shopping.stop()
      const failed = Object.values(shopping.looks.outageSince(lostAt)?.failed ?? {}).reduce((sum, count) => sum + count, 0)
      facts.expect('reservations refused meanwhile', 0, failed)
      facts.time('the longest reservation of that time took', shopping.looks.longestSince(lostAt))
    } finally {
      await system.stop()
    }
  } finally {
    await redis.stop()
  }
}

/** What the gateway says of where it counts. */
async function untilShared({ url }: System, up: 0 | 1): Promise<void> {
  const says = async () => (await (await fetch(`${url}/metrics`)).text()).includes(`\nrate_limit_redis_up ${up}\n`)
  await waitFor(says, { what: `limits to be counted ${up === 1 ? 'in Redis' : 'in the process'}`, timeoutMs: patienceMs })
}
