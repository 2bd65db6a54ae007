/** What cancel, extend, commit and changes of lines have in common: the hold decides, the record takes over its answer. */
import type { HoldResult } from '@holdfast/contracts/inventory'
import { asService, type CallContext, fromItemError } from '@holdfast/service'

import type { Adopted } from './adopt'
import type { Operation } from './operation'
import { type Parts, serviceName, timeLeft } from './parts'
import { reservationExpired, type ReservationRow } from './reservation'
import { lostHold } from './take-over'

/**
 * Takes over inventory's answer to a change, also where it is "no": then the hold may have ended otherwise, which is then
 * not this caller's doing.
 * @param operation remembered with the change, if there is a key
 */
export async function adoptAnswer(
  parts: Parts,
  row: ReservationRow,
  { hold, error }: HoldResult,
  ctx: CallContext,
  operation?: Operation,
): Promise<Adopted> {
  const ourCtx = asService(ctx, serviceName, timeLeft(ctx))
  if (error?.code === 'NOT_FOUND' && hold === undefined) {
    ctx.log.error({ reservationId: row.id }, 'inventory does not know the hold of this reservation')
    await parts.records.adopt({ hold: lostHold(row), ctx: ourCtx })
    throw reservationExpired()
  }
  if (error !== undefined) {
    if (hold !== undefined) await parts.records.adopt({ hold, ctx: ourCtx })
    throw fromItemError(error)
  }
  const adopted = hold === undefined ? undefined : await parts.records.adopt({ hold, ctx, operation })
  if (adopted === undefined) throw new Error(`reservation ${row.id}: nothing to take over`)
  return adopted
}

/**
 * A record that reads as EXPIRED may be behind: a payment can have moved the end of its hold. Inventory is asked, and what
 * it says is taken over, before anything is decided about it.
 */
export async function settle(parts: Parts, row: ReservationRow, ctx: CallContext): Promise<ReservationRow> {
  return row.status === 'ACTIVE' && row.due ? askAgain(parts, row, ctx) : row
}

/** Takes over what inventory says of the hold now, whatever the record reads as. */
export async function askAgain(parts: Parts, row: ReservationRow, ctx: CallContext): Promise<ReservationRow> {
  const ourCtx = asService(ctx, serviceName, timeLeft(ctx))
  const { results } = await parts.holds.expire([row.id], ourCtx)
  const hold = results[0]?.hold
  const adopted = hold === undefined ? undefined : await parts.records.adopt({ hold, ctx: ourCtx })
  return adopted?.row ?? row
}
