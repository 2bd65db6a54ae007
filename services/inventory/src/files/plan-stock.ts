/** What a row of a file of stock comes to, given the level that there is. No I/O here. */
import { type CellProblem, mostUnits, type StockRow } from '@holdfast/goods'
import type { ErrorCode } from '@holdfast/service'

import type { LevelRow } from '../sql/levels'
import { type StockState, takeable } from '../stock-state'

/** Units by which a state of the level grows. */
export interface StateChange {
  state: StockState
  by: number
}

export interface StockChange {
  /** None is 0. */
  states: StateChange[]
  /** What it becomes; undefined: it stays. */
  safety: number | undefined
}

export interface Misfit extends Omit<CellProblem, 'line'> {
  code: Extract<ErrorCode, 'CONFLICT' | 'INSUFFICIENT_STOCK' | 'INVALID_ARGUMENT'>
}

export function planStock(row: StockRow, level: LevelRow): StockChange | Misfit {
  const { expectedOnHand } = row
  if (expectedOnHand != null && expectedOnHand !== level.on_hand) {
    return { code: 'CONFLICT', column: 'expected_on_hand', message: `is ${level.on_hand}` }
  }
  const wanted = statesWanted(row, level)
  const column = row.delta === undefined ? 'on_hand' : 'delta'
  if (wanted.SELLABLE < level.reserved) return tooFew(level, column)
  if (wanted.SELLABLE + wanted.DAMAGED + wanted.QUALITY > mostUnits) {
    return { code: 'INVALID_ARGUMENT', column, message: `would be more than ${mostUnits} units` }
  }
  const changes = (['SELLABLE', 'DAMAGED', 'QUALITY'] as const).map((state) => ({
    state,
    by: wanted[state] - unitsIn(level, state),
  }))
  return {
    states: changes.filter(({ by }) => by !== 0),
    safety: row.safety === level.safety ? undefined : row.safety,
  }
}

/** Units that nobody has sellable, or reserved, and of these those that can be taken away. */
function unitsIn(level: LevelRow, state: StockState): number {
  return state === 'SELLABLE' ? takeable(level, state) + level.reserved : takeable(level, state)
}

function statesWanted(row: StockRow, level: LevelRow): Record<StockState, number> {
  if (row.delta !== undefined) {
    return { SELLABLE: unitsIn(level, 'SELLABLE') + row.delta, DAMAGED: level.damaged, QUALITY: level.quality }
  }
  const { onHand = level.on_hand, damaged = level.damaged, quality = level.quality } = row
  return { SELLABLE: onHand - damaged - quality, DAMAGED: damaged, QUALITY: quality }
}

function tooFew({ reserved, damaged, quality }: LevelRow, column: string): Misfit {
  const others = damaged + quality === 0 ? '' : `, ${damaged} damaged and ${quality} held back for quality`
  return { code: 'INSUFFICIENT_STOCK', column, message: `would leave less than the ${reserved} units that are reserved${others}` }
}
