import type { CheckConsistencyRequest, CheckConsistencyResponse, Difference } from '@holdfast/contracts/inventory'
import { asService, type CallContext, type Database, databaseError } from '@holdfast/service'

import { compareAcross } from './books/across'
import type { Books } from './books/books'
import { countCheck } from './metrics'
import { archiveChecks, checks, countArchivedRows, countRows } from './sql/consistency'

const mostDifferences = 1_000

/**
 * Recomputes the books (truth 2): this service's own in one snapshot, then, with that transaction over, holds against the
 * reservations and orders of the others. It stops nobody, and nobody's work under way looks wrong.
 */
export async function checkConsistency(
  books: Books,
  { archived = false }: CheckConsistencyRequest,
  ctx: CallContext,
): Promise<CheckConsistencyResponse> {
  const { database, peers, graceMs } = books
  const own = await checkOwnBooks(database, archived, ctx)
  const across =
    peers === undefined
      ? { differences: [], checked: {} }
      : await compareAcross(
          { database, peers, graceMs, archived },
          mostDifferences,
          asService(ctx, 'inventory', ctx.deadline - Date.now()),
        )
  const differences = [...own.differences, ...across.differences]
  countCheck(differences.length === 0)
  return {
    consistent: differences.length === 0,
    checked: { ...own.checked, ...across.checked },
    differences: differences.slice(0, mostDifferences),
    requestId: ctx.requestId,
  }
}

interface OwnBooks {
  checked: Record<string, bigint>
  differences: Difference[]
}

/** One REPEATABLE READ snapshot. */
async function checkOwnBooks(database: Database, archived: boolean, ctx: CallContext): Promise<OwnBooks> {
  const client = await database.pool.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    await client.query(`set local statement_timeout = ${Math.max(1, Math.floor(ctx.deadline - Date.now()))}`)
    const checked: Record<string, bigint> = {}
    for (const sql of archived ? [countRows, countArchivedRows] : [countRows]) {
      Object.assign(checked, (await client.query<Record<string, bigint>>(sql)).rows[0])
    }
    const differences: Difference[] = []
    for (const { kind, sql } of archived ? [...checks, ...archiveChecks] : checks) {
      const { rows } = await client.query<Omit<Difference, 'kind'>>(`${sql} limit ${mostDifferences}`)
      differences.push(...rows.map((row) => ({ kind, ...row })))
    }
    await client.query('commit')
    return { checked, differences }
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw databaseError(error)
  } finally {
    client.release()
  }
}
