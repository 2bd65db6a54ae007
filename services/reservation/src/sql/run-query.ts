import { databaseError } from '@holdfast/service'
import type { Pool, PoolClient, QueryResultRow } from 'pg'

/**
 * One statement; on a pool, a transaction of its own.
 * @param name of a hot statement: it is prepared once for each connection
 * @throws UNAVAILABLE when the database does not answer
 */
export async function runQuery<Row extends QueryResultRow>(
  db: Pool | PoolClient,
  text: string,
  values: unknown[],
  name?: string,
): Promise<Row[]> {
  try {
    const { rows } = await db.query<Row>({ text, values, ...(name !== undefined && { name }) })
    return rows
  } catch (error) {
    throw databaseError(error)
  }
}
