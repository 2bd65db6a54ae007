/** Calls about a reservation: it is made, changed and ended where inventory decides, and its record takes that over. Pure. */
import type { Interval } from '@holdfast/testing'

import { extensionSeconds, lineOf, type Program, slotOf } from './program'
import {
  adopted,
  type Answer,
  type AnyRequest,
  at,
  change,
  ended,
  free,
  type Hold,
  mayBeOver,
  type Moves,
  mustBeOver,
  type OfSlot,
  type Reservation,
  type Stage,
  type State,
  statusesOf,
  tell,
  tellReservation,
  tolerance,
  whyOver,
  withLines,
} from './state'

export function reserve(program: Program, state: State, { at: stage }: Stage, request: OfSlot): Moves {
  const { call, answer, between } = request
  const { hold, record } = at(state, call.slot)
  if (record !== undefined) {
    // A repeat may have met the hold first, and then bring the record up to it.
    return [state, adopted(state, call.slot)].flatMap((after) => tellReservation(after, request, { code: 'OK', replayed: true }))
  }
  if (hold !== undefined) {
    if (stage === 'record') return recordMade(state, request, hold)
    // A hold that ended before it had a record is nobody's.
    return hold.state === 'HELD' ? [{ state, stage: { at: 'record' } }] : tell(state, request, { code: 'RESERVATION_EXPIRED' })
  }
  const { lines, ttlSeconds } = slotOf(program, call.slot)
  const fits = lines.every(({ sku, quantity }) => free(program, state, sku) >= quantity)
  const mustFit = lines.every(({ sku, quantity }) => free(program, state, sku, between.from) >= quantity)
  if (fits) {
    const ends = endsOf(answer, between, ttlSeconds)
    const made: Hold = {
      state: 'HELD',
      ends,
      protected: false,
      lines: { units: lines.map(({ quantity }) => quantity), version: 1 },
    }
    return [{ state: change(state, call.slot, { hold: made }), stage: { at: 'record' } }]
  }
  return mustFit ? [] : tell(state, request, { code: 'INSUFFICIENT_STOCK' })
}

function recordMade(state: State, request: OfSlot, { ends, lines }: Hold): Moves {
  const made = change(state, request.call.slot, { record: { status: 'ACTIVE', ends, endMoved: false, lines } })
  return tell(made, request, { code: 'OK', replayed: false, status: 'ACTIVE', units: lines.units })
}

export function cancel(state: State, { at: stage }: Stage, request: OfSlot): Moves {
  const { slot } = request.call
  const { hold, record } = at(state, slot)
  if (isReleased(at(state, slot), stage)) return tellReservation(adopted(state, slot), request, { code: 'OK', replayed: true })
  if (stage === 'start' || stage === 'settle') return decideActive(state, stage, slot, request, true)
  if (stage === 'hold') {
    if (hold?.state === 'HELD' && hold.protected) return tell(state, request, { code: 'PAYMENT_IN_PROGRESS' })
    if (hold?.state === 'HELD') return [{ state: ended(state, slot, 'RELEASED'), stage: { at: 'record' } }]
    if (hold?.state === 'RELEASED') return [{ state, stage: { at: 'record' } }]
    return tell(adopted(state, slot), request, { code: whyOver(hold?.state) })
  }
  const replayed = record?.status !== 'ACTIVE'
  return tellReservation(adopted(state, slot), request, { code: 'OK', replayed })
}

/** Cancelled already; who settled with inventory knows it before it is noted. */
export function isReleased({ hold, record }: Reservation, stage: Stage['at']): boolean {
  if (stage !== 'start' && stage !== 'settle') return false
  return record?.status === 'CANCELLED' || (stage === 'settle' && record?.status === 'ACTIVE' && hold?.state === 'RELEASED')
}

export function extend(state: State, { at: stage }: Stage, request: OfSlot): Moves {
  const { call, answer, between } = request
  const { slot } = call
  const { hold, record } = at(state, slot)
  const wish = wishOf(between)
  if (stage === 'start' || stage === 'settle') {
    // Another may have moved the end as far already.
    const late = record?.status === 'ACTIVE' && (record.endMoved || record.ends.to >= wish.from - tolerance)
    return [
      ...decideActive(state, stage, slot, request, true),
      ...(late ? tell(state, request, { code: 'INVALID_ARGUMENT' }) : []),
    ]
  }
  if (stage === 'hold') {
    if (hold?.state !== 'HELD') return tell(adopted(state, slot), request, { code: whyOver(hold?.state) })
    const moves: Moves = []
    if (mayBeOver(hold, between)) moves.push(...tell(state, request, { code: 'RESERVATION_EXPIRED' }))
    if (!mustBeOver(hold, between.from)) {
      const told = answer?.expiresAt !== undefined && answer.replayed === false ? exactly(answer.expiresAt) : wish
      const ends = { from: Math.max(hold.ends.from, told.from), to: Math.max(hold.ends.to, told.to) }
      moves.push({ state: change(state, slot, { hold: { ...hold, ends } }), stage: { at: 'record' } })
    }
    return moves
  }
  if (record?.status !== 'ACTIVE' || hold === undefined) return tell(state, request, { code: whyOver(record?.status) })
  const known = change(state, slot, { record: { ...record, ends: hold.ends } })
  const notEarlier = answer?.expiresAt === undefined || answer.expiresAt >= record.ends.from
  return notEarlier
    ? [true, false].flatMap((replayed) =>
        tell(known, request, { code: 'OK', replayed, status: 'ACTIVE', units: record.lines.units }),
      )
    : []
}

/** About one line of its slot. */
export interface ChangeCall {
  slot: number
  line: number
  quantity: number
  /** So many units are given back; else it is to have so many. */
  giveBack: boolean
}

/** Without a key, so it is no repeat of anything. Whether there is still time, inventory alone decides. */
export function changeLines(program: Program, state: State, stage: Stage, request: OfSlot<ChangeCall>): Moves {
  const { slot, quantity, giveBack } = request.call
  const { place, sku } = lineOf(program, request.call)
  const { hold, record } = at(state, slot)
  if (stage.at === 'record') return tellChanged(state, request, stage)
  if (record === undefined) return tell(state, request, { code: 'NOT_FOUND' })
  if (hold?.state !== 'HELD') return tell(adopted(state, slot), request, { code: whyOver(hold?.state) })
  const moves: Moves = []
  if (mayBeOver(hold, request.between)) moves.push(...tell(state, request, { code: 'RESERVATION_EXPIRED' }))
  if (mustBeOver(hold, request.between.from)) return moves
  const had = hold.lines.units[place] ?? 0
  const more = giveBack ? -quantity : quantity - had
  if (hold.protected) moves.push(...tell(state, request, { code: 'PAYMENT_IN_PROGRESS' }))
  else if (had + more < 0) moves.push(...tell(state, request, { code: 'INVALID_ARGUMENT' }))
  else if (more <= 0 || free(program, state, sku) >= more) moves.push(changed(state, slot, place, had + more))
  else if (free(program, state, sku, request.between.from) < more)
    moves.push(...tell(state, request, { code: 'INSUFFICIENT_STOCK' }))
  return moves
}

/** A hold that has nothing left is released, with the lines that it had. */
function changed(state: State, slot: number, place: number, quantity: number): Moves[number] {
  const { hold } = at(state, slot)
  if (hold === undefined) throw new Error(`slot ${slot} has no hold`)
  const { units, version } = hold.lines
  const left = units.with(place, quantity)
  if (left.every((one) => one === 0)) return { state: ended(state, slot, 'RELEASED'), stage: { at: 'record', lines: hold.lines } }
  const lines = quantity === units[place] ? hold.lines : { units: left, version: version + 1 }
  return { state: change(state, slot, { hold: { ...hold, lines } }), stage: { at: 'record', lines } }
}

/** The record takes over what its hold was then, or is now. */
function tellChanged(state: State, request: OfSlot<ChangeCall>, { lines }: Stage): Moves {
  const { slot } = request.call
  const then = lines === undefined ? state : withLines(state, slot, lines)
  const { hold } = at(state, slot)
  const afters = hold?.state === 'HELD' ? [then] : [then, adopted(state, slot)]
  return afters.flatMap((after) => tellReservation(after, request, { code: 'OK', replayed: false }))
}

/**
 * What cancel and extend have in common: they want an ACTIVE reservation. One whose time seems to be past is settled with
 * inventory first: a payment may have moved its end.
 */
export function decideActive(state: State, stage: Stage['at'], slot: number, request: AnyRequest, isLast: boolean): Moves {
  const { hold, record } = at(state, slot)
  const refuse = (after: State, code: string): Moves =>
    isLast ? tell(after, request, { code }) : [{ state: after, stage: { at: code === 'RESERVATION_EXPIRED' ? 'order' : 'sold' } }]
  if (record === undefined) return isLast ? tell(state, request, { code: 'NOT_FOUND' }) : [{ state, stage: { at: 'order' } }]
  if (record.status !== 'ACTIVE') return refuse(state, whyOver(record.status))
  if (stage === 'start') {
    return statusesOf(record, request.between).map((seen): Moves[number] => ({
      state,
      stage: { at: seen === 'ACTIVE' ? 'hold' : 'settle' },
    }))
  }
  if (hold?.state !== 'HELD') return refuse(adopted(state, slot), whyOver(hold?.state))
  const moves: Moves = []
  if (mayBeOver(hold, request.between)) moves.push(...refuse(adopted(ended(state, slot, 'EXPIRED'), slot), 'RESERVATION_EXPIRED'))
  if (!mustBeOver(hold, request.between.from)) moves.push({ state, stage: { at: 'hold' } })
  return moves
}

export function look(state: State, request: OfSlot): Moves {
  if (at(state, request.call.slot).record === undefined) return tell(state, request, { code: 'NOT_FOUND' })
  return tellReservation(state, request, { code: 'OK' })
}

function endsOf(answer: Answer | undefined, between: Interval, ttlSeconds: number): Interval {
  if (answer?.expiresAt !== undefined && answer.replayed === false) return exactly(answer.expiresAt)
  return { from: between.from + ttlSeconds * 1000, to: between.to + ttlSeconds * 1000 }
}

function wishOf({ from, to }: Interval): Interval {
  return { from: from + extensionSeconds * 1000, to: to + extensionSeconds * 1000 }
}

function exactly(time: number): Interval {
  return { from: time, to: time }
}
