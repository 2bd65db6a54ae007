import type { Difference } from '@holdfast/contracts/inventory'
import { Reservation_Status, type ReservationLine, ReservationState_Status } from '@holdfast/contracts/reservation'
import { asService, type CallContext, checkUuid, databaseError } from '@holdfast/service'

import type { Pool } from 'pg'

import { findHoldsWithLines } from '../sql/lines'
import { whyDoubtHold } from '../sql/repair'
import { settledDifference } from './across'
import type { Books } from './books'
import { type HoldState, judge, statusOfHold } from './judge'
import { inDoubt, noDifference } from './refusals'

/**
 * A reservation takes over what its hold says, its lines with it, if the hold balances and the order, if there is one, says the same as the
 * hold: then the reservation alone is wrong. Nothing is locked here while the reservation service is asked; it looks again
 * under its own lock, and refuses if the row is not as it was seen.
 */
export async function mendReservation(
  { database, peers, graceMs }: Books,
  kind: 'reservation' | 'reservation_expiry' | 'reservation_lines',
  id: string,
  ctx: CallContext,
): Promise<Difference> {
  const holdId = checkUuid('id', id)
  if (peers === undefined) throw inDoubt(kind, id, 'this service does not know where the reservation service is')
  const ourCtx = asService(ctx, 'inventory', ctx.deadline - Date.now())
  const settled = await settledDifference({ database, peers, graceMs }, holdId, ourCtx)
  const difference = settled?.differences.find((one) => one.kind === kind)
  const { hold, reservation } = settled?.entry ?? {}
  if (settled === undefined || difference === undefined || hold === undefined || reservation === undefined) {
    throw noDifference(kind, id)
  }
  if (reservation.status === 'ABANDONED') throw inDoubt(kind, id, 'nobody reserved it: it is the claim of a hold without owner')
  const [why, lines] = await Promise.all([whyDoubtHold(database.pool, holdId), linesOf(database.pool, hold)]).catch(
    (error: unknown) => {
      throw databaseError(error)
    },
  )
  if (why !== undefined) throw inDoubt(kind, id, `of its hold, ${why}`)
  if (lines === undefined) throw noDifference(kind, id)

  const status = statusOfHold[hold.state]
  const { version: holdVersion, expiresAt, linesVersion } = hold
  const mended = { ...reservation, status: ReservationState_Status[status], holdVersion, expiresAt, linesVersion }
  const against = judge({ ...settled.entry, reservation: mended }, { graceMs })
  if (against.some((finding) => finding !== 'underWay')) throw inDoubt(kind, id, 'its order and its hold do not agree')
  await peers.reservation.repairReservation(
    { seen: reservation, status: Reservation_Status[status], holdVersion, expiresAt, lines, linesVersion },
    ctx,
  )
  return difference
}

/** @returns undefined: it has moved on since it was looked at */
async function linesOf(pool: Pool, { id, version }: HoldState): Promise<ReservationLine[] | undefined> {
  const hold = (await findHoldsWithLines(pool, [id])).get(id)
  return hold?.version === version ? hold.lines : undefined
}
