/** Calls about the order of a reservation: it is paid once, by one attempt after another, or cancelled. Pure. */
import type { Program } from './program'
import { decideActive, isReleased } from './reservations'
import {
  adopted,
  type AnyRequest,
  at,
  type Attempt,
  change,
  ended,
  isPaying,
  mayBeOver,
  moved,
  type Moves,
  mustBeOver,
  type OfSlot,
  type Order,
  type Stage,
  type State,
  statusesOf,
  tell,
  withOrder,
} from './state'

/** One payment after another; who comes while one is under way waits for its end, and is told the same. */
export function checkOut(program: Program, state: State, stage: Stage, request: OfSlot<{ declined: boolean }>): Moves {
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
        return [{ state: after, stage: { ...stage, at: 'protect', attempt: attempts.length - 1 } }]
      }
      if (record === undefined) return tell(state, request, { code: 'NOT_FOUND' })
      return statusesOf(record, between).flatMap((seen): Moves => {
        return seen === 'ACTIVE' ? [{ state, stage: { at: 'begin', lines: record.lines } }] : tellOver(state, request)
      })
    }
    case 'protect': {
      const moves: Moves = []
      if (hold?.state !== 'HELD' || mayBeOver(hold, between)) moves.push(over(state, slot, attempt, 'over'))
      if (hold?.state === 'HELD' && !mustBeOver(hold, between.from)) {
        const after = change(state, slot, { hold: { ...hold, protected: true }, record: record && { ...record, endMoved: true } })
        moves.push({ state: after, stage: { ...stage, at: 'pay' } })
      }
      return moves
    }
    case 'pay': {
      const unprotected = hold?.state === 'HELD' ? change(state, slot, { hold: { ...hold, protected: false } }) : state
      // Where the answer is not known the attempt may have been given up.
      const givenUp = request.answer === undefined ? [over(unprotected, slot, attempt, 'given up')] : []
      // Nothing changes them from here on.
      const differs = hold?.state === 'HELD' && hold.lines.version !== stage.lines?.version
      const end = differs ? 'changed' : 'declined'
      if (differs || call.declined) return [{ state: unprotected, stage: { at: 'end', attempt, end } }, ...givenUp]
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
      return [over(state, slot, attempt, stage.end ?? 'declined')]
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
    case 'changed':
      return tell(state, request, { code: 'CONFLICT' })
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

export function cancelOrder(state: State, { at: stage }: Stage, request: OfSlot): Moves {
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
