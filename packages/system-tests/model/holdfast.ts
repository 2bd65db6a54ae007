/**
 * What Holdfast promises, as a sequential program: a few SKUs, some reservations of them, and their orders. Pure.
 *
 * A call takes effect where its service decides, so one that changes two databases has two steps: first the stock, then the
 * record (docs/architecture.md). Between them another client may see the one and not the other, and that is all that it may
 * see. Time is inventory's: from the end of a hold on its units are free, and who asks after that end has to find them free.
 */
import type { Model, Request } from '@holdfast/testing'

import { cancelOrder, checkOut } from './orders'
import { adjustmentOf, type Call, type Program } from './program'
import { cancel, changeLines, extend, look, reserve } from './reservations'
import {
  adopted,
  type Answer,
  type AnyRequest,
  at,
  ended,
  free,
  isPaying,
  mayBeOver,
  type Moves,
  moved,
  mustBeOver,
  reached,
  type Stage,
  type State,
  tell,
  unitsOf,
  withLines,
  withOrder,
} from './state'

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
        case 'change':
          return changeLines(program, state, stage, { call, answer, between })
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
  // Every answer about a hold brings the lines that it has.
  if (hold !== undefined) changes.push(...[withLines(state, slot, hold.lines)].filter((after) => after !== state))
  if (order?.status === 'PENDING' && !isPaying(order) && hold?.state !== 'COMMITTED' && record !== undefined) {
    if (record.status !== 'ACTIVE' || reached(record.ends, until)) changes.push(withOrder(state, slot, { status: 'CANCELLED' }))
  }
  if (order?.owed) changes.push(withOrder(moved(program, state, slot, 1), slot, { owed: false }))
  return changes
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
      onHand - [...sure, ...some].reduce((sum, { hold, slot }) => sum + unitsOf(program, slot, hold, sku), 0),
    ])
    return tell(state, request, { code: 'OK', levels })
  })
}

function subsets<Item>(items: Item[]): Item[][] {
  return items.reduce<Item[][]>((all, item) => [...all, ...all.map((some) => [...some, item])], [[]])
}
