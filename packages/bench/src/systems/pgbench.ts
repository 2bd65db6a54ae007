import { addStock, openPlainDatabase, reservedUnits } from './plain-database'
import { hasProgram, programVersion } from './program-version'
import { type BenchSystem, noTokens } from './system'

/** PostgreSQL by itself, driven by its own benchmark client: what one row can bear without any service in front of it. */
export const pgbench: BenchSystem = {
  name: 'pgbench',
  title: 'pgbench, PostgreSQL alone',
  missing: () => (hasProgram('pgbench') ? undefined : 'there is no pgbench on the PATH'),
  start: async () => {
    const database = await openPlainDatabase()
    const version = programVersion('pgbench', /(\d+\.\d+)/)
    return {
      targets: {},
      databaseUrl: database.url,
      ...(version !== undefined && { versions: { pgbench: version } }),
      prepare: async (skus, stock) => {
        await addStock(database.pool, skus, stock)
        return noTokens
      },
      reserved: async (skus) => reservedUnits(database.pool, skus),
      stop: async () => database.close(),
    }
  },
}
