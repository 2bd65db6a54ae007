/** Successes by idempotency key (truth 4): a repeat meets its order again, the same key with other content is refused. */
import { type CallContext, fingerprint, HoldfastError, idempotencyKey, operationId } from '@holdfast/service'
import type { Pool, PoolClient } from 'pg'

export interface Operation {
  id: string
  fingerprint: string
}

/** @returns undefined when the call has no key. @throws INVALID_ARGUMENT for a bad key */
export function operationOf(
  ctx: CallContext,
  name: string,
  clientToken: string,
  content: readonly unknown[],
): Operation | undefined {
  const key = idempotencyKey(ctx, clientToken)
  return key === undefined ? undefined : { id: operationId(ctx.actor.id, name, key), fingerprint: fingerprint(content) }
}

export function keyReused(): HoldfastError {
  return new HoldfastError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used for another request')
}

/** @returns the order that the operation succeeded for. @throws IDEMPOTENCY_KEY_REUSED */
export async function recall(db: Pool | PoolClient, operation: Operation | undefined): Promise<string | undefined> {
  if (operation === undefined) return undefined
  const { rows } = await db.query<{ fingerprint: string; order_id: string }>({
    name: 'recall-operation',
    text: 'select fingerprint, order_id from operations where id = $1',
    values: [operation.id],
  })
  const [known] = rows
  if (known !== undefined && known.fingerprint !== operation.fingerprint) throw keyReused()
  return known?.order_id
}

/**
 * In the transaction of the success. Locks: the new row; waits for another transaction that is adding the same.
 * @throws IDEMPOTENCY_KEY_REUSED
 */
export async function remember(client: PoolClient, operation: Operation | undefined, orderId: string): Promise<void> {
  if (operation === undefined) return
  await client.query({
    name: 'remember-operation',
    text: 'insert into operations (id, fingerprint, order_id) values ($1, $2, $3) on conflict do nothing',
    values: [operation.id, operation.fingerprint, orderId],
  })
  await recall(client, operation)
}
