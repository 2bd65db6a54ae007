import type { Pool, PoolClient } from 'pg'

import type { Operation } from '../operation'
import { runQuery } from './run-query'

export interface RememberedOperation extends Operation {
  reservationId: string
}

/** Locks nothing. */
export async function findOperation(pool: Pool, id: string): Promise<RememberedOperation | undefined> {
  const rows = await runQuery<RememberedOperation>(
    pool,
    `select id, fingerprint, reservation_id as "reservationId" from operations where id = $1`,
    [id],
  )
  return rows[0]
}

/**
 * Remembers operations; one that is known stays as it is.
 * Locks: the new keys, sorted by id, behind the locks of their reservations.
 */
export async function insertOperations(client: PoolClient, operations: RememberedOperation[]): Promise<void> {
  if (operations.length === 0) return
  await client.query(
    `insert into operations (id, fingerprint, reservation_id)
     select id, fingerprint, "reservationId"
     from jsonb_to_recordset($1::jsonb) as o (id uuid, fingerprint text, "reservationId" uuid)
     order by id
     on conflict (id) do nothing`,
    [JSON.stringify(operations)],
  )
}
