import { setTimeout as sleep } from 'node:timers/promises'

import { startChild } from './child'
import { addStock, countRecords, openPlainDatabase } from './plain-database'
import { hasRedisServer, startRedis } from './redis-server'
import { type BenchSystem, noTokens } from './system'

/** One node:http process whose Lua script takes units in Redis, and which writes to PostgreSQL afterwards. */
export const redisLua: BenchSystem = {
  name: 'redis-lua',
  title: 'Redis Lua, not durable',
  missing: () => (hasRedisServer() ? undefined : 'there is no redis-server on the PATH'),
  start: async () => {
    const [database, redis] = [await openPlainDatabase(), await startRedis()]
    const server = await startChild('redis-lua', { DATABASE_URL: database.url, REDIS_URL: redis.url })
    const stockOf = new Map<string, number>()
    const reserved = async (skus: string[]): Promise<number> => {
      const left = (await redis.ask('MGET', ...skus.map((sku) => `stock:${sku}`))) as (string | null)[]
      return skus.reduce((sum, sku, index) => sum + (stockOf.get(sku) ?? 0) - Number(left[index] ?? 0), 0)
    }
    return {
      targets: { http: { kind: 'http', url: `http://127.0.0.1:${server.port}` } },
      databaseUrl: database.url,
      prepare: async (skus, stock) => {
        await addStock(database.pool, skus, stock)
        await redis.ask('MSET', ...skus.flatMap((sku) => [`stock:${sku}`, String(stock)]))
        for (const sku of skus) stockOf.set(sku, stock)
        // Stock is loaded long before a sale: the snapshot has it.
        await redis.ask('SAVE')
        return noTokens
      },
      reserved,
      settle: async () => {
        const skus = [...stockOf.keys()]
        while ((await countRecords(database.pool, skus)) < (await reserved(skus))) await sleep(20)
      },
      crash: async () => {
        await Promise.all([server.kill(), redis.kill()])
      },
      afterCrash: async (sku) => {
        await redis.restart()
        return { records: await countRecords(database.pool, [sku]), reserved: await reserved([sku]) }
      },
      stop: async () => {
        await server.kill()
        await redis.close()
        await database.close()
      },
    }
  },
}
