import type { PoolClient } from 'pg'

import type { Head } from '../chain'

/**
 * The end of the chain, for whoever appends next.
 * Locks: the head row, until the end of the transaction; before anything else. All who append
 * take it first, so the next statement (a new READ COMMITTED snapshot) sees every record there is.
 */
export async function lockHead(client: PoolClient): Promise<Head> {
  const { rows } = await client.query<Head>({
    name: 'lock-audit-head',
    text: `select sequence, encode(hash, 'hex') as hash from audit_head for update`,
  })
  const [head] = rows
  if (head === undefined) throw new Error('the head row of the audit log is gone')
  return head
}
