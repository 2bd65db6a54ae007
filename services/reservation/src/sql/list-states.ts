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
  linesVersion: number
}

/** Read now. */
export interface ListedState extends StateRow {
  /** How long its end is past by the database's clock, in ms. */
  pastMs: bigint
}

const columns = `id, status, version, hold_version as "holdVersion", expires_at as "expiresAt", lines_version as "linesVersion",
  (extract(epoch from clock_timestamp() - expires_at) * 1000)::bigint as "pastMs"`

/**
 * A page by id, ABANDONED ones too. Locks nothing.
 * @param afterId undefined: from the first
 * @param archived those in the archive; else those that are not
 */
export async function pageOfStates(
  pool: Pool,
  afterId: string | undefined,
  limit: number,
  archived: boolean,
): Promise<ListedState[]> {
  const table = archived ? 'archived_reservations' : 'reservations'
  return runQuery(
    pool,
    afterId === undefined
      ? `select ${columns} from ${table} order by id limit $1`
      : `select ${columns} from ${table} where id > $2 order by id limit $1`,
    afterId === undefined ? [limit] : [limit, afterId],
  )
}

/** Those of the ids that exist, archived or not, by id. Locks nothing. */
export async function findStates(pool: Pool, ids: string[]): Promise<ListedState[]> {
  return runQuery(
    pool,
    `select ${columns} from reservations where id = any($1::uuid[])
     union all
     select ${columns} from archived_reservations where id = any($1::uuid[])
     order by id`,
    [ids],
  )
}
