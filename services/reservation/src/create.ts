import { Actor_Role } from '@holdfast/contracts/common'
import { type Hold, Hold_State } from '@holdfast/contracts/inventory'
import {
  type CreateReservationRequest,
  CreateReservationRequest_Strategy as Strategy,
  ReservationLine,
} from '@holdfast/contracts/reservation'
import {
  asService,
  type CallContext,
  checkUuid,
  faultPoint,
  fromItemError,
  HoldfastError,
  idempotencyKey,
  invalidField,
  operationId,
  seesAll,
  timeOrderedId,
} from '@holdfast/service'

import { keyReused } from './operation'
import { type Parts, serviceName, timeLeft } from './parts'
import { reservationExpired, type ReservationRow, statusOf } from './reservation'
import { countEndedAlike, findActiveAlike } from './sql/find-reservations'
import { checkWanted, inWordsOfRequest, type Wanted } from './wanted'

export interface Created {
  row: ReservationRow
  /** It was there before this request. */
  replayed: boolean
}

interface Attempt {
  userId: string
  wanted: Wanted
  strategy: Strategy
  ctx: CallContext
}

/** Holds that were lost before a reservation was made for them, in a row, after which `reuse_active` gives up its promise. */
const mostLostHolds = 8

/**
 * Holds the stock, then writes the reservation. Its id is the hold's, so racing repeats meet at one hold, and a repeat after
 * a crash between the two picks up what was done.
 */
export async function create(parts: Parts, request: CreateReservationRequest, ctx: CallContext): Promise<Created> {
  const attempt = { userId: ownerOf(ctx), wanted: checkWanted(request, parts.limits), strategy: request.strategy, ctx }
  const key = idempotencyKey(ctx, request.clientToken)
  checkStrategy(request.strategy, ctx)
  if (request.reservationId !== '') {
    if (ctx.caller !== 'order') throw invalidField('reservationId', 'is for the order service to choose')
    return hold(parts, checkUuid('reservationId', request.reservationId), attempt)
  }
  if (key !== undefined) return hold(parts, operationId(attempt.userId, 'reserve', key), attempt)
  if (request.reuseActive) return reuseActive(parts, attempt)
  return hold(parts, timeOrderedId(), attempt)
}

/** A reservation is a user's, also when a service carries the request. */
export function ownerOf({ actor }: CallContext): string {
  if (actor.role === Actor_Role.USER || actor.role === Actor_Role.ADMIN) return actor.id
  throw new HoldfastError('PERMISSION_DENIED', "A reservation is made for a user: send the user's token")
}

/** A shopper must not be able to drag a hot SKU out of combining. How it is held is no part of what is asked for. */
function checkStrategy(strategy: Strategy, ctx: CallContext): void {
  if (strategy === Strategy.UNRECOGNIZED) throw invalidField('strategy', 'must be COMBINING, PESSIMISTIC or OPTIMISTIC')
  if (strategy === Strategy.STRATEGY_UNSPECIFIED || strategy === Strategy.COMBINING) return
  if (seesAll(ctx) || ctx.choosesStrategy === true) return
  const fields = [{ field: 'strategy', message: 'is for admins and services' }]
  throw new HoldfastError('PERMISSION_DENIED', 'strategy: is for admins and services', { fields })
}

/**
 * Without a key the request itself is the key, as long as what it made is ACTIVE. The number of those that are over is part
 * of the id: duplicates that race meet at one hold, and after the end of one the next is another.
 */
async function reuseActive(parts: Parts, attempt: Attempt): Promise<Created> {
  const { userId, wanted, ctx } = attempt
  const active = await findActiveAlike(parts.database.pool, userId, wanted.fingerprint)
  if (active !== undefined) return { row: active, replayed: true }
  const ended = await countEndedAlike(parts.database.pool, userId, wanted.fingerprint)
  for (let generation = ended; generation < ended + mostLostHolds; generation++) {
    const id = operationId(userId, 'reuse-active', `${wanted.fingerprint}:${generation}`)
    const created = await orUndefinedWhenOver(hold(parts, id, attempt))
    if (created !== undefined && statusOf(created.row) === 'ACTIVE' && created.row.linesVersion === 1) return created
    ctx.log.debug({ id }, 'a hold of this request is over or has other lines, the next one')
  }
  return hold(parts, timeOrderedId(), attempt)
}

async function orUndefinedWhenOver(creating: Promise<Created>): Promise<Created | undefined> {
  try {
    return await creating
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'RESERVATION_EXPIRED') return undefined
    throw error
  }
}

/**
 * Most requests are nobody's repeat, so nothing is looked for before the hold. That is safe because inventory remembers every
 * id that it has ever held (truth 4): a repeat meets its hold there, however long ago that was.
 */
async function hold(parts: Parts, id: string, attempt: Attempt): Promise<Created> {
  const { ctx } = attempt
  const { hold: held, known } = await holdStock(parts, id, attempt)
  if (known) {
    const row = await parts.records.find(id, ctx)
    if (row !== undefined) return replay(await takenOver(parts, row, held, ctx), attempt)
    // It ended before there was a reservation: an orphan, or a release that was faster.
    if (held.state !== Hold_State.HELD) throw reservationExpired()
  }
  await faultPoint('reservation.held')
  const result = await parts.records.insert(newRow(held, attempt), ctx)
  await faultPoint('reservation.created')
  if (result === undefined) throw reservationExpired()
  if (!result.inserted) return replay(await takenOver(parts, result.row, held, ctx), attempt)
  parts.expect(result.row.expiresAt)
  return { row: result.row, replayed: false }
}

/** @returns the hold, and whether it was there before this request */
async function holdStock(
  parts: Parts,
  id: string,
  { userId, wanted, strategy, ctx }: Attempt,
): Promise<{ hold: Hold; known: boolean }> {
  const { fingerprint, ttlSeconds, lines, choice } = wanted
  const item = { id, owner: userId, fingerprint, ttlSeconds, lines, strategy, requestId: ctx.requestId, ...choice }
  const result = await parts.holds.hold(item, ctx)
  if (result.error !== undefined) throw inWordsOfRequest(fromItemError(result.error), wanted)
  if (result.hold === undefined) throw new Error(`hold ${id}: inventory gave no answer`)
  // A tombstone is nobody's.
  if (result.hold.owner !== userId && result.hold.owner !== '') throw keyReused()
  return { hold: result.hold, known: result.replayed }
}

/**
 * The record of a repeat, brought up to what inventory has just said of its end. That a hold is HELD for longer is left to those who
 * move ends: it may be a payment's protection, which goes as it came.
 */
async function takenOver(parts: Parts, row: ReservationRow, held: Hold, ctx: CallContext): Promise<ReservationRow> {
  if (row.status !== 'ACTIVE' || held.state === Hold_State.HELD) return row
  const ourCtx = asService(ctx, serviceName, timeLeft(ctx))
  // Asked once more, in the words that every hold is asked in about its end: that answer brings the lines, if they have changed.
  const { results } = await parts.holds.expire([held.id], ourCtx)
  const adopted = await parts.records.adopt({ hold: results[0]?.hold ?? held, ctx: ourCtx })
  return adopted?.row ?? row
}

/** The resource as it is now, whatever became of it. */
function replay(row: ReservationRow, { userId, wanted }: Attempt): Created {
  if (row.status === 'ABANDONED') {
    // Claimed by the search for orphans (which knows no user for an order's own id): its hold is on its way back.
    if (row.userId !== userId && row.userId !== '') throw keyReused()
    throw reservationExpired()
  }
  if (row.userId !== userId || row.fingerprint !== wanted.fingerprint) throw keyReused()
  return { row, replayed: true }
}

function newRow(held: Hold, { userId, wanted }: Attempt): ReservationRow {
  // Inventory's clock counts (truth 3): the record begins when its hold did.
  const createdAt = held.createdAt ?? new Date()
  return {
    id: held.id,
    userId,
    status: 'ACTIVE',
    fingerprint: wanted.fingerprint,
    lines: held.lines.map((line) => ReservationLine.toJSON(line)),
    expiresAt: held.expiresAt ?? createdAt,
    ttlSeconds: wanted.ttlSeconds,
    createdAt,
    updatedAt: createdAt,
    version: 1,
    holdVersion: held.version,
    // Nobody changes the lines of a hold that has no reservation yet.
    linesVersion: 1,
    fills: held.fills,
    due: false,
  }
}
