/** A part of a reservation becomes one of its own: its hold first, then its row, then what is left of the whole. */
import { type Hold, Hold_State } from '@holdfast/contracts/inventory'
import { ReservationLine, type SplitReservationRequest } from '@holdfast/contracts/reservation'
import { asService, type CallContext, checkUuid, faultPoint, fingerprint, fromItemError, HoldfastError } from '@holdfast/service'

import { askAgain } from './change'
import { createdEvent } from './events'
import { get } from './get'
import { keyReused } from './operation'
import { type Parts, serviceName, timeLeft } from './parts'
import { reservationExpired, type ReservationRow } from './reservation'
import { insertPart } from './sql/insert-part'
import { checkPart, inWordsOfRequest, type WantedLine } from './wanted'

interface Split {
  row: ReservationRow
  replayed: boolean
}

/** The lines may have been changed since the record heard of them; then it is looked at again, so often. */
const mostLooks = 5

/**
 * Repeatable by the part's id, also after a crash between any two of its steps: inventory answers the hold of the part as it is,
 * and what is left of the whole comes with every later answer about it. A part without a row is given back as an orphan.
 */
export async function split(parts: Parts, request: SplitReservationRequest, ctx: CallContext): Promise<Split> {
  const [id, partId] = [checkUuid('id', request.id), checkUuid('partId', request.partId)]
  const lines = checkPart(request.lines, parts.limits)
  const print = fingerprint(['part', id, lines.map(({ sku, warehouse, quantity }) => [sku, warehouse, quantity])])
  let whole = await get(parts, id, ctx)
  const known = await parts.records.find(partId, ctx)
  if (known !== undefined) {
    const repeated = replay(known, whole, print)
    // Whoever made it may have died before the whole knew what is left of it.
    if (whole.status === 'ACTIVE') await askAgain(parts, whole, ctx)
    return repeated
  }
  for (let look = 1; look <= mostLooks; look++) {
    // Lines that have changed may be what an earlier split by this very id has left: then inventory knows the part.
    if (whole.linesVersion === 1 && isEverything(whole, lines)) return { row: whole, replayed: true }
    const { part, rest } = await parts.holds.split(
      {
        id,
        partId,
        fingerprint: print,
        lines: lines.map(({ sku, warehouse, quantity }) => ({ sku, warehouse, quantity })),
        linesVersion: whole.linesVersion,
      },
      ctx,
    )
    await faultPoint('reservation.split')
    if (part?.hold === undefined) {
      whole = await adoptRest(parts, whole, rest, asService(ctx, serviceName, timeLeft(ctx)))
      if (part?.error?.code === 'CONFLICT') continue
      if (refusedAsWhole.has(part?.error?.code ?? '') && isEverything(whole, lines)) return { row: whole, replayed: true }
      throw part?.error === undefined ? new Error(`hold ${id}: no part`) : inWordsOfRequest(fromItemError(part.error), { lines })
    }
    const made = await make(parts, part.hold, whole, print, ctx)
    await faultPoint('reservation.parted')
    await adoptRest(parts, whole, rest, ctx)
    return made
  }
  throw new HoldfastError('CONFLICT', 'The lines of this reservation change all the time; repeat the request', {
    retryAfterMs: 100,
  })
}

/** There is no such part, and what is asked for is the whole, which others may have sold or be selling: that is for its checkout to say. */
const refusedAsWhole = new Set(['ILLEGAL_TRANSITION', 'PAYMENT_IN_PROGRESS', 'RESERVATION_NOT_ACTIVE'])

/** Each line is at most what there is, so equal sums are equal lines. */
function isEverything({ lines }: ReservationRow, wanted: WantedLine[]): boolean {
  const had = lines.map((line) => ReservationLine.fromJSON(line))
  const sum = (list: readonly { quantity: number }[]) => list.reduce((units, { quantity }) => units + quantity, 0)
  const fits = wanted.every(
    ({ sku, warehouse, quantity }) =>
      quantity === sum(had.filter((line) => line.sku === sku && (warehouse === '' || line.warehouse === warehouse))),
  )
  return fits && sum(had) === sum(wanted)
}

/** The hold of the part is there, and its row is not, or was written at this very moment. */
async function make(parts: Parts, hold: Hold, whole: ReservationRow, print: string, ctx: CallContext): Promise<Split> {
  // It ended before there was a reservation for it.
  if (hold.state !== Hold_State.HELD) throw reservationExpired()
  const createdAt = hold.createdAt ?? new Date()
  const row: ReservationRow = {
    id: hold.id,
    userId: whole.userId,
    status: 'ACTIVE',
    fingerprint: print,
    lines: hold.lines.map((line) => ReservationLine.toJSON(line)),
    expiresAt: hold.baseExpiresAt ?? hold.expiresAt ?? createdAt,
    ttlSeconds: whole.ttlSeconds,
    createdAt,
    updatedAt: createdAt,
    version: 1,
    holdVersion: hold.version,
    linesVersion: hold.linesVersion,
    fills: hold.fills,
    parentId: whole.id,
    bornAt: whole.bornAt ?? whole.createdAt,
    due: false,
  }
  const inserted = await insertPart(parts.database, row, createdEvent(row, ctx))
  if (inserted) {
    parts.published()
    parts.expect(row.expiresAt)
    return { row, replayed: false }
  }
  const known = await parts.records.find(hold.id, ctx)
  if (known === undefined) throw reservationExpired()
  return replay(known, whole, print)
}

/** The part as it is now, whatever became of it. */
function replay(row: ReservationRow, whole: ReservationRow, print: string): Split {
  // Claimed by the search for orphans: its units are on their way back.
  if (row.status === 'ABANDONED') throw reservationExpired()
  if (row.userId !== whole.userId || row.fingerprint !== print) throw keyReused()
  return { row, replayed: true }
}

async function adoptRest(parts: Parts, whole: ReservationRow, rest: Hold | undefined, ctx: CallContext): Promise<ReservationRow> {
  const adopted = rest === undefined ? undefined : await parts.records.adopt({ hold: rest, ctx })
  return adopted?.row ?? whole
}
