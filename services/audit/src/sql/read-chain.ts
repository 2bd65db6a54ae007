import type { PoolClient } from 'pg'

import type { Head } from '../chain'
import type { ChainedRecord } from '../record-hash'
import { recordColumns } from './record-columns'

/** Records in memory at once. One can be some 100 kB: a reservation of 500 lines, before and after. */
const pageRows = 500

/**
 * The whole log in the order of its numbers, a page at a time, and the head row, all as of one moment.
 * Locks nothing: a REPEATABLE READ snapshot, read only. A cursor and not a range of numbers for each page, so that a number
 * that is there twice, its key dropped, is seen as well.
 * @param client in a transaction that has done nothing yet
 */
export async function openChain(
  client: PoolClient,
): Promise<{ head: Head | undefined; readPage: () => Promise<ChainedRecord[]> }> {
  await client.query('set transaction isolation level repeatable read, read only')
  const { rows } = await client.query<Head>(`select sequence, encode(hash, 'hex') as hash from audit_head`)
  await client.query(`declare chain no scroll cursor for select ${recordColumns} from audit_records order by sequence`)
  return {
    head: rows[0],
    readPage: async () => (await client.query<ChainedRecord>(`fetch ${pageRows} from chain`)).rows,
  }
}
