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

/** The server ends a statement that is too long; only one that is gone says nothing so long after that, in ms. */
const answerMarginMs = 5_000

interface OwnBooks {
  checked: Record<string, bigint>
  differences: Difference[]
}

/** One REPEATABLE READ snapshot. */
async function checkOwnBooks(database: Database, archived: boolean, ctx: CallContext): Promise<OwnBooks> {
  const client = await database.pool.connect()
  let broken = true
  try {
    await client.query('begin isolation level repeatable read read only')
    const leftMs = Math.max(1, Math.floor(ctx.deadline - Date.now()))
    await client.query(`set local statement_timeout = ${leftMs}`)
    const patient = (text: string) => ({ text, query_timeout: leftMs + answerMarginMs })
    const checked: Record<string, bigint> = {}
    for (const sql of archived ? [countRows, countArchivedRows] : [countRows]) {
      Object.assign(checked, (await client.query<Record<string, bigint>>(patient(sql))).rows[0])
    }
    const differences: Difference[] = []
    for (const { kind, sql } of archived ? [...checks, ...archiveChecks] : checks) {
      const { rows } = await client.query<Omit<Difference, 'kind'>>(patient(`${sql} limit ${mostDifferences}`))
      differences.push(...rows.map((row) => ({ kind, ...row })))
    }
    await client.query('commit')
    broken = false
    return { checked, differences }
  } catch (error) {
    throw databaseError(error)
  } finally {
    // Its end is the end of the transaction, too, also where the server says nothing any more.
    client.release(broken)
  }
}
