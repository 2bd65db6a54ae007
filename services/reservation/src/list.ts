import { type ListReservationsRequest, type ListReservationsResponse, Reservation_Status } from '@holdfast/contracts/reservation'
import {
  type CallContext,
  cutPage,
  decodePageToken,
  encodePageToken,
  HoldfastError,
  invalidField,
  pageSize,
  seesAll,
} from '@holdfast/service'

import type { Parts } from './parts'
import { toReservation } from './reservation'
import { listReservations, type ReservationFilter } from './sql/list-reservations'

const maxPageSize = 200
const tokenParts = [/^\d{1,13}$/, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/]

/** Newest first. New reservations do not shift the pages: the token names the last one seen. */
export async function list(parts: Parts, request: ListReservationsRequest, ctx: CallContext): Promise<ListReservationsResponse> {
  const size = pageSize(request.pageSize, maxPageSize)
  const filter = {
    userId: userAskedFor(request.userId, ctx),
    status: statusFilter(request.status),
    after: afterOf(request.pageToken),
  }
  const rows = await listReservations(parts.database.pool, filter, size + 1)
  const { page, last } = cutPage(rows, size, ({ lines }) => JSON.stringify(lines).length)
  return {
    reservations: page.map(toReservation),
    nextPageToken: last === undefined ? '' : encodePageToken([last.createdAt.getTime(), last.id]),
  }
}

/** undefined: everyone's. @throws PERMISSION_DENIED for another's */
export function userAskedFor(userId: string, ctx: CallContext): string | undefined {
  // No text of PostgreSQL's holds NUL, so nothing matches it.
  if (seesAll(ctx)) return userId === '' ? undefined : userId.replaceAll('\0', '\ufffd')
  if (userId !== '' && userId !== ctx.actor.id)
    throw new HoldfastError('PERMISSION_DENIED', 'Only an admin lists what is of others')
  return ctx.actor.id
}

function statusFilter(status: Reservation_Status): ReservationFilter['status'] {
  if (status === Reservation_Status.STATUS_UNSPECIFIED) return undefined
  if (status === Reservation_Status.UNRECOGNIZED) throw invalidField('status', 'is no status of a reservation')
  return status
}

function afterOf(pageToken: string): ReservationFilter['after'] {
  const [createdAt, id] = decodePageToken(pageToken, tokenParts) ?? []
  return createdAt === undefined || id === undefined ? undefined : { createdAt: new Date(Number(createdAt)), id }
}
