import { Client } from 'pg'

/** PostgreSQL on several servers, of which one is the primary. */
export interface Cluster {
  /** For `startRouter`. */
  readonly servers: readonly number[]
  readonly check: readonly string[]
  serverCheck?: (index: number) => string
  readonly password: string
  /** The primary is gone at once, with all that it has started; `hang`: it is there, and answers nothing any more. */
  losePrimary(how: Loss): void
  /** When it was noticed, and when another server was the primary, as `performance.now()`. */
  readonly failover: Promise<{ noticedAt?: number; promotedAt: number }>
  /** Has the lost server come back as a standby, and resolves when commits wait for it again. */
  rejoin(): Promise<void>
  stop(): Promise<void>
}

export type Loss = 'kill' | 'hang'

export const superuser = 'holdfast'

export function urlOf(port: number, password: string, database: string): string {
  return `postgres://${superuser}:${password}@127.0.0.1:${port}/${database}`
}

/** One statement on a connection of its own that waits for no longer than `patienceMs`. */
export async function ask<Row extends object>(url: string, text: string, patienceMs = 20_000): Promise<Row[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: patienceMs, query_timeout: patienceMs })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    // One that answers nothing does not answer a farewell either.
    void client.end().catch(() => undefined)
  }
}

/** Whether a standby follows a primary, and every commit waits for it. */
export async function hasSynchronousStandby(url: string): Promise<boolean> {
  const rows = await ask(url, `select from pg_stat_replication where sync_state in ('sync', 'quorum') and state = 'streaming'`)
  return rows.length > 0
}
