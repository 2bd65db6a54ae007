import { databaseError } from '@holdfast/service'
import type { Pool, PoolClient, QueryResultRow } from 'pg'

/** One statement; on a pool, a transaction of its own. @throws UNAVAILABLE when the database does not answer */
export async function runQuery<Row extends QueryResultRow>(
  db: Pool | PoolClient,
  text: string,
  values: unknown[],
): Promise<Row[]> {
  try {
    const { rows } = await db.query<Row>(text, values)
    return rows
  } catch (error) {
    throw databaseError(error)
  }
}
