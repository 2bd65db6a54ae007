import {
  type ListReservationStatesRequest,
  type ListReservationStatesResponse,
  type ReservationState,
  ReservationState_Status,
} from '@holdfast/contracts/reservation'
import { checkUuid, invalidField, pageSize } from '@holdfast/service'

import type { Parts } from './parts'
import { findStates, pageOfStates, type StateRow } from './sql/list-states'

const mostRows = 1_000

/** The rows as they are kept, for those who compare them with their own. */
export async function listStates(parts: Parts, request: ListReservationStatesRequest): Promise<ListReservationStatesResponse> {
  const { ids, afterId, archived = false } = request
  if (ids.length > mostRows) throw invalidField('ids', `must be at most ${mostRows}`)
  const { pool } = parts.database
  const rows =
    ids.length > 0
      ? await findStates(
          pool,
          ids.map((id) => checkUuid('ids', id)),
        )
      : await pageOfStates(
          pool,
          afterId === '' ? undefined : checkUuid('afterId', afterId),
          pageSize(request.pageSize, mostRows, mostRows),
          archived,
        )
  return { reservations: rows.map((row) => ({ ...toState(row), pastMs: row.pastMs })) }
}

export function toState({ id, status, version, holdVersion, expiresAt, linesVersion }: StateRow): ReservationState {
  return { id, status: ReservationState_Status[status], version, holdVersion, expiresAt, linesVersion }
}
