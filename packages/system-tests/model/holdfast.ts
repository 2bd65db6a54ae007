/**
 * What Holdfast promises, as a sequential program: a few SKUs, some reservations of them, and their orders. Pure.
 *
 * A call takes effect where its service decides, so one that changes two databases has two steps: first the stock, then the
 * record (docs/architecture.md). Between them another client may see the one and not the other, and that is all that it may
 * see. Time is inventory's: from the end of a hold on its units are free, and who asks after that end has to find them free.
 */
import type { Interval, Model, Request, Step } from '@holdfast/testing'

import { adjustmentOf, type Call, extensionSeconds, type Program, slotOf } from './program'

/** What a client was told. */
export interface Answer {
  /** OK, or the code of the refusal. */
  code: string
  /** It was done before. */
  replayed?: boolean
  /** Of the reservation or the order that was answered, and of the request: the model does not care. */
  id?: string
  requestId?: string
  status?: string
  /** Of the reservation, ms since 1970. */
  expiresAt?: number
  /** Of each SKU, units: on hand and available; of an adjustment its own SKU's on hand alone. */
  levels?: number[][]
}

type Ended = 'COMMITTED' | 'RELEASED' | 'EXPIRED'
type Status = 'ACTIVE' | 'COMMITTED' | 'CANCELLED' | 'EXPIRED'

/** Inventory's side of a reservation. */
interface Hold {
  state: 'HELD' | Ended
  /** The owner's end. A hold whose making was never answered has one that is known no better. */
  ends: Interval
  /** By a payment, beyond any history. */
  protected: boolean
}

/** The reservation service's side. */
interface ReservationRecord {
  status: Status
  ends: Interval
  /** A payment has moved the end, of which the record may know nothing yet, or still. */
  endMoved: boolean
}

/** over: the reservation was; given up: nobody was told why. */
type Attempt = 'open' | 'paid' | 'declined' | 'over' | 'given up'

interface Order {
  status: 'PENDING' | 'CONFIRMED' | 'CANCELLED'
  attempts: Attempt[]
  /** Its units are on their way back. */
  owed: boolean
}

interface Reservation {
  hold?: Hold
  record?: ReservationRecord
  order?: Order
}

export interface State {
  onHand: number[]
  /** By slot. */
  reservations: Reservation[]
  /** Adjustments that were made. */
  adjusted: boolean[]
}

/** How far a call has come. */
export interface Stage {
  at: 'start' | 'settle' | 'hold' | 'record' | 'order' | 'sold' | 'begin' | 'protect' | 'pay' | 'confirm' | 'end' | 'tell'
  /** The payment attempt that it drives, or waits for. */
  attempt?: number
  /** It waits for another's. */
  joined?: boolean
}

type Moves = Step<State, Stage>[]
type OfSlot<More = unknown> = Request<{ slot: number } & More, Answer>
type AnyRequest = Request<unknown, Answer>

/** Answers are told in whole ms, and this process reads its own clock; ms. */
const tolerance = 5

export function holdfastModel(program: Program): Model<State, Stage, Call, Answer> {
  return {
    initial: {
      onHand: program.stock,
      reservations: program.slots.map(() => ({})),
      adjusted: program.adjustments.map(() => false),
    },
    firstStage: { at: 'start' },
    steps: (state, stage, { call, answer, between }) => {
      switch (call.do) {
        case 'reserve':
          return reserve(program, state, stage, { call, answer, between })
        case 'cancel':
          return cancel(state, stage, { call, answer, between })
        case 'extend':
          return extend(state, stage, { call, answer, between })
        case 'look':
          return look(state, { call, answer, between })
        case 'checkOut':
          return checkOut(program, state, stage, { call, answer, between })
        case 'cancelOrder':
          return cancelOrder(state, stage, { call, answer, between })
        case 'adjust':
          return adjust(program, state, { call, answer, between })
        case 'readStock':
          return readStock(program, state, { call, answer, between })
        case 'readSettled':
          return state.reservations.some(({ order }) => order?.owed) ? [] : readStock(program, state, { call, answer, between })
        case 'sweep':
          return tell(state, { answer }, { code: 'OK' })
      }
    },
    byItself: (state, until) => state.reservations.flatMap((_, slot) => byItself(program, state, slot, until)),
  }
}

/** The sweeper, the events, and the workers. */
function byItself(program: Program, state: State, slot: number, until: number): State[] {
  const { hold, record, order } = at(state, slot)
  const changes: State[] = []
  if (hold?.state === 'HELD' && mayBeOver(hold, { from: 0, to: until })) changes.push(ended(state, slot, 'EXPIRED'))
  if (hold !== undefined && hold.state !== 'HELD' && record?.status === 'ACTIVE' && reached(record.ends, until)) {
    changes.push(adopted(state, slot))
  }
  if (order?.status === 'PENDING' && !isPaying(order) && hold?.state !== 'COMMITTED' && record !== undefined) {
    if (record.status !== 'ACTIVE' || reached(record.ends, until)) changes.push(withOrder(state, slot, { status: 'CANCELLED' }))
  }
  if (order?.owed) changes.push(withOrder(moved(program, state, slot, 1), slot, { owed: false }))
  return changes
}

function reserve(program: Program, state: State, { at: stage }: Stage, request: OfSlot): Moves {
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
    return [{ state: change(state, call.slot, { hold: { state: 'HELD', ends, protected: false } }), stage: { at: 'record' } }]
  }
  return mustFit ? [] : tell(state, request, { code: 'INSUFFICIENT_STOCK' })
}

function recordMade(state: State, request: OfSlot, { ends }: Hold): Moves {
  const made = change(state, request.call.slot, { record: { status: 'ACTIVE', ends, endMoved: false } })
  return tell(made, request, { code: 'OK', replayed: false, status: 'ACTIVE' })
}

function cancel(state: State, { at: stage }: Stage, request: OfSlot): Moves {
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
function isReleased({ hold, record }: Reservation, stage: Stage['at']): boolean {
  if (stage !== 'start' && stage !== 'settle') return false
  return record?.status === 'CANCELLED' || (stage === 'settle' && record?.status === 'ACTIVE' && hold?.state === 'RELEASED')
}

function extend(state: State, { at: stage }: Stage, request: OfSlot): Moves {
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
  return notEarlier ? [true, false].flatMap((replayed) => tell(known, request, { code: 'OK', replayed, status: 'ACTIVE' })) : []
}

/**
 * What cancel and extend have in common: they want an ACTIVE reservation. One whose time seems to be past is settled with
 * inventory first: a payment may have moved its end.
 */
function decideActive(state: State, stage: Stage['at'], slot: number, request: AnyRequest, isLast: boolean): Moves {
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

function look(state: State, request: OfSlot): Moves {
  if (at(state, request.call.slot).record === undefined) return tell(state, request, { code: 'NOT_FOUND' })
  return tellReservation(state, request, { code: 'OK' })
}

/** One payment after another; who comes while one is under way waits for its end, and is told the same. */
function checkOut(program: Program, state: State, stage: Stage, request: OfSlot<{ declined: boolean }>): Moves {
  const { call, between } = request
  const { slot } = call
  const { hold, record, order } = at(state, slot)
  const { attempt = 0 } = stage
  switch (stage.at) {
    case 'start':
    case 'begin': {
      if (order !== undefined && order.status !== 'PENDING') return tellOrder(state, request, order, true)
      if (order !== undefined && isPaying(order)) {
        return [{ state, stage: { at: 'tell', attempt: order.attempts.length - 1, joined: true } }]
      }
      if (stage.at === 'begin') {
        const attempts: Attempt[] = [...(order?.attempts ?? []), 'open']
        const after = withOrder(state, slot, { attempts })
        return [{ state: after, stage: { at: 'protect', attempt: attempts.length - 1 } }]
      }
      if (record === undefined) return tell(state, request, { code: 'NOT_FOUND' })
      return statusesOf(record, between).flatMap((seen): Moves => {
        return seen === 'ACTIVE' ? [{ state, stage: { at: 'begin' } }] : tellOver(state, request)
      })
    }
    case 'protect': {
      const moves: Moves = []
      if (hold?.state !== 'HELD' || mayBeOver(hold, between)) moves.push(over(state, slot, attempt, 'over'))
      if (hold?.state === 'HELD' && !mustBeOver(hold, between.from)) {
        const after = change(state, slot, { hold: { ...hold, protected: true }, record: record && { ...record, endMoved: true } })
        moves.push({ state: after, stage: { at: 'pay', attempt } })
      }
      return moves
    }
    case 'pay': {
      const unprotected = hold?.state === 'HELD' ? change(state, slot, { hold: { ...hold, protected: false } }) : state
      // Where the answer is not known the attempt may have been given up.
      const givenUp = request.answer === undefined ? [over(unprotected, slot, attempt, 'given up')] : []
      if (call.declined) return [{ state: unprotected, stage: { at: 'end', attempt } }, ...givenUp]
      // Only its own order's cancel can have ended a hold that is protected.
      if (hold?.state !== 'HELD') return [over(withOrder(state, slot, { status: 'CANCELLED' }), slot, attempt, 'over')]
      const sold = ended(moved(program, state, slot, -1), slot, 'COMMITTED')
      return [{ state: sold, stage: { at: 'record', attempt } }, ...givenUp]
    }
    case 'record':
      return [{ state: adopted(state, slot), stage: { at: 'confirm', attempt } }]
    case 'confirm':
      return [over(withOrder(state, slot, { status: 'CONFIRMED' }), slot, attempt, 'paid')]
    case 'end':
      return [over(state, slot, attempt, 'declined')]
    default:
      return order === undefined ? [] : tellAttempt(state, request, order, stage)
  }
}

/** The end of an attempt, of which its caller is still to be told. */
function over(state: State, slot: number, attempt: number, end: Attempt): Moves[number] {
  const attempts = (at(state, slot).order?.attempts ?? []).with(attempt, end)
  return { state: withOrder(state, slot, { attempts }), stage: { at: 'tell', attempt } }
}

function tellAttempt(state: State, request: AnyRequest, order: Order, { attempt = 0, joined = false }: Stage): Moves {
  switch (order.attempts[attempt]) {
    case 'paid':
      return tell(state, request, { code: 'OK', replayed: joined, status: order.status })
    case 'declined':
      return tell(state, request, { code: 'PAYMENT_DECLINED' })
    case 'over':
      return tellOver(state, request)
    default:
      return []
  }
}

function tellOrder(state: State, request: AnyRequest, { status }: Order, replayed: boolean): Moves {
  return status === 'CANCELLED' ? tellOver(state, request) : tell(state, request, { code: 'OK', replayed, status })
}

/** A checkout hears it from the order, the reservation or the hold, and each may know another reason. */
function tellOver(state: State, request: AnyRequest): Moves {
  return ['RESERVATION_EXPIRED', 'RESERVATION_NOT_ACTIVE'].flatMap((code) => tell(state, request, { code }))
}

function cancelOrder(state: State, { at: stage }: Stage, request: OfSlot): Moves {
  const { slot } = request.call
  const { hold, record, order } = at(state, slot)
  if (order === undefined) return tell(state, request, { code: 'NOT_FOUND' })
  const done = (after: State, replayed: boolean) => tell(after, request, { code: 'OK', replayed, status: 'CANCELLED' })
  const cancelled = withOrder(state, slot, { status: 'CANCELLED' })
  switch (stage) {
    case 'start':
      if (order.status === 'CANCELLED') return done(state, true)
      if (order.status === 'CONFIRMED') return done(withOrder(cancelled, slot, { owed: true }), false)
      if (isPaying(order)) return tell(state, request, { code: 'PAYMENT_IN_PROGRESS' })
      // From here on it is the reservation's cancel, for its own order.
      if (isReleased({ hold, record }, stage)) return [{ state, stage: { at: 'order' } }]
      return decideActive(state, 'start', slot, request, false)
    case 'settle':
      if (isReleased({ hold, record }, stage)) return [{ state: adopted(state, slot), stage: { at: 'order' } }]
      return decideActive(state, 'settle', slot, request, false)
    case 'hold':
      if (hold?.state === 'HELD') return [{ state: ended(state, slot, 'RELEASED'), stage: { at: 'record' } }]
      if (hold?.state === 'COMMITTED') return [{ state: adopted(state, slot), stage: { at: 'sold' } }]
      return [{ state, stage: { at: 'record' } }]
    case 'record':
      return [{ state: adopted(state, slot), stage: { at: 'order' } }]
    case 'sold':
      // Released by another's cancel is as good as sold, until that other has ended the order.
      return order.status === 'PENDING'
        ? tell(state, request, { code: 'RESERVATION_NOT_ACTIVE' })
        : [{ state, stage: { at: 'start' } }]
    default:
      if (isPaying(order)) return []
      if (order.status === 'CANCELLED') return [true, false].flatMap((replayed) => done(state, replayed))
      return done(cancelled, false)
  }
}

function adjust(program: Program, state: State, request: Request<{ adjustment: number }, Answer>): Moves {
  const { adjustment } = request.call
  const { sku, delta } = adjustmentOf(program, adjustment)
  const onHand = state.onHand[sku] ?? 0
  if (state.adjusted[adjustment]) return tell(state, request, { code: 'OK', replayed: true, levels: [[onHand]] })
  if (free(program, state, sku) + delta >= 0) {
    const after = {
      ...state,
      onHand: state.onHand.with(sku, onHand + delta),
      adjusted: state.adjusted.with(adjustment, true),
    }
    return tell(after, request, { code: 'OK', replayed: false, levels: [[onHand + delta]] })
  }
  if (free(program, state, sku, request.between.from) + delta >= 0) return []
  return tell(state, request, { code: 'INSUFFICIENT_STOCK' })
}

/**
 * All SKUs at one moment. A reader looks at the clock for itself, and that changes nothing: an extension that was decided
 * before the end of its hold may still become visible a little after it.
 */
function readStock(program: Program, state: State, request: AnyRequest): Moves {
  const held = state.reservations.flatMap(({ hold }, slot) => (hold?.state === 'HELD' ? [{ hold, slot }] : []))
  const sure = held.filter(({ hold }) => !mayBeOver(hold, request.between))
  const unsure = held.filter(({ hold }) => mayBeOver(hold, request.between) && !mustBeOver(hold, request.between.from))
  return subsets(unsure).flatMap((some) => {
    const levels = state.onHand.map((onHand, sku) => [
      onHand,
      onHand - [...sure, ...some].reduce((sum, { slot }) => sum + unitsOf(program, slot, sku), 0),
    ])
    return tell(state, request, { code: 'OK', levels })
  })
}

function subsets<Item>(items: Item[]): Item[][] {
  return items.reduce<Item[][]>((all, item) => [...all, ...all.map((some) => [...some, item])], [[]])
}

/** The answer, if it is the one that was given. */
function tell(state: State, { answer }: Pick<AnyRequest, 'answer'>, expected: Answer): Moves {
  const isGiven =
    answer === undefined ||
    (answer.code === expected.code &&
      (expected.replayed === undefined || answer.replayed === expected.replayed) &&
      (expected.status === undefined || answer.status === expected.status) &&
      (expected.levels === undefined || JSON.stringify(answer.levels) === JSON.stringify(expected.levels)))
  return isGiven ? [{ state, answered: true }] : []
}

/** With the status that the record reads as now. */
function tellReservation(state: State, request: OfSlot, expected: Answer): Moves {
  const { record } = at(state, request.call.slot)
  if (record === undefined) return []
  return statusesOf(record, request.between).flatMap((status) => tell(state, request, { ...expected, status }))
}

/** What a reader may be told: a reservation past its time is EXPIRED, whether or not somebody has noted it. */
function statusesOf(record: ReservationRecord, between: Interval): Status[] {
  if (record.status !== 'ACTIVE' || !reached(record.ends, between.to)) return [record.status]
  return passed(record.ends, between.from) && !record.endMoved ? ['EXPIRED'] : ['ACTIVE', 'EXPIRED']
}

/** Units of a SKU that nobody holds. @param due what was due by then counts as free */
function free(program: Program, state: State, sku: number, due?: number): number {
  const held = state.reservations.map(({ hold }, slot) => {
    const isTaken = hold?.state === 'HELD' && (due === undefined || !mustBeOver(hold, due))
    return isTaken ? unitsOf(program, slot, sku) : 0
  })
  return (state.onHand[sku] ?? 0) - held.reduce((sum, units) => sum + units, 0)
}

function mayBeOver({ ends, protected: isProtected }: Hold, between: Interval): boolean {
  return !isProtected && reached(ends, between.to)
}

function mustBeOver({ ends, protected: isProtected }: Hold, from: number): boolean {
  return !isProtected && passed(ends, from)
}

function reached(ends: Interval, now: number): boolean {
  return ends.from - tolerance <= now
}

function passed(ends: Interval, now: number): boolean {
  return ends.to + tolerance < now
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

function whyOver(state: Ended | Status | 'HELD' | undefined): string {
  return state === 'EXPIRED' ? 'RESERVATION_EXPIRED' : 'RESERVATION_NOT_ACTIVE'
}

const recordOf: Record<Ended, Status> = { COMMITTED: 'COMMITTED', RELEASED: 'CANCELLED', EXPIRED: 'EXPIRED' }

/** The record takes over the end of its hold. */
function adopted(state: State, slot: number): State {
  const { hold, record } = at(state, slot)
  if (hold === undefined || hold.state === 'HELD' || record?.status !== 'ACTIVE') return state
  return change(state, slot, { record: { ...record, status: recordOf[hold.state] } })
}

function ended(state: State, slot: number, end: Ended): State {
  const { hold } = at(state, slot)
  return hold === undefined ? state : change(state, slot, { hold: { ...hold, state: end, protected: false } })
}

/** The units of a reservation leave the shop (-1) or come back (1). */
function moved(program: Program, state: State, slot: number, sign: 1 | -1): State {
  return { ...state, onHand: state.onHand.map((units, sku) => units + sign * unitsOf(program, slot, sku)) }
}

function withOrder(state: State, slot: number, order: Partial<Order>): State {
  const known: Order = at(state, slot).order ?? { status: 'PENDING', attempts: [], owed: false }
  return change(state, slot, { order: { ...known, ...order } })
}

function isPaying({ attempts }: Order): boolean {
  return attempts.at(-1) === 'open'
}

function change(state: State, slot: number, to: { [Key in keyof Reservation]?: Reservation[Key] | undefined }): State {
  const { hold, record, order } = { ...at(state, slot), ...to }
  // In this order, so that equal states are written alike.
  const reservation = { ...(hold && { hold }), ...(record && { record }), ...(order && { order }) }
  return { ...state, reservations: state.reservations.with(slot, reservation) }
}

function at(state: State, slot: number): Reservation {
  const reservation = state.reservations[slot]
  if (reservation === undefined) throw new Error(`there is no slot ${slot}`)
  return reservation
}

function unitsOf(program: Program, slot: number, sku: number): number {
  return slotOf(program, slot).lines.reduce((sum, line) => sum + (line.sku === sku ? line.quantity : 0), 0)
}
