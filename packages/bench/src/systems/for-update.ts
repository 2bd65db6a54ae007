import { startChild } from './child'
import { addStock, openPlainDatabase } from './plain-database'
import type { BenchSystem } from './system'

/** One node:http process with `BEGIN; SELECT ... FOR UPDATE; UPDATE; INSERT; COMMIT` for each request. */
export const forUpdate: BenchSystem = {
  name: 'for-update',
  title: 'SELECT ... FOR UPDATE',
  start: async () => {
    const database = await openPlainDatabase()
    try {
      const server = await startChild('for-update', { DATABASE_URL: database.url })
      return {
        url: `http://127.0.0.1:${server.port}`,
        databaseUrl: database.url,
        prepare: async (skus, stock) => {
          await addStock(database.pool, skus, stock)
          return []
        },
        reserved: async (skus) => {
          const text = 'select sum(reserved)::int as sum from stock where sku = any ($1)'
          return (await database.pool.query<{ sum: number }>(text, [skus])).rows[0]?.sum ?? 0
        },
        stop: async () => {
          await server.kill()
          await database.close()
        },
      }
    } catch (error) {
      await database.close()
      throw error
    }
  },
}
