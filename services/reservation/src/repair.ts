import { appendEvents } from '@holdfast/events'
import {
  type RepairReservationRequest,
  type RepairReservationResponse,
  Reservation_Status,
  ReservationLine,
  type ReservationState,
  ReservationState_Status,
} from '@holdfast/contracts/reservation'
import { type CallContext, checkTime, checkUuid, HoldfastError, invalidField, notFound } from '@holdfast/service'

import { repairedEvent } from './events'
import { toState } from './list-states'
import type { Parts } from './parts'
import type { ReservationRow } from './reservation'
import { lockReservations, updateReservations } from './sql/lock-reservations'

/**
 * Writes into a reservation what its hold says, also where the adopt rule would leave it as it is because it has ended:
 * the hold's row decides (truth 3), and inventory has made sure that nothing else speaks against it. In the name of the
 * admin whose token came along.
 * @throws CONFLICT when the row is not what inventory saw, NOT_FOUND
 */
export async function repair(
  parts: Parts,
  request: RepairReservationRequest,
  ctx: CallContext,
): Promise<RepairReservationResponse> {
  const { seen, status, holdVersion, expiresAt } = request
  if (seen === undefined) throw invalidField('seen', 'is needed')
  if (expiresAt === undefined) throw invalidField('expiresAt', 'is needed')
  if (status === Reservation_Status.STATUS_UNSPECIFIED || status === Reservation_Status.UNRECOGNIZED) {
    throw invalidField('status', 'is needed')
  }
  const id = checkUuid('seen.id', seen.id)
  const wanted = { status, holdVersion, expiresAt: checkTime('expiresAt', expiresAt), ...linesOf(request) }
  const after = await parts.database.transaction(async (client) => {
    const { rows, now } = await lockReservations(client, [id])
    const [before] = rows
    if (before === undefined) throw notFound('reservation', id)
    if (!isAsSeen(before, seen)) {
      throw new HoldfastError('CONFLICT', 'The reservation was changed meanwhile; check the books again')
    }
    const row: ReservationRow = { ...before, ...wanted, version: before.version + 1, updatedAt: now }
    await updateReservations(client, [row], { allLines: true })
    await appendEvents(client, [repairedEvent(before, row, ctx)])
    return row
  })
  parts.published()
  if (after.status === 'ACTIVE') parts.expect(after.expiresAt)
  return { reservation: toState(after) }
}

function linesOf({ lines, linesVersion }: RepairReservationRequest): Partial<ReservationRow> {
  if (linesVersion === undefined) return {}
  if (lines.length === 0) throw invalidField('lines', 'are needed')
  return { linesVersion, lines: lines.map((line) => ReservationLine.toJSON(line)) }
}

/** ABANDONED claims are the orphan search's affair. */
function isAsSeen(row: ReservationRow, seen: ReservationState): boolean {
  return (
    row.status !== 'ABANDONED' &&
    ReservationState_Status[row.status] === seen.status &&
    row.version === seen.version &&
    row.holdVersion === seen.holdVersion &&
    row.linesVersion === (seen.linesVersion ?? row.linesVersion) &&
    row.expiresAt.getTime() === seen.expiresAt?.getTime()
  )
}
