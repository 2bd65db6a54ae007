import type { CommitReservationRequest } from '@holdfast/contracts/reservation'
import type { CallContext } from '@holdfast/service'

import { adoptAnswer } from './change'
import { get } from './get'
import type { Parts } from './parts'
import { type ReservationRow, whyNotActive } from './reservation'

/** Sells the units. Whether there is still time is for inventory to say, whatever the record reads as. */
export async function commit(
  parts: Parts,
  { id, linesVersion = 0 }: CommitReservationRequest,
  ctx: CallContext,
): Promise<{ row: ReservationRow; replayed: boolean }> {
  const row = await get(parts, id, ctx)
  if (row.status === 'COMMITTED') return { row, replayed: true }
  if (row.status !== 'ACTIVE') throw whyNotActive(row)
  const adopted = await adoptAnswer(parts, row, await parts.holds.commit(row.id, linesVersion, ctx), ctx)
  if (adopted.row.status !== 'COMMITTED') throw whyNotActive(adopted.row)
  return { row: adopted.row, replayed: adopted.change === undefined }
}
