import { jsonLines, readJsonLines } from '@holdfast/service'
import type { PoolClient } from 'pg'

import type { ChainedRecord } from '../record-hash'

/**
 * Writes records and moves the head row to the last of them, in one round trip.
 * Locks: nothing new; the caller holds the head row, and the rows are its own.
 * @param records at least one, in the order of their numbers
 */
export async function insertRecords(client: PoolClient, records: ChainedRecord[]): Promise<void> {
  const last = records.at(-1)
  if (last === undefined) return
  await client.query({
    name: 'insert-audit-records',
    text: `
      with appended as (
        insert into audit_records (sequence, event_id, at, action, actor_id, actor_role, object_type, object_id,
                                   before, after, request_id, previous_hash, hash)
        select r.sequence, r.event_id, r.at, r.action, r.actor_id, r.actor_role, r.object_type, r.object_id,
               nullif(r.before, 'null')::jsonb, nullif(r.after, 'null')::jsonb, r.request_id,
               decode(r.previous_hash, 'hex'), decode(r.hash, 'hex')
        from unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                    ${readJsonLines(9)}, ${readJsonLines(10)}, $11::text[], $12::text[], $13::text[]) as r (
          sequence, event_id, at, action, actor_id, actor_role, object_type, object_id, before, after, request_id, previous_hash, hash)
      )
      update audit_head set sequence = $14, hash = decode($15, 'hex')`,
    values: [
      records.map((record) => record.sequence),
      records.map((record) => record.eventId),
      records.map((record) => record.at),
      records.map((record) => record.action),
      records.map((record) => record.actorId),
      records.map((record) => record.actorRole),
      records.map((record) => record.objectType),
      records.map((record) => record.objectId),
      jsonLines(records.map((record) => record.before)),
      jsonLines(records.map((record) => record.after)),
      records.map((record) => record.requestId),
      records.map((record) => record.previousHash),
      records.map((record) => record.hash),
      last.sequence,
      last.hash,
    ],
  })
}
