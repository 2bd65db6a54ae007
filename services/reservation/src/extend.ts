import type { ExtendReservationRequest } from '@holdfast/contracts/reservation'
import { type CallContext, checkUuid, invalidField } from '@holdfast/service'

import { adoptAnswer, settle } from './change'
import { get } from './get'
import { operationOf, wasDone } from './operation'
import type { Parts } from './parts'
import { type ReservationRow, statusOf, whyNotActive } from './reservation'

/** The end that is asked for, and the field that asks. */
interface Wish {
  field: 'expiresAt' | 'ttlSeconds'
  until: Date
}

/** Moves the end to a later time; repeatable by its key, or by naming the time that it has been moved to. */
export async function extend(
  parts: Parts,
  request: ExtendReservationRequest,
  ctx: CallContext,
): Promise<{ row: ReservationRow; replayed: boolean }> {
  const id = checkUuid('id', request.id)
  const wish = wishOf(request)
  const operation = operationOf(ctx, 'extend', request.clientToken, [
    id,
    request.expiresAt?.toISOString() ?? null,
    request.ttlSeconds,
  ])
  const found = await get(parts, id, ctx)
  if (await wasDone(parts.database.pool, operation)) return { row: found, replayed: true }
  const row = await settle(parts, found, ctx)
  if (statusOf(row) !== 'ACTIVE') throw whyNotActive(row)
  if (wish.field === 'expiresAt' && wish.until.getTime() === row.expiresAt.getTime()) return { row, replayed: true }
  checkWish(wish, row, parts.limits.ttlMax)

  const answer = await parts.holds.extend({ id, expiresAt: wish.until }, ctx)
  const adopted = await adoptAnswer(parts, row, answer, ctx, operation)
  if (adopted.row.status !== 'ACTIVE') throw whyNotActive(adopted.row)
  return { row: adopted.row, replayed: adopted.change === undefined }
}

/** Seconds from now become a time on arrival. */
function wishOf({ expiresAt, ttlSeconds }: ExtendReservationRequest): Wish {
  if (expiresAt !== undefined) {
    if (ttlSeconds !== 0) throw invalidField('ttlSeconds', 'is either this or expiresAt')
    if (Number.isNaN(expiresAt.getTime())) throw invalidField('expiresAt', 'must be a time')
    return { field: 'expiresAt', until: expiresAt }
  }
  if (ttlSeconds < 0) throw invalidField('ttlSeconds', 'must be 1 or more')
  if (ttlSeconds === 0) throw invalidField('expiresAt', 'is needed, or ttlSeconds')
  return { field: 'ttlSeconds', until: new Date(Date.now() + ttlSeconds * 1000) }
}

/** Later than now, and within the longest lifetime. */
function checkWish({ field, until }: Wish, row: ReservationRow, ttlMax: number): void {
  const last = new Date((row.bornAt ?? row.createdAt).getTime() + ttlMax * 1000)
  if (until <= row.expiresAt) throw invalidField(field, `must be later than ${row.expiresAt.toISOString()}`)
  if (until > last) throw invalidField(field, `must not be later than ${last.toISOString()}`)
}
