import { Hold_State, type HoldResult } from '@holdfast/contracts/inventory'
import { asService, type CallContext, checkDeadline } from '@holdfast/service'

import { adoptAll } from './adopt'
import { releaseOrphans } from './orphans'
import { type Parts, serviceName, timeLeft } from './parts'
import { claimDue, deferSweep, type Deferral } from './sql/sweep-due'
import { lostHold } from './take-over'

/** What one claim came to. */
export interface Swept {
  /** Reservations that were due. */
  claimed: number
  /** Those that became EXPIRED. */
  expired: number
}

const mostClaimed = 1_000
/** A sweeper that dies with a claim keeps others from it for so long, in ms. */
const claimMs = 10_000
/** When a claim that came to nothing is taken up again, in ms. */
const retryMs = 1_000
/** The end of a payment can bring the end of a hold forward again, so a protected one is looked at so often, in ms. */
const protectedMs = 1_000
/** Clocks read in whole ms are a little early. */
const shortestMs = 5

/**
 * Claims what is due in a short transaction, asks inventory to expire the holds in one batch, and takes over its answers.
 * Nothing is locked while inventory is asked; replicas share the work by their claims.
 */
export async function sweepDue(parts: Parts, ctx: CallContext): Promise<Swept> {
  const ids = await claimDue(parts.database.pool, mostClaimed, claimMs)
  if (ids.length === 0) return { claimed: 0, expired: 0 }
  try {
    return { claimed: ids.length, expired: await expireClaimed(parts, ids, ctx) }
  } catch (error) {
    await giveBack(parts, ids, ctx)
    throw error
  }
}

async function expireClaimed(parts: Parts, ids: string[], ctx: CallContext): Promise<number> {
  const { results, now = new Date() } = await parts.holds.expire(ids, ctx)
  const holds = ids.flatMap((id, index) => {
    const { hold, error } = results[index] ?? { hold: undefined, error: undefined }
    if (hold !== undefined) return [hold]
    if (error?.code === 'NOT_FOUND') {
      ctx.log.error({ reservationId: id }, 'inventory does not know the hold of this reservation: it is over')
      return [lostHold({ id })]
    }
    // Its claim ends by itself, and it is tried again.
    ctx.log.warn({ reservationId: id, code: error?.code }, 'a hold could not be expired')
    return []
  })
  const adopted = await adoptAll(
    parts.database,
    holds.map((hold) => ({ hold, ctx })),
  )
  if (adopted.some((one) => one?.change !== undefined)) parts.published()
  await deferSweep(parts.database.pool, notYet(results, now))
  return adopted.filter((one) => one?.change === 'EXPIRED').length
}

/** Inventory's clock decides what is due: the wait is counted by it, so that this clock may differ. */
function notYet(results: HoldResult[], now: Date): Deferral[] {
  return results.flatMap(({ hold }) => {
    if (hold?.state !== Hold_State.HELD || hold.expiresAt === undefined) return []
    const left = Math.max(shortestMs, hold.expiresAt.getTime() - now.getTime())
    return [{ id: hold.id, afterMs: hold.protectedUntil === undefined ? left : Math.min(left, protectedMs) }]
  })
}

async function giveBack(parts: Parts, ids: string[], ctx: CallContext): Promise<void> {
  try {
    await deferSweep(
      parts.database.pool,
      ids.map((id) => ({ id, afterMs: retryMs })),
    )
  } catch (error) {
    ctx.log.warn({ err: error }, 'a claim could not be given back; it ends by itself')
  }
}

/** One pass now, until nothing is due, then the orphans; whoever asked, it is this service that does it. */
export async function sweep(parts: Parts, ctx: CallContext): Promise<{ expired: number; orphans: number }> {
  const ourCtx = asService(ctx, serviceName, timeLeft(ctx))
  let expired = 0
  for (let claimed = 1; claimed > 0;) {
    checkDeadline(ctx)
    const swept = await sweepDue(parts, ourCtx)
    claimed = swept.claimed
    expired += swept.expired
  }
  const { released } = await releaseOrphans(parts, ourCtx)
  return { expired, orphans: released }
}
