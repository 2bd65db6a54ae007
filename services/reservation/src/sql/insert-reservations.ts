import { appendEventsSql, eventParameters, type NewEvent } from '@holdfast/events'
import type { Pool } from 'pg'

import type { ReservationRow } from '../reservation'
import { runQuery } from './run-query'

/**
 * Writes new rows and their events in one statement, which is one transaction; answers the ids of those that it wrote. A row
 * that exists already stays as it is; one whose time is over by now is not begun; neither has an event.
 * Locks: the new keys, sorted by id, as every batch of inserts here is: two batches with the same ids wait for each other in
 * one direction. An id that another transaction is writing is waited for, so a read after this sees it. The events' places
 * are drawn for rows that are there already, behind their locks.
 */
export async function insertReservations(pool: Pool, rows: ReservationRow[], events: NewEvent[]): Promise<Set<string>> {
  const inserted = await runQuery<{ id: string }>(
    pool,
    `
      with made as (
        insert into reservations (id, user_id, status, fingerprint, lines, expires_at, ttl_seconds, created_at, updated_at, version,
                                  hold_version, sweep_after)
        select id, "userId", status, fingerprint, lines, "expiresAt", "ttlSeconds", "createdAt", "updatedAt", version,
               "holdVersion", "expiresAt"
        from jsonb_to_recordset($1::jsonb) as r (
          id uuid, "userId" text, status text, fingerprint text, lines jsonb, "expiresAt" timestamptz, "ttlSeconds" integer,
          "createdAt" timestamptz, "updatedAt" timestamptz, version integer, "holdVersion" integer)
        where "expiresAt" > clock_timestamp()
        order by id
        on conflict (id) do nothing
        returning id
      ), told as (
        ${appendEventsSql(2, 'join made on made.id = e.subject::uuid')}
      )
      select id from made`,
    [JSON.stringify(rows), ...eventParameters(events)],
    'insert-reservations',
  )
  return new Set(inserted.map((row) => row.id))
}
