import { Hold_State, type HoldResult } from '@holdfast/contracts/inventory'
import { asService, type CallContext, checkDeadline, faultPoint } from '@holdfast/service'

import { adoptAll } from './adopt'
import { releaseOrphans } from './orphans'
import { type Parts, serviceName, timeLeft } from './parts'
import { type ExpiredHold, expireReservations } from './sql/expire-reservations'
import { type Claim, claimDue, deferSweep, type Deferral, endClaim } from './sql/sweep-due'
import { type HoldNews, lostHold } from './take-over'

/** What a sweep came to. */
export interface Swept {
  /** Reservations that were due. */
  claimed: number
  /** Those that became EXPIRED. */
  expired: number
}

/**
 * What one batch takes. A batch locks its stock rows for as long as it is written, and who reserves a hot SKU waits for that:
 * more at once would be a little faster and make them wait longer.
 */
const mostClaimed = 500
/** Batches under way at once while there is a backlog: one is written here while another is with inventory. */
const lanes = 2
/** A sweeper that dies with a claim keeps others from it for so long, in ms. */
const claimMs = 10_000
/** When what could not be expired is taken up again, in ms. */
const retryMs = 1_000
/** The end of a payment can bring the end of a hold forward again, so a protected one is looked at so often, in ms. */
const protectedMs = 1_000
/** Clocks read in whole ms are a little early. */
const shortestMs = 5

/** Sweeps until nothing is due that nobody else has claimed; several batches at a time once the first was full. */
export async function sweepAllDue(parts: Parts, ctx: CallContext): Promise<Swept> {
  const swept = await sweepDue(parts, ctx)
  if (swept.claimed < mostClaimed) return swept
  const lane = async (): Promise<void> => {
    for (let claimed = mostClaimed; claimed === mostClaimed;) {
      checkDeadline(ctx)
      const more = await sweepDue(parts, ctx)
      claimed = more.claimed
      swept.claimed += claimed
      swept.expired += more.expired
    }
  }
  const results = await Promise.allSettled(Array.from({ length: lanes }, lane))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return swept
}

/**
 * Claims what is due, asks inventory to expire the holds in one batch, and takes over its answers. Nothing is locked while
 * inventory is asked; replicas share the work by their claims.
 */
export async function sweepDue(parts: Parts, ctx: CallContext): Promise<Swept> {
  const { pool } = parts.database
  const claim = await claimDue(pool, mostClaimed, claimMs)
  if (claim === undefined) return { claimed: 0, expired: 0 }
  await faultPoint('sweeper.claimed')
  try {
    const expired = await expireClaimed(parts, claim.reservations, ctx)
    await faultPoint('sweeper.adopted')
    await endClaim(pool, claim.id)
    return { claimed: claim.reservations.length, expired }
  } catch (error) {
    await giveBack(parts, claim, ctx)
    throw error
  }
}

async function expireClaimed(parts: Parts, ids: string[], ctx: CallContext): Promise<number> {
  const { database } = parts
  const { results, now = new Date() } = await parts.holds.expire(ids, ctx)
  await faultPoint('sweeper.expired')
  const expired: ExpiredHold[] = []
  const others: HoldNews[] = []
  const failed: Deferral[] = []
  ids.forEach((id, index) => {
    const { hold, error } = results[index] ?? { hold: undefined, error: undefined }
    // One whose lines have changed may bring some that its reservation has not heard of.
    if (hold?.state === Hold_State.EXPIRED && hold.expiresAt !== undefined && hold.linesVersion <= 1) {
      expired.push({ id: hold.id, version: hold.version, expiresAt: hold.expiresAt })
    } else if (hold !== undefined) {
      others.push(hold)
    } else if (error?.code === 'NOT_FOUND') {
      ctx.log.error({ reservationId: id }, 'inventory does not know the hold of this reservation: it is over')
      others.push(lostHold({ id }))
    } else {
      ctx.log.warn({ reservationId: id, code: error?.code }, 'a hold could not be expired')
      failed.push({ id, afterMs: retryMs })
    }
  })
  // The usual answer by the thousand; each of the others is looked at by itself.
  const count = await expireReservations(database.pool, expired, ctx)
  const adopted =
    others.length === 0
      ? []
      : await adoptAll(
          database,
          others.map((hold) => ({ hold, ctx })),
        )
  if (count > 0 || adopted.some((one) => one?.change !== undefined)) parts.published()
  await deferSweep(database.pool, [...notYet(results, now), ...failed])
  return count + adopted.filter((one) => one?.change === 'EXPIRED').length
}

/** Inventory's clock decides what is due: the wait is counted by it, so that this clock may differ. */
function notYet(results: HoldResult[], now: Date): Deferral[] {
  return results.flatMap(({ hold }) => {
    if (hold?.state !== Hold_State.HELD || hold.expiresAt === undefined) return []
    const left = Math.max(shortestMs, hold.expiresAt.getTime() - now.getTime())
    return [{ id: hold.id, afterMs: hold.protectedUntil === undefined ? left : Math.min(left, protectedMs) }]
  })
}

async function giveBack(parts: Parts, claim: Claim, ctx: CallContext): Promise<void> {
  const { pool } = parts.database
  try {
    await deferSweep(
      pool,
      claim.reservations.map((id) => ({ id, afterMs: retryMs })),
    )
    await endClaim(pool, claim.id)
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
    const swept = await sweepAllDue(parts, ourCtx)
    claimed = swept.claimed
    expired += swept.expired
  }
  const { released } = await releaseOrphans(parts, ourCtx)
  return { expired, orphans: released }
}
