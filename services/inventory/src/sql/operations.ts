import type { PoolClient } from 'pg'

import { checkFingerprint } from '../validate'

/**
 * Remembers an operation, in the transaction of what it does, or finds that it was done. After the stock rows' locks.
 * @returns whether it is a repeat
 * @throws IDEMPOTENCY_KEY_REUSED when it was another request
 */
export async function isRepeat(client: PoolClient, id: string, print: string): Promise<boolean> {
  const { rowCount } = await client.query(
    'insert into stock_operations (id, fingerprint) values ($1, $2) on conflict do nothing',
    [id, print],
  )
  if (rowCount === 1) return false
  const { rows } = await client.query<{ fingerprint: string }>('select fingerprint from stock_operations where id = $1', [id])
  checkFingerprint(rows[0]?.fingerprint ?? '', print)
  return true
}
