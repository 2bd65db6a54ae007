import type { PoolClient } from 'pg'

export interface OperationRow {
  fingerprint: string
  endpoint_id: string
  count: number
}

/**
 * Remembers an operation. Locks: its row; a repeat at the same moment waits for the first one's end.
 * @returns what is remembered of it; undefined: it is new
 */
export async function insertOperation(
  client: PoolClient,
  operation: { id: string; fingerprint: string },
  endpointId: string,
): Promise<OperationRow | undefined> {
  const { rowCount } = await client.query(
    'insert into operations (id, fingerprint, endpoint_id) values ($1, $2, $3) on conflict do nothing',
    [operation.id, operation.fingerprint, endpointId],
  )
  if (rowCount === 1) return undefined
  const { rows } = await client.query<OperationRow>('select fingerprint, endpoint_id, count from operations where id = $1', [
    operation.id,
  ])
  return rows[0]
}

export async function noteCount(client: PoolClient, id: string, count: number): Promise<void> {
  await client.query('update operations set count = $2 where id = $1', [id, count])
}
