/** Units in a warehouse are SELLABLE, DAMAGED or held back for QUALITY (docs/decisions/034). No I/O here. */
import { StockMovement_Account, StockMovement_ReasonCode } from '@holdfast/contracts/inventory'
import { HoldfastError, invalidField } from '@holdfast/service'

import type { LevelRow } from './sql/levels'

const states = ['SELLABLE', 'DAMAGED', 'QUALITY'] as const
export type StockState = (typeof states)[number]

/** @param unsaid what a request means that does not say it; undefined: it has to */
export function checkState(field: string, value: StockMovement_Account, unsaid?: StockState): StockState {
  if (value === StockMovement_Account.ACCOUNT_UNSPECIFIED && unsaid !== undefined) return unsaid
  const text: string = value
  const state = states.find((one) => one === text)
  if (state === undefined) throw invalidField(field, `must be one of ${states.join(', ')}`)
  return state
}

/** @returns as the ledger keeps it; empty when it was not said */
export function checkReasonCode(field: string, value: StockMovement_ReasonCode): string {
  if (value === StockMovement_ReasonCode.UNRECOGNIZED) throw invalidField(field, 'is none of the reasons')
  return value === StockMovement_ReasonCode.REASON_CODE_UNSPECIFIED ? '' : value
}

/** Units of a state that may be taken by hand: nobody has a claim to them, though they may be kept back or promised. */
export function takeable(level: LevelRow, state: StockState): number {
  if (state === 'DAMAGED') return level.damaged
  if (state === 'QUALITY') return level.quality
  return level.on_hand - level.reserved - level.damaged - level.quality
}

/** @throws INSUFFICIENT_STOCK that names the field */
export function checkTakeable(level: LevelRow, state: StockState, units: number, field: string): void {
  const most = takeable(level, state)
  if (units <= most) return
  const kind = state === 'SELLABLE' ? '' : ` ${state.toLowerCase()} units`
  throw new HoldfastError('INSUFFICIENT_STOCK', `Only ${most}${kind} of ${level.sku} in ${level.warehouse} can be taken away`, {
    fields: [{ field, message: state === 'SELLABLE' ? 'would leave less than is reserved' : `there are ${most} such units` }],
  })
}

/** For who may have only what a new hold might. @throws INSUFFICIENT_STOCK that names the field */
export function checkFree({ sku, warehouse, free }: LevelRow, units: number, field: string): void {
  if (units <= free) return
  throw new HoldfastError('INSUFFICIENT_STOCK', `Only ${Math.max(free, 0)} of ${sku} in ${warehouse} are free`, {
    fields: [{ field, message: 'not enough stock' }],
  })
}
