import { type CallContext, checkUuid, faultPoint, notFound } from '@holdfast/service'

import { adoptAnswer, settle } from './change'
import { get } from './get'
import { operationOf, wasDone } from './operation'
import type { Parts } from './parts'
import { type ReservationRow, statusOf, whyNotActive } from './reservation'
import { abandonReservations } from './sql/abandon-reservations'

/** Stock first (release is repeatable), then the record takes over that it was released. */
export async function cancel(
  parts: Parts,
  request: { id: string; clientToken: string },
  ctx: CallContext,
): Promise<{ row: ReservationRow; replayed: boolean }> {
  const id = checkUuid('id', request.id)
  const operation = operationOf(ctx, 'cancel', request.clientToken, [id])
  if (ctx.caller === 'order') await buryUnmade(parts, id, ctx)
  const found = await get(parts, id, ctx)
  if ((await wasDone(parts.database.pool, operation)) || found.status === 'CANCELLED') return { row: found, replayed: true }
  const row = await settle(parts, found, ctx)
  // Given back in time, and nobody lived to note it: perhaps by this very cancel, which was repeated since.
  if (row.status === 'CANCELLED') return { row, replayed: true }
  if (statusOf(row) !== 'ACTIVE') throw whyNotActive(row)

  // A payment protects the hold from its owner, not from the flow of the very order that it is for.
  const answer = await parts.holds.release({ id, endProtection: ctx.caller === 'order' }, ctx)
  await faultPoint('reservation.released')
  const adopted = await adoptAnswer(parts, row, answer, ctx, operation)
  if (adopted.row.status !== 'CANCELLED') throw whyNotActive(adopted.row)
  return { row: adopted.row, replayed: adopted.change === undefined }
}

/**
 * An order knows its reservation's id before the reservation is made. If it is given up first, the id is claimed and the
 * hold released (or a tombstone left): a create that comes late meets the one or the other, and holds nothing.
 * @throws NOT_FOUND when there was no reservation, and now there never will be
 */
async function buryUnmade(parts: Parts, id: string, ctx: CallContext): Promise<void> {
  const row = await parts.records.find(id, ctx)
  if (row !== undefined && row.status !== 'ABANDONED') return
  if (row === undefined) {
    const claim = { id, userId: '', fingerprint: '', createdAt: new Date() }
    const claimed = await abandonReservations(parts.database.pool, [claim])
    // It was made at this very moment: an ordinary cancel.
    if (claimed.length === 0) return
  }
  await parts.holds.release({ id, endProtection: true }, ctx)
  throw notFound('reservation', id)
}
