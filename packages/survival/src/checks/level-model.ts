/**
 * What docs/architecture.md promises of one SKU's free units, as a sequential program. Each call takes effect at one moment: a
 * reservation takes units, its end gives them back, a sale keeps them. Time is inventory's: a hold past its end counts as free.
 *
 * It is wider than the truth where a promise is: units of a cancelled order come back some time after the answer, and a payment
 * that did not succeed may have put off the end of its hold by as much as it liked.
 */
import type { Model, Request, Step } from '@holdfast/testing'

export type LevelCall =
  | { do: 'reserve'; hold: string; units: number; ttlMs: number }
  | { do: 'change'; hold: string; units: number }
  | { do: 'extend' | 'cancel' | 'checkOut' | 'cancelOrder'; hold: string }
  | { do: 'adjust'; delta: number }
  /** In the end: when all is settled nothing may be on its way any more. */
  | { do: 'read' | 'readSettled' }

export interface LevelAnswer {
  /** OK, or the code of the refusal; UNTOLD: nobody heard of it, and what was to come of it had come by then. */
  code: string
  /** Of the hold, ms since 1970. */
  expiresAt?: number
  available?: number
}

interface Hold {
  name: string
  units: number
  /** Its end is not before, and not after; ms since 1970, null: any time. */
  from: number
  to: number | null
}

export interface LevelState {
  /** Units that nobody has bought. */
  stock: number
  holds: Hold[]
  /** Sold, and may be returned. */
  sold: { name: string; units: number }[]
  /** On their way back, units each. */
  owed: number[]
}

/** `gone`: its hold was made, and nobody was told before it was given back. `protected`: its payment is under way. */
export type LevelStage = 'start' | 'gone' | 'protected'

type Moves = Step<LevelState, LevelStage>[]
type Asked = Request<LevelCall, LevelAnswer>

/** Answers are told in whole ms, and the database reads its own clock; ms. */
const tolerance = 5

/**
 * @param returned names of holds whose order is cancelled later: what else is sold is never heard of again
 * @param ends of holds by their names, where the books say it: when they were over for good; ms since 1970
 */
export function levelModel(
  stock: number,
  returned: ReadonlySet<string>,
  ends: ReadonlyMap<string, number> = new Map(),
): Model<LevelState, LevelStage, LevelCall, LevelAnswer> {
  return {
    initial: { stock, holds: [], sold: [], owed: [] },
    firstStage: 'start',
    steps: (state, stage, request) => {
      const { call } = request
      switch (call.do) {
        case 'reserve':
          return reserve(state, stage, request, call)
        case 'adjust':
          return adjust(state, request, call.delta)
        case 'read':
          return read(state, request)
        case 'readSettled':
          return state.owed.length > 0 ? [] : read(state, request)
        case 'cancelOrder':
          return cancelOrder(state, request, call.hold)
        case 'change':
          return ofHold(state, request, call.hold, (hold) => change(state, request, hold, call.units))
        case 'extend':
          return ofHold(state, request, call.hold, (hold) => extend(state, request, hold))
        case 'cancel':
          return ofHold(state, request, call.hold, () => done(without(state, call.hold)))
        case 'checkOut':
          return [
            ...ofHold(state, request, call.hold, (hold) => checkOut(state, request, hold, returned)),
            ...protect(state, stage, request, call.hold),
          ]
      }
    },
    byItself: (state, until) => [
      ...state.holds.filter(({ from }) => reached(from, until)).map(({ name }) => without(state, name)),
      ...state.owed.map((units, index) => ({
        ...state,
        stock: state.stock + units,
        owed: state.owed.toSpliced(index, 1),
      })),
    ],
    settled: (state, underWay, now) => {
      const isOver = ({ name, to }: Hold): boolean => {
        const end = to ?? ends.get(name) ?? Infinity
        return (
          passed(end, now) &&
          underWay.every(({ call, at }) => passed(end, at) || ('hold' in call && call.do !== 'reserve' && call.hold !== name))
        )
      }
      return state.holds.some(isOver) ? { ...state, holds: state.holds.filter((hold) => !isOver(hold)) } : state
    },
  }
}

/** What its client was told. @returns undefined: nothing; it may have been done, or never */
function heard(answer: LevelAnswer | undefined): LevelAnswer | undefined {
  return answer?.code === 'UNTOLD' ? undefined : answer
}

function reserve(
  state: LevelState,
  stage: LevelStage,
  { answer, between }: Asked,
  { hold: name, units, ttlMs }: { hold: string; units: number; ttlMs: number },
): Moves {
  if (stage === 'gone') return state.holds.some((hold) => hold.name === name) ? [] : done(state)
  switch (answer?.code) {
    case 'OK': {
      const from = answer.expiresAt ?? between.from + ttlMs
      return free(state) < units ? [] : done(withHold(state, { name, units, from, to: answer.expiresAt ?? between.to + ttlMs }))
    }
    case 'INSUFFICIENT_STOCK':
      return free(state, between.from) >= units ? [] : done(state)
    case 'RESERVATION_EXPIRED': {
      const neverMade = done(state)
      return free(state) < units
        ? neverMade
        : [...neverMade, { state: withHold(state, { name, units, from: 0, to: null }), stage: 'gone' }]
    }
    case 'UNTOLD':
    case undefined:
      // If it is made and nobody is told, it is given back at some time or other.
      return free(state) < units ? [] : done(withHold(state, { name, units, from: 0, to: null }))
    default:
      return done(state)
  }
}

/** A change of a hold that is there; or a refusal, for which it has to be over. */
function ofHold(state: LevelState, { answer, between }: Asked, name: string, change: (hold: Hold) => Moves): Moves {
  const never = answer?.code === 'UNTOLD' ? done(state) : []
  const hold = state.holds.find((one) => one.name === name)
  if (answer?.code === 'RESERVATION_EXPIRED' || answer?.code === 'RESERVATION_NOT_ACTIVE') {
    if (hold === undefined) return done(state)
    // A payment may have put off its end, and it reads as over until that payment is.
    if (hold.to === null) return reached(hold.from, between.to) ? done(state) : []
    return reached(hold.from, between.to) ? done(without(state, name)) : []
  }
  if (hold === undefined || (hold.to !== null && passed(hold.to, between.from))) return never
  return [...never, ...change(hold)]
}

function change(state: LevelState, { answer, between }: Asked, hold: Hold, units: number): Moves {
  const more = units - hold.units
  const told = heard(answer)
  if (told === undefined || told.code === 'OK') return free(state) < more ? [] : done(withHold(state, { ...hold, units }))
  if (told.code !== 'INSUFFICIENT_STOCK') return done(state)
  return free(state, between.from, hold.name) >= more ? [] : done(state)
}

function extend(state: LevelState, { answer }: Asked, hold: Hold): Moves {
  const told = heard(answer)
  if (told === undefined) return done(withHold(state, { ...hold, to: null }))
  const ends = told.expiresAt
  return done(told.code === 'OK' && ends !== undefined ? withHold(state, { ...hold, from: ends, to: ends }) : state)
}

function checkOut(state: LevelState, { answer }: Asked, hold: Hold, returned: ReadonlySet<string>): Moves {
  const unpaid = done(withHold(state, { ...hold, to: null }))
  const told = heard(answer)
  if (told !== undefined && told.code !== 'OK') return unpaid
  const { stock, sold, ...rest } = without(state, hold.name)
  const known = returned.has(hold.name) ? [...sold, { name: hold.name, units: hold.units }] : sold
  const paid = done({ ...rest, stock: stock - hold.units, sold: known })
  return told === undefined ? [...paid, ...unpaid] : paid
}

/** A payment under way keeps the hold, also one that is told in the end that its reservation is over. */
function protect(state: LevelState, stage: LevelStage, { answer, between }: Asked, name: string): Moves {
  const hold = state.holds.find((one) => one.name === name)
  if (answer?.code === 'OK' || stage !== 'start' || hold === undefined || hold.to === null || passed(hold.to, between.from))
    return []
  return [{ state: withHold(state, { ...hold, to: null }), stage: 'protected' }]
}

function cancelOrder(state: LevelState, { answer }: Asked, name: string): Moves {
  const told = heard(answer)
  if (told !== undefined && told.code !== 'OK') return done(state)
  const order = state.sold.find((one) => one.name === name)
  const never = answer?.code === 'UNTOLD' ? done(state) : []
  if (order === undefined) return never
  return [...never, ...done({ ...state, sold: state.sold.filter((one) => one !== order), owed: [...state.owed, order.units] })]
}

function adjust(state: LevelState, { answer, between }: Asked, delta: number): Moves {
  const told = heard(answer)
  if (told === undefined || told.code === 'OK') {
    return free(state) + delta < 0 ? [] : done({ ...state, stock: state.stock + delta })
  }
  if (told.code !== 'INSUFFICIENT_STOCK') return done(state)
  return free(state, between.from) + delta >= 0 ? [] : done(state)
}

/** Who reads looks at the clock: of what may be due just then any part may count as free. */
function read(state: LevelState, { answer, between }: Asked): Moves {
  if (answer?.available === undefined) return done(state)
  const held = state.holds.filter(({ to }) => to === null || !passed(to, between.from))
  const sure = held.filter(({ from }) => !reached(from, between.to))
  const unsure = held.filter(({ from }) => reached(from, between.to))
  const sums = unsure.reduce(
    (all, { units }) => new Set([...all, ...[...all].map((sum) => sum + units)]),
    new Set([unitsOf(sure)]),
  )
  return sums.has(state.stock - answer.available) ? done(state) : []
}

/** Units that nobody holds. @param due what was due by then counts as free @param but this hold's own end does not matter */
function free({ stock, holds }: LevelState, due?: number, but?: string): number {
  return stock - unitsOf(holds.filter(({ name, to }) => due === undefined || to === null || name === but || !passed(to, due)))
}

function unitsOf(holds: readonly Hold[]): number {
  return holds.reduce((sum, { units }) => sum + units, 0)
}

/** Always in the same order, so that equal states are written alike. */
function withHold(state: LevelState, hold: Hold): LevelState {
  const others = state.holds.filter(({ name }) => name !== hold.name)
  return { ...state, holds: [...others, hold].sort((one, other) => (one.name < other.name ? -1 : 1)) }
}

function without(state: LevelState, name: string): LevelState {
  return { ...state, holds: state.holds.filter((hold) => hold.name !== name) }
}

function done(state: LevelState): Moves {
  return [{ state, answered: true }]
}

function reached(from: number, now: number): boolean {
  return from - tolerance <= now
}

function passed(to: number, now: number): boolean {
  return to + tolerance < now
}
