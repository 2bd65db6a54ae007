import { appendEvents, type NewEvent } from '@holdfast/events'
import type { Database } from '@holdfast/service'

import type { ReservationRow } from '../reservation'

/**
 * Writes the row of a part and its event; a row that is there stays as it is, one whose time is over by now is not begun.
 * Locks: the new key; one that another transaction is writing is waited for, so a read after this sees it.
 * @returns whether it was written now
 */
export async function insertPart(database: Database, row: ReservationRow, event: NewEvent): Promise<boolean> {
  return database.transaction(async (client) => {
    const { rowCount } = await client.query(
      `insert into reservations (id, user_id, status, fingerprint, lines, expires_at, ttl_seconds, created_at, updated_at, version,
                                 hold_version, sweep_after, lines_version, parent_id, born_at, fills)
       select $1, $2, 'ACTIVE', $3, $4, $5, $6, $7, $7, 1, $8, $5, $9, $10, $11, $12
       where $5 > clock_timestamp() and not exists (select from archived_reservations a where a.id = $1)
       on conflict (id) do nothing`,
      [
        row.id,
        row.userId,
        row.fingerprint,
        JSON.stringify(row.lines),
        row.expiresAt,
        row.ttlSeconds,
        row.createdAt,
        row.holdVersion,
        row.linesVersion,
        row.parentId,
        row.bornAt,
        row.fills,
      ],
    )
    if (rowCount !== 1) return false
    await appendEvents(client, [event])
    return true
  })
}
