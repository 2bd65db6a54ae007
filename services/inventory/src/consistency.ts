import type { CheckConsistencyResponse, Difference } from '@holdfast/contracts/inventory'
import { type CallContext, type Database, databaseError } from '@holdfast/service'

import { checks, countRows } from './sql/consistency'

const mostDifferences = 1_000

/** Recomputes the books in one REPEATABLE READ snapshot (truth 2): it stops nobody, and nobody's work under way looks wrong. */
export async function checkConsistency(database: Database, ctx: CallContext): Promise<CheckConsistencyResponse> {
  const client = await database.pool.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    await client.query(`set local statement_timeout = ${Math.max(1, Math.floor(ctx.deadline - Date.now()))}`)
    const { rows: counts } = await client.query<Record<string, bigint>>(countRows)
    const differences: Difference[] = []
    for (const { kind, sql } of checks) {
      const { rows } = await client.query<Omit<Difference, 'kind'>>(`${sql} limit ${mostDifferences}`)
      differences.push(...rows.map((row) => ({ kind, ...row })))
    }
    await client.query('commit')
    return {
      consistent: differences.length === 0,
      checked: counts[0] ?? {},
      differences: differences.slice(0, mostDifferences),
      requestId: ctx.requestId,
    }
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw databaseError(error)
  } finally {
    client.release()
  }
}
