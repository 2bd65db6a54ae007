import type { Pool } from 'pg'
import { type Actor, actor_RoleFromJSON } from '@holdfast/contracts/common'

import { toMessage } from './envelope'
import type { Session } from './session'
import type { Message } from './transport'

export { appendEvents, appendEventsSql, eventParameters } from './sql/append-events'

/** An outbox row, ready to be published. */
export interface OutboxRow {
  place: bigint
  message: Message
}

export interface Backlog {
  /** Events waiting to be published; counted up to a million. */
  rows: number
  /** How long the oldest of them has waited, in ms; 0 when there is none. */
  oldestAgeMs: number
}

/** A batch stays small enough for one request to any broker, in bytes as the table stores the data. */
const maxBatchBytes = 1_000_000

interface Row {
  place: bigint
  event_id: string
  type: string
  topic: string
  key: string
  subject: string
  aggregate_version: bigint
  audit: boolean
  actor_id: string
  actor_role: Actor['role']
  request_id: string
  traceparent: string | null
  data: string
  at: Date
}

/**
 * The front of the outbox, in its order: at most `limit` rows, at least one if there is any.
 * Locks nothing: there is one relay at a time, and rows are only ever added by others.
 */
export async function readOutbox(session: Session, source: string, limit: number): Promise<OutboxRow[]> {
  const rows = await session.query<Row>({
    name: 'read-outbox',
    text: `
      select place, event_id, type, topic, key, subject, aggregate_version, audit, actor_id, actor_role, request_id, traceparent,
             data::text as data, at
      from (select front.*, sum(pg_column_size(data)) over (order by place) - pg_column_size(data) as bytes_before
            from (select * from outbox order by place limit $1) as front) as sized
      where bytes_before < $2
      order by place`,
    values: [limit, maxBatchBytes],
  })
  return rows.map((row) => ({ place: row.place, message: messageOf(row, source) }))
}

/**
 * Deletes exactly the rows that were published. Never "up to place N": a transaction that commits late may have put a lower
 * place there meanwhile.
 */
export async function deleteFromOutbox(session: Session, rows: OutboxRow[]): Promise<void> {
  await session.query({
    name: 'delete-from-outbox',
    text: 'delete from outbox where place = any($1::bigint[])',
    values: [rows.map((row) => row.place)],
  })
}

export async function readBacklog(pool: Pool): Promise<Backlog> {
  const { rows } = await pool.query<{ rows: number; age: number | null }>(`
    select (select count(*)::int from (select from outbox limit 1000000) as waiting) as rows,
           (select extract(epoch from clock_timestamp() - at)::float8 * 1000 from outbox order by place limit 1) as age`)
  return { rows: rows[0]?.rows ?? 0, oldestAgeMs: Math.max(0, rows[0]?.age ?? 0) }
}

function messageOf(row: Row, source: string): Message {
  return toMessage(
    {
      id: row.event_id,
      source,
      type: row.type,
      topic: row.topic,
      key: row.key,
      subject: row.subject,
      version: row.aggregate_version,
      audit: row.audit,
      actor: { id: row.actor_id, role: actor_RoleFromJSON(row.actor_role) },
      requestId: row.request_id,
      traceparent: row.traceparent ?? undefined,
      at: row.at,
    },
    row.data,
  )
}
