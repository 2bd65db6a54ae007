/** What a reservation costs the server of PostgreSQL, counted rather than timed: the same on a busy machine and on a quiet one. */
import { Client } from 'pg'

/** Sums since the server's statistics began; by what is counted. */
export type Counters = Record<string, number>

/** Sessions tell of what they did at the end of a transaction, and of a wait without one within a second. In ms. */
export const toldWithinMs = 1_500

/** @param url of any database of the server; the counters are the whole server's */
export async function readCounters(url: string): Promise<Counters> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<Counters>(`
      select wal_bytes::float8 / 1024 as "kB of log", wal_fpi::float8 as "whole pages in the log", io.*
      from pg_stat_wal,
           (select sum(reads) filter (where object <> 'wal')::float8 as "pages read into the buffers",
                   sum(writes) filter (where object <> 'wal' and backend_type = 'client backend')::float8 as "pages written by sessions"
            from pg_stat_io) io`)
    return rows[0] ?? {}
  } finally {
    await client.end()
  }
}

/** @param accepted how many reservations were made meanwhile */
export function perThousand(before: Counters, after: Counters, accepted: number): Counters {
  return Object.fromEntries(
    Object.entries(after).map(([what, count]) => [what, ((count - (before[what] ?? 0)) * 1000) / Math.max(1, accepted)]),
  )
}
