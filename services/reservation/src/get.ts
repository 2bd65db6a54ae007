import { type CallContext, checkUuid, notFound, seesAll } from '@holdfast/service'

import type { Parts } from './parts'
import type { ReservationRow } from './reservation'

/** @throws NOT_FOUND also for another's */
export async function get(parts: Parts, id: string, ctx: CallContext): Promise<ReservationRow> {
  const checked = checkUuid('id', id)
  const row = await parts.records.find(checked, ctx)
  if (row === undefined || row.status === 'ABANDONED' || !mayTouch(row, ctx)) throw notFound('reservation', checked)
  return row
}

/** The owner, an admin, or a service on its own behalf. */
function mayTouch(row: ReservationRow, ctx: CallContext): boolean {
  return row.userId === ctx.actor.id || seesAll(ctx)
}
