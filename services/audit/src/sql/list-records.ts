import knex, { type Knex } from 'knex'
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
  const query = builder('audit_records as r').orderBy('sequence', order).limit(limit)
  whereId(query, 'object_id', filter.objectId)
  whereId(query, 'actor_id', filter.actorId)
  whereId(query, 'request_id', filter.requestId)
  if (filter.action !== undefined) void query.where('action', filter.action)
  if (filter.objectType !== undefined) void query.where('object_type', filter.objectType)
  if (filter.from !== undefined) void query.where('at', '>=', filter.from)
  if (filter.to !== undefined) void query.where('at', '<', filter.to)
  if (filter.lastSeen !== undefined) void query.where('sequence', order === 'desc' ? '<' : '>', filter.lastSeen.toString())
  const { objectType, action, objectId, actorId, requestId } = filter
  const byTypeAlone = objectType !== undefined && (action ?? objectId ?? actorId ?? requestId) === undefined
  const all = (byTypeAlone ? ofType(query, objectType, order, limit) : query).select(builder.raw(recordColumns))
  const { sql, bindings } = all.toSQL().toNative()
  const { rows } = await pool.query<ChainedRecord>(sql, [...bindings])
  return rows
}

/** Found by its hash; the index has nothing else. */
function whereId(query: Knex.QueryBuilder, column: string, id: string | undefined): void {
  if (id !== undefined)
    void query.whereRaw('hashtextextended(??, 0) = hashtextextended(?, 0) and ?? = ?', [column, id, column, id])
}

/**
 * The first of each action that the type has, then the first of those: an object's type is the first word of the action, and
 * the index has the actions. Which there are is found by jumping from one to the next.
 */
function ofType(query: Knex.QueryBuilder, objectType: string, order: 'desc' | 'asc', limit: number): Knex.QueryBuilder {
  const each = query.whereRaw('r.action = known.name').select('r.*')
  const found = builder.raw(
    `(with recursive action as (
        (select action from audit_records order by action limit 1)
        union all
        select (select r.action from audit_records r where r.action > action.action order by r.action limit 1)
        from action where action.action is not null
      ) select action as name from action where split_part(action, '.', 1) = ?) as known
      cross join lateral (?) as r`,
    [objectType, each],
  )
  return builder.from(found).orderBy('sequence', order).limit(limit)
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
