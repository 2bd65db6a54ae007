/** Holds that have left for the archive; migrations/0016_archive.sql says how, what it locks and why that is safe. */
import type { Pool, PoolClient } from 'pg'

import type { HoldColumns } from './holds'

/** Behind which hold a batch begins. The time is PostgreSQL's own text: a Date would lose its microseconds. */
export interface ArchivePlace {
  endedAt: string
  id: string
}

export const firstPlace: ArchivePlace = { endedAt: '-infinity', id: '00000000-0000-0000-0000-000000000000' }

export interface ArchivedHolds {
  looked: number
  moved: number
  last: ArchivePlace
}

export async function archiveHolds(pool: Pool, afterHours: number, after: ArchivePlace, limit: number): Promise<ArchivedHolds> {
  const { rows } = await pool.query<{ looked: number; moved: number; last_ended_at: string | null; last_id: string | null }>({
    name: 'archive_holds',
    text: 'select * from archive_holds($1, $2::timestamptz, $3::uuid, $4)',
    values: [afterHours, after.endedAt, after.id, limit],
  })
  const [row] = rows
  return {
    looked: row?.looked ?? 0,
    moved: row?.moved ?? 0,
    last: { endedAt: row?.last_ended_at ?? after.endedAt, id: row?.last_id ?? after.id },
  }
}

export interface ArchivedHold extends HoldColumns {
  id: string
  now: Date
}

/** Those of the ids that are in the archive. Locks nothing: nothing there changes. */
export async function findArchivedHolds(db: Pool | PoolClient, ids: string[]): Promise<Map<string, ArchivedHold>> {
  const { rows } = await db.query<ArchivedHold>(
    `select id, state, expires_at, version, owner, fingerprint, created_at, protected_until, base_expires_at, lines_version, fills, clock_timestamp() as now
     from archived_holds where id = any($1::uuid[])`,
    [ids],
  )
  return new Map(rows.map((row) => [row.id, row]))
}
