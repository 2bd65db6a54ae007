import type { PoolClient } from 'pg'

import type { ReservationRow } from '../reservation'
import { reservationColumns } from './columns'

/**
 * The rows, and the time under their locks. Their later change and the place of its event in the outbox come behind these
 * locks, so the events of one reservation stay in order.
 * Locks: the reservations, by id.
 */
export async function lockReservations(client: PoolClient, ids: string[]): Promise<{ rows: ReservationRow[]; now: Date }> {
  const { rows } = await client.query<ReservationRow>(
    `select ${reservationColumns} from reservations where id = any($1::uuid[]) order by id for no key update`,
    [ids],
  )
  const clock = await client.query<{ now: Date }>('select clock_timestamp() as now')
  return { rows, now: clock.rows[0]?.now ?? new Date() }
}

/**
 * Writes what was taken over from inventory.
 * Locks: nothing new; the caller has the locks of these rows.
 * @param options allLines: also lines of version 1, which are those that it was made with
 */
export async function updateReservations(
  client: PoolClient,
  rows: ReservationRow[],
  { allLines = false }: { allLines?: boolean } = {},
): Promise<void> {
  // Not a prepared statement: its plan would be kept from when the table was small.
  await client.query(
    `update reservations r
     set status = n.status, expires_at = n."expiresAt", updated_at = n."updatedAt", version = n.version,
         hold_version = n."holdVersion", sweep_after = n."expiresAt", lines_version = n."linesVersion", fills = n.fills,
         lines = coalesce(n.lines, r.lines)
     from jsonb_to_recordset($1::jsonb) as n (
       id uuid, status text, "expiresAt" timestamptz, "updatedAt" timestamptz, version integer, "holdVersion" integer,
       "linesVersion" integer, fills integer, lines jsonb)
     where r.id = n.id`,
    // Hardly any has other lines than it was made with.
    [
      JSON.stringify(
        rows.map(({ lines, ...row }) => (allLines || row.linesVersion > 1 || row.fills > 0 ? { ...row, lines } : row)),
      ),
    ],
  )
}
