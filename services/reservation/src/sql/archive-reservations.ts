import type { Pool } from 'pg'

import { runQuery } from './run-query'

/** Behind which reservation a batch begins. The time is PostgreSQL's own text: a Date would lose its microseconds. */
export interface ArchivePlace {
  updatedAt: string
  id: string
}

export const firstPlace: ArchivePlace = { updatedAt: '-infinity', id: '00000000-0000-0000-0000-000000000000' }

/** One batch; migrations/0103_archive.sql says what it locks and why that is safe. */
export async function archiveReservations(
  pool: Pool,
  afterHours: number,
  after: ArchivePlace,
  limit: number,
): Promise<{ looked: number; moved: number; last: ArchivePlace }> {
  const [row] = await runQuery<{ looked: number; moved: number; last_updated_at: string | null; last_id: string | null }>(
    pool,
    'select * from archive_reservations($1, $2::timestamptz, $3::uuid, $4)',
    [afterHours, after.updatedAt, after.id, limit],
    'archive_reservations',
  )
  return {
    looked: row?.looked ?? 0,
    moved: row?.moved ?? 0,
    last: { updatedAt: row?.last_updated_at ?? after.updatedAt, id: row?.last_id ?? after.id },
  }
}
