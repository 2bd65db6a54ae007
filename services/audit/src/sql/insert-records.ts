import { readJsonLines, textArray, toLines } from '@holdfast/service'
import type { PoolClient } from 'pg'

import type { ChainedRecord, StateTexts } from '../record-hash'

/** A record with what is written of its states: the text that was hashed. */
export interface WrittenRecord extends ChainedRecord {
  states: StateTexts
}

/**
 * Writes records and moves the head row to the last of them, in one round trip.
 * Locks: nothing new; the caller holds the head row, and the rows are its own.
 * @param records at least one, in the order of their numbers
 */
export async function insertRecords(client: PoolClient, records: WrittenRecord[]): Promise<void> {
  const last = records.at(-1)
  if (last === undefined) return
  const column = (value: (record: WrittenRecord) => string): string => textArray(records.map(value))
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
      column(({ sequence }) => sequence.toString()),
      column(({ eventId }) => eventId),
      column(({ at }) => at.toISOString()),
      column(({ action }) => action),
      column(({ actorId }) => actorId),
      column(({ actorRole }) => actorRole),
      column(({ objectType }) => objectType),
      column(({ objectId }) => objectId),
      toLines(records.map(({ states }) => states.before)),
      toLines(records.map(({ states }) => states.after)),
      column(({ requestId }) => requestId),
      column(({ previousHash }) => previousHash),
      column(({ hash }) => hash),
      last.sequence,
      last.hash,
    ],
  })
}
