import { startChild } from './child'
import { addStock, openPlainDatabase, reservedUnits } from './plain-database'
import { type BenchSystem, noTokens } from './system'

/** inventory.Hold in one process, with a transaction as in `for-update` for each hold. */
export const forUpdateGrpc: BenchSystem = {
  name: 'for-update-grpc',
  title: 'SELECT ... FOR UPDATE over gRPC',
  start: async () => {
    const database = await openPlainDatabase()
    try {
      const server = await startChild('for-update-grpc', { DATABASE_URL: database.url })
      return {
        targets: { holds: { kind: 'holds', address: `127.0.0.1:${server.port}` } },
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
