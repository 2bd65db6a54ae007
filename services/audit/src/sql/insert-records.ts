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
        select sequence, "eventId", at, action, "actorId", "actorRole", "objectType", "objectId",
               before, after, "requestId", decode("previousHash", 'hex'), decode(hash, 'hex')
        from json_to_recordset($1::json) as r (
          sequence bigint, "eventId" uuid, at timestamptz, action text, "actorId" text, "actorRole" text, "objectType" text,
          "objectId" text, before jsonb, after jsonb, "requestId" text, "previousHash" text, hash text)
        order by sequence
      )
      update audit_head set sequence = $2, hash = decode($3, 'hex')`,
    values: [
      JSON.stringify(records, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)),
      last.sequence,
      last.hash,
    ],
  })
}
