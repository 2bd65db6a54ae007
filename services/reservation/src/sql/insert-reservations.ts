import type { PoolClient } from 'pg'

import type { ReservationRow } from '../reservation'

/**
 * Writes new rows, and answers the ids of those that it wrote. A row that exists already stays as it is; one whose time is
 * over by now is not begun.
 * Locks: the new keys, sorted by id, as every batch of inserts here is: two batches with the same ids wait for each other in
 * one direction. An id that another transaction is writing is waited for, so a read after this sees it.
 */
export async function insertReservations(client: PoolClient, rows: ReservationRow[]): Promise<Set<string>> {
  const { rows: inserted } = await client.query<{ id: string }>({
    name: 'insert-reservations',
    text: `
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
      returning id`,
    values: [JSON.stringify(rows)],
  })
  return new Set(inserted.map((row) => row.id))
}
