import { HoldfastError } from '@holdfast/service'

/** There is nothing (any more) to repair. */
export function noDifference(kind: string, id: string): HoldfastError {
  return new HoldfastError('NOT_FOUND', `There is no difference ${kind} of ${id}; check the books again`)
}

/** Whatever would be written might be wrong. */
export function inDoubt(kind: string, id: string, why: string): HoldfastError {
  return new HoldfastError('ILLEGAL_TRANSITION', `The difference ${kind} of ${id} can't be repaired: ${why}`)
}
