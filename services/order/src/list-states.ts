import {
  type ListOrderStatesRequest,
  type ListOrderStatesResponse,
  Order_Status,
  type OrderState,
} from '@holdfast/contracts/order'
import { checkUuid, invalidField, pageSize } from '@holdfast/service'

import type { Deps } from './deps'
import { findStates, pageOfStates, type StateRow } from './sql/list-states'

const mostRows = 1_000

/** The rows as they are kept, for those who compare them with their own. */
export async function listStates(deps: Deps, request: ListOrderStatesRequest): Promise<ListOrderStatesResponse> {
  const { reservationIds, afterReservationId } = request
  if (reservationIds.length > mostRows) throw invalidField('reservationIds', `must be at most ${mostRows}`)
  const { pool } = deps.database
  const rows =
    reservationIds.length > 0
      ? await findStates(
          pool,
          reservationIds.map((id) => checkUuid('reservationIds', id)),
        )
      : await pageOfStates(
          pool,
          afterReservationId === '' ? undefined : checkUuid('afterReservationId', afterReservationId),
          pageSize(request.pageSize, mostRows, mostRows),
        )
  return { orders: rows.map(toState) }
}

function toState(row: StateRow): OrderState {
  return {
    id: row.id,
    reservationId: row.reservation_id,
    status: Order_Status[row.status],
    version: row.version,
    unreserved: row.unreserved,
    paying: row.paying,
    returnReference: row.return_reference ?? '',
    returned: row.returned,
  }
}
