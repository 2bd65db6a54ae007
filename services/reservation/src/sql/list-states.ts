import type { Pool } from 'pg'

import type { Status } from '../reservation'
import { runQuery } from './run-query'

/** What a comparison of the books needs of a row. */
export interface StateRow {
  id: string
  status: Status
  version: number
  holdVersion: number
  expiresAt: Date
}

const columns = `id, status, version, hold_version as "holdVersion", expires_at as "expiresAt"`

/** A page by id, ABANDONED ones too. Locks nothing. @param afterId undefined: from the first */
export async function pageOfStates(pool: Pool, afterId: string | undefined, limit: number): Promise<StateRow[]> {
  return runQuery(
    pool,
    afterId === undefined
      ? `select ${columns} from reservations order by id limit $1`
      : `select ${columns} from reservations where id > $2 order by id limit $1`,
    afterId === undefined ? [limit] : [limit, afterId],
  )
}

/** Those of the ids that exist, by id. Locks nothing. */
export async function findStates(pool: Pool, ids: string[]): Promise<StateRow[]> {
  return runQuery(pool, `select ${columns} from reservations where id = any($1::uuid[]) order by id`, [ids])
}
