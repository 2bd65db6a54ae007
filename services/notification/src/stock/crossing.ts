/** When a SKU is low, out, or back: once for each crossing. */
export type StockState = 'IN_STOCK' | 'LOW' | 'OUT'

export interface Thresholds {
  /** Low at so many units or fewer. */
  lowAt: number
  /** What is low stays low up to so many units: holds that come and go around `lowAt` tell nothing. At least `lowAt`. */
  clearAt: number
}

export type Crossing = 'ran_low' | 'ran_out' | 'came_back'

/** @param available units that can be reserved, over all warehouses */
export function stateAt(available: number, before: StockState | undefined, { lowAt, clearAt }: Thresholds): StockState {
  if (available <= 0) return 'OUT'
  return available <= (before === 'LOW' ? clearAt : lowAt) ? 'LOW' : 'IN_STOCK'
}

/** What is to be told. Running out says more than running low, and coming back tells by its state whether it is low. */
export function crossing(before: StockState, after: StockState): Crossing | undefined {
  if (before === after) return undefined
  if (after === 'OUT') return 'ran_out'
  if (before === 'OUT') return 'came_back'
  return after === 'LOW' ? 'ran_low' : undefined
}
