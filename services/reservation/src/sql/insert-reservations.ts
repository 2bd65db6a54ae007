import { appendEventsSql, eventParameters, type NewEvent } from '@holdfast/events'
import { jsonLines, readJsonLines } from '@holdfast/service'
import type { Pool, PoolClient } from 'pg'

import type { ReservationRow } from '../reservation'
import { runQuery } from './run-query'

/**
 * Writes new ACTIVE rows, version 1, and their events in one statement, on a pool one transaction; answers the ids of those that it wrote. A row
 * that exists already, archived or not, stays as it is; one whose time is over by now is not begun; neither has an event.
 * Locks: the new keys, sorted by id, as every batch of inserts here is: two batches with the same ids wait for each other in
 * one direction. An id that another transaction is writing is waited for, so a read after this sees it. The events' places
 * are drawn for rows that are there already, behind their locks.
 */
export async function insertReservations(
  db: Pool | PoolClient,
  rows: ReservationRow[],
  events: NewEvent[],
): Promise<Set<string>> {
  const inserted = await runQuery<{ id: string }>(
    db,
    `
      with made as (
        insert into reservations (id, user_id, status, fingerprint, lines, expires_at, ttl_seconds, created_at, updated_at, version,
                                  hold_version, sweep_after, fills)
        select id, user_id, 'ACTIVE', fingerprint, lines::jsonb, expires_at, ttl_seconds, created_at, created_at, 1, hold_version,
               expires_at, fills
        from unnest($1::uuid[], $2::text[], $3::text[], ${readJsonLines(4)}, $5::timestamptz[], $6::integer[], $7::timestamptz[],
                    $8::integer[], $9::integer[])
          as r (id, user_id, fingerprint, lines, expires_at, ttl_seconds, created_at, hold_version, fills)
        where expires_at > clock_timestamp()
          and not exists (select from archived_reservations a where a.id = r.id)
        order by id
        on conflict (id) do nothing
        returning id
      ), told as (
        ${appendEventsSql(10, 'join made on made.id = e.subject::uuid')}
      )
      select id from made`,
    [
      rows.map((row) => row.id),
      rows.map((row) => row.userId),
      rows.map((row) => row.fingerprint),
      jsonLines(rows.map((row) => row.lines)),
      rows.map((row) => row.expiresAt),
      rows.map((row) => row.ttlSeconds),
      rows.map((row) => row.createdAt),
      rows.map((row) => row.holdVersion),
      rows.map((row) => row.fills),
      ...eventParameters(events),
    ],
    'insert-reservations',
  )
  return new Set(inserted.map((row) => row.id))
}
