/** Changes of what holds are made by, as often as it takes: a transaction that can't have all of it at once begins again. */
import { setTimeout as sleep } from 'node:timers/promises'

import { type CallContext, type Database, HoldfastError } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { countSome, MoreToCount } from './sql/claims'
import { RulesMoved } from './sql/rules'

/** How often a change of rules is tried while others change what it has to lock. */
const mostTries = 20
/** The longest pause between two of them, in ms. */
const pauseMs = 50
/** Counting ends so long before its caller stops waiting, in ms: it counts some more, and the answer takes its way. */
const countingMs = 1_000

/**
 * @param work changes rules under their locks
 * @throws CONFLICT when they never stand still, UNAVAILABLE when a limit is set on what has sold so much that it is not counted in the time there is: a
 * repeat goes on
 */
export async function untilRulesStand<Result>(
  database: Database,
  ctx: CallContext,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  for (let moved = 0; ;) {
    try {
      return await database.transaction(work)
    } catch (error) {
      if (error instanceof MoreToCount) {
        for (const { sku, mark } of error.rest) await countSold(database, sku, mark, ctx)
        continue
      }
      if (!(error instanceof RulesMoved)) throw error
      if (++moved >= mostTries) throw new HoldfastError('CONFLICT', 'Others changed it meanwhile', { cause: error })
      await sleep(Math.random() * pauseMs)
    }
  }
}

/** Counts what was sold of a SKU that is not limited yet, beside those who go on buying it. @throws UNAVAILABLE: a repeat goes on from there */
async function countSold(database: Database, sku: string, mark: string, ctx: CallContext): Promise<void> {
  do {
    if (Date.now() + countingMs > ctx.deadline) {
      throw new HoldfastError(
        'UNAVAILABLE',
        `What was sold of ${sku} is still being counted; repeat the request to go on with it`,
      )
    }
  } while (!(await countSome(database.pool, sku, mark)))
}
