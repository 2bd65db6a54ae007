import type { PoolClient } from 'pg'

/**
 * Which of the events have a record already. Asked under the head row's lock, so the answer stays true, and no number is
 * given to an event that would then be left out: a number left out would be a gap.
 * Locks nothing.
 */
export async function findRecorded(client: PoolClient, eventIds: string[]): Promise<Set<string>> {
  const { rows } = await client.query<{ event_id: string }>({
    name: 'find-recorded-events',
    text: 'select event_id from audit_records where event_id = any($1::uuid[])',
    values: [eventIds],
  })
  return new Set(rows.map((row) => row.event_id))
}
