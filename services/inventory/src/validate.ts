/** What a request may hold; each check answers the value in its one form or names the field. Those of products and stock are shared with files of them. */
import { checkWarehouse } from '@holdfast/goods'
import { HoldfastError, invalidField } from '@holdfast/service'

export { checkMoney, checkSku, checkText, checkUnits, checkWarehouse, mostUnits } from '@holdfast/goods'

export const defaultWarehouse = 'MAIN'
export const mostLines = 500
export const mostItems = 1_000

export function warehouseOrDefault(field: string, value: string): string {
  return value === '' ? defaultWarehouse : checkWarehouse(field, value)
}

/** @throws PRECONDITION_FAILED when a change is meant for another version of a thing than it is at */
export function checkVersion(thing: string, current: number, expected: number | undefined): void {
  if (expected !== undefined && expected !== current) {
    throw new HoldfastError('PRECONDITION_FAILED', `${thing} is at version ${current}, not ${expected}`)
  }
}

/** @throws IDEMPOTENCY_KEY_REUSED when what was remembered was made by another request */
export function checkFingerprint(remembered: string, asked: string): void {
  if (remembered !== asked) throw new HoldfastError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used for another request')
}

/** @throws INVALID_ARGUMENT for a batch that is empty or too large */
export function checkBatch(field: string, length: number, max: number): void {
  if (length < 1 || length > max) throw invalidField(field, `must be 1 to ${max} items`)
}
