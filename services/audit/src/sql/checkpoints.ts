import type { AuditCheckpoint } from '@holdfast/contracts/audit'
import type { Pool, PoolClient } from 'pg'

import type { Head } from '../chain'

/** The end of the log as it is now. Locks nothing. */
export async function readHead(db: Pool | PoolClient): Promise<Head> {
  const { rows } = await db.query<Head>(`select sequence, encode(hash, 'hex') as hash from audit_head`)
  const [head] = rows
  if (head === undefined) throw new Error('the head row of the audit log is gone')
  return head
}

/**
 * Keeps a checkpoint, if it is further than the last one. Locks: its key; of two replicas with the same one, one waits for
 * the other and writes nothing.
 * @returns whether it is new
 */
export async function insertCheckpoint(client: PoolClient, { sequence, hash, signature }: AuditCheckpoint): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into audit_checkpoints (sequence, hash, signature)
     select $1, decode($2, 'hex'), $3 where not exists (select from audit_checkpoints where sequence >= $1)
     on conflict do nothing`,
    [sequence, hash, signature],
  )
  return rowCount === 1
}
