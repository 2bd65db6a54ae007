import { startChild } from './child'
import { addStock, openPlainDatabase, reservedUnits } from './plain-database'
import { type BenchSystem, noTokens } from './system'

/** One node:http process with `BEGIN; SELECT ... FOR UPDATE; UPDATE; INSERT; COMMIT` for each request. */
export const forUpdate: BenchSystem = {
  name: 'for-update',
  title: 'SELECT ... FOR UPDATE',
  start: async () => {
    const database = await openPlainDatabase()
    try {
      const server = await startChild('for-update', { DATABASE_URL: database.url })
      return {
        targets: { http: { kind: 'http', url: `http://127.0.0.1:${server.port}` } },
        databaseUrl: database.url,
        prepare: async (skus, stock) => {
          await addStock(database.pool, skus, stock)
          return noTokens
        },
        reserved: async (skus) => reservedUnits(database.pool, skus),
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
