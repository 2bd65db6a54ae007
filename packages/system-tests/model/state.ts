/** What the model knows of the shop, and what it may tell of it. Pure. */
import type { Interval, Request, Step } from '@holdfast/testing'

import { type Program, slotOf } from './program'

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
  /** Of the reservation: units of each line of its slot. */
  units?: number[]
  /** Of each SKU, units: on hand and available; of an adjustment its own SKU's on hand alone. */
  levels?: number[][]
}

export type Ended = 'COMMITTED' | 'RELEASED' | 'EXPIRED'
export type Status = 'ACTIVE' | 'COMMITTED' | 'CANCELLED' | 'EXPIRED'

/** Of each line of the slot; a later version is of a later change. */
export interface Lines {
  units: number[]
  version: number
}

/** Inventory's side of a reservation. */
export interface Hold {
  state: 'HELD' | Ended
  /** The owner's end. A hold whose making was never answered has one that is known no better. */
  ends: Interval
  /** By a payment, beyond any history. */
  protected: boolean
  lines: Lines
}

/** The reservation service's side. */
export interface ReservationRecord {
  status: Status
  ends: Interval
  /** A payment has moved the end, of which the record may know nothing yet, or still. */
  endMoved: boolean
  /** Those of its hold, or some that it had before. */
  lines: Lines
}

/** over: the reservation was; changed: it has other lines than were to be paid; given up: nobody was told why. */
export type Attempt = 'open' | 'paid' | 'declined' | 'over' | 'changed' | 'given up'

export interface Order {
  status: 'PENDING' | 'CONFIRMED' | 'CANCELLED'
  attempts: Attempt[]
  /** Its units are on their way back. */
  owed: boolean
}

export interface Reservation {
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
  /** How an attempt ends that is not paid. */
  end?: 'declined' | 'changed'
  /** What is to be paid, or was made by a change. */
  lines?: Lines
}

export type Moves = Step<State, Stage>[]
export type OfSlot<More = unknown> = Request<{ slot: number } & More, Answer>
export type AnyRequest = Request<unknown, Answer>

/** Answers are told in whole ms, and this process reads its own clock; ms. */
export const tolerance = 5

/** The answer, if it is the one that was given. */
export function tell(state: State, { answer }: Pick<AnyRequest, 'answer'>, expected: Answer): Moves {
  const isGiven =
    answer === undefined ||
    (answer.code === expected.code &&
      (expected.replayed === undefined || answer.replayed === expected.replayed) &&
      (expected.status === undefined || answer.status === expected.status) &&
      (expected.units === undefined || answer.units === undefined || isSame(answer.units, expected.units)) &&
      (expected.levels === undefined || isSame(answer.levels, expected.levels)))
  return isGiven ? [{ state, answered: true }] : []
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** With the status that the record reads as now, and its lines. */
export function tellReservation(state: State, request: OfSlot, expected: Answer): Moves {
  const { record } = at(state, request.call.slot)
  if (record === undefined) return []
  return statusesOf(record, request.between).flatMap((status) =>
    tell(state, request, { ...expected, status, units: record.lines.units }),
  )
}

/** What a reader may be told: a reservation past its time is EXPIRED, whether or not somebody has noted it. */
export function statusesOf(record: ReservationRecord, between: Interval): Status[] {
  if (record.status !== 'ACTIVE' || !reached(record.ends, between.to)) return [record.status]
  return passed(record.ends, between.from) && !record.endMoved ? ['EXPIRED'] : ['ACTIVE', 'EXPIRED']
}

/** Units of a SKU that nobody holds. @param due what was due by then counts as free */
export function free(program: Program, state: State, sku: number, due?: number): number {
  const held = state.reservations.map(({ hold }, slot) => {
    const isTaken = hold?.state === 'HELD' && (due === undefined || !mustBeOver(hold, due))
    return isTaken ? unitsOf(program, slot, hold, sku) : 0
  })
  return (state.onHand[sku] ?? 0) - held.reduce((sum, units) => sum + units, 0)
}

export function mayBeOver({ ends, protected: isProtected }: Hold, between: Interval): boolean {
  return !isProtected && reached(ends, between.to)
}

export function mustBeOver({ ends, protected: isProtected }: Hold, from: number): boolean {
  return !isProtected && passed(ends, from)
}

export function reached(ends: Interval, now: number): boolean {
  return ends.from - tolerance <= now
}

export function passed(ends: Interval, now: number): boolean {
  return ends.to + tolerance < now
}

export function whyOver(state: Ended | Status | 'HELD' | undefined): string {
  return state === 'EXPIRED' ? 'RESERVATION_EXPIRED' : 'RESERVATION_NOT_ACTIVE'
}

export const recordOf: Record<Ended, Status> = { COMMITTED: 'COMMITTED', RELEASED: 'CANCELLED', EXPIRED: 'EXPIRED' }

/** The record takes over the end of its hold, and with it the lines that it ended with. */
export function adopted(state: State, slot: number): State {
  const { hold, record } = at(state, slot)
  if (hold === undefined || hold.state === 'HELD' || record?.status !== 'ACTIVE') return state
  return change(state, slot, { record: { ...record, status: recordOf[hold.state], lines: hold.lines } })
}

/** The record takes over lines that its hold has, or had, if they are newer than its own. */
export function withLines(state: State, slot: number, lines: Lines): State {
  const { record } = at(state, slot)
  if (record?.status !== 'ACTIVE' || record.lines.version >= lines.version) return state
  return change(state, slot, { record: { ...record, lines } })
}

export function ended(state: State, slot: number, end: Ended): State {
  const { hold } = at(state, slot)
  return hold === undefined ? state : change(state, slot, { hold: { ...hold, state: end, protected: false } })
}

/** The units of a reservation leave the shop (-1) or come back (1). */
export function moved(program: Program, state: State, slot: number, sign: 1 | -1): State {
  const { hold } = at(state, slot)
  return { ...state, onHand: state.onHand.map((units, sku) => units + sign * unitsOf(program, slot, hold, sku)) }
}

export function withOrder(state: State, slot: number, order: Partial<Order>): State {
  const known: Order = at(state, slot).order ?? { status: 'PENDING', attempts: [], owed: false }
  return change(state, slot, { order: { ...known, ...order } })
}

export function isPaying({ attempts }: Order): boolean {
  return attempts.at(-1) === 'open'
}

export function change(state: State, slot: number, to: { [Key in keyof Reservation]?: Reservation[Key] | undefined }): State {
  const { hold, record, order } = { ...at(state, slot), ...to }
  // In this order, so that equal states are written alike.
  const reservation = { ...(hold && { hold }), ...(record && { record }), ...(order && { order }) }
  return { ...state, reservations: state.reservations.with(slot, reservation) }
}

export function at(state: State, slot: number): Reservation {
  const reservation = state.reservations[slot]
  if (reservation === undefined) throw new Error(`there is no slot ${slot}`)
  return reservation
}

export function unitsOf(program: Program, slot: number, hold: Hold | undefined, sku: number): number {
  return slotOf(program, slot).lines.reduce(
    (sum, line, index) => sum + (line.sku === sku ? (hold?.lines.units[index] ?? 0) : 0),
    0,
  )
}
