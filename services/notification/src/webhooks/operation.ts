/** Idempotency keys: what was done with a key is remembered in the transaction of the change (truth 4). */
import { type CallContext, fingerprint, HoldfastError, idempotencyKey, operationId } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { insertOperation, type OperationRow } from '../sql/operations'

export interface Operation {
  id: string
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

/**
 * Remembers an operation, before anything else is done in its transaction.
 * @returns what it came to when it was done before
 * @throws IDEMPOTENCY_KEY_REUSED when something else was done with this key
 */
export async function remember(
  client: PoolClient,
  operation: Operation | undefined,
  endpointId: string,
): Promise<OperationRow | undefined> {
  if (operation === undefined) return undefined
  const known = await insertOperation(client, operation, endpointId)
  if (known !== undefined && known.fingerprint !== operation.fingerprint) {
    throw new HoldfastError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used for another request')
  }
  return known
}
