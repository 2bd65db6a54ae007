import knex from 'knex'
import type { Pool } from 'pg'

import type { ChainedRecord } from '../record-hash'
import { recordColumns } from './record-columns'

/** What is undefined is not asked for. */
export interface RecordFilter {
  action?: string
  objectType?: string
  objectId?: string
  actorId?: string
  requestId?: string
  /** Inclusive. */
  from?: Date
  /** Exclusive. */
  to?: Date
  /** Only records behind this number, in the order of the list. */
  lastSeen?: bigint
}

/** Only writes statements; the service's own pool runs them. */
const builder = knex({ client: 'pg' })

/** By their numbers, falling or rising. Locks nothing. */
export async function listRecords(
  pool: Pool,
  filter: RecordFilter,
  order: 'desc' | 'asc',
  limit: number,
): Promise<ChainedRecord[]> {
  const query = builder('audit_records').select(builder.raw(recordColumns)).orderBy('sequence', order).limit(limit)
  if (filter.action !== undefined) void query.where('action', filter.action)
  if (filter.objectType !== undefined) void query.where('object_type', filter.objectType)
  if (filter.objectId !== undefined) void query.where('object_id', filter.objectId)
  if (filter.actorId !== undefined) void query.where('actor_id', filter.actorId)
  if (filter.requestId !== undefined) void query.where('request_id', filter.requestId)
  if (filter.from !== undefined) void query.where('at', '>=', filter.from)
  if (filter.to !== undefined) void query.where('at', '<', filter.to)
  if (filter.lastSeen !== undefined) void query.where('sequence', order === 'desc' ? '<' : '>', filter.lastSeen.toString())
  const { sql, bindings } = query.toSQL().toNative()
  const { rows } = await pool.query<ChainedRecord>(sql, [...bindings])
  return rows
}

/** Locks nothing. */
export async function findRecord(pool: Pool, sequence: bigint): Promise<ChainedRecord | undefined> {
  const { rows } = await pool.query<ChainedRecord>({
    name: 'find-audit-record',
    text: `select ${recordColumns} from audit_records where sequence = $1`,
    values: [sequence],
  })
  return rows[0]
}
