/** When a SKU is low, out, or back: once for each crossing. */
export type StockState = 'IN_STOCK' | 'LOW' | 'OUT'

export interface Thresholds {
  /** Low at so many units or fewer. */
  lowAt: number
  /** What is low stays low up to so many units: holds that come and go around `lowAt` tell nothing. At least `lowAt`. */
  clearAt: number
}

/**
 * A product's own threshold instead of the configured one, with as much room above it in proportion.
 * @param own undefined: it has none
 */
export function thresholdsOf(own: number | undefined, configured: Thresholds): Thresholds {
  if (own === undefined) return configured
  const { lowAt, clearAt } = configured
  const room = lowAt === 0 ? 1 : (clearAt - lowAt) / lowAt
  return { lowAt: own, clearAt: own + Math.ceil(own * room) }
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
