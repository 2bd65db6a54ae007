/** Idempotency keys of changes: what was done with a key is remembered in the transaction of the change (truth 4). */
import { type CallContext, fingerprint, HoldfastError, idempotencyKey, operationId } from '@holdfast/service'
import type { Pool } from 'pg'

import { findOperation } from './sql/operations'

/** A change that was asked for with a key. */
export interface Operation {
  /** Hash of (user, operation, key). */
  id: string
  /** Of what was asked for. */
  fingerprint: string
}

/** @param content all that makes this request what it is @returns undefined: there is no key */
export function operationOf(
  ctx: CallContext,
  name: string,
  clientToken: string,
  content: readonly unknown[],
): Operation | undefined {
  const key = idempotencyKey(ctx, clientToken)
  return key === undefined ? undefined : { id: operationId(ctx.actor.id, name, key), fingerprint: fingerprint(content) }
}

/** Whether it was done before. @throws IDEMPOTENCY_KEY_REUSED when something else was done with this key */
export async function wasDone(pool: Pool, operation: Operation | undefined): Promise<boolean> {
  if (operation === undefined) return false
  const known = await findOperation(pool, operation.id)
  if (known !== undefined && known.fingerprint !== operation.fingerprint) throw keyReused()
  return known !== undefined
}

export function keyReused(): HoldfastError {
  return new HoldfastError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used for another request')
}
