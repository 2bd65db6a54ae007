import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Postgres, startPostgres } from '@holdfast/launcher'
import { Pool } from 'pg'

/** The same PostgreSQL with the same settings as Holdfast's, and two tables as one would make them first. */
export interface PlainDatabase {
  url: string
  pool: Pool
  close(): Promise<void>
}

const schema = `
  create table stock (
    sku text primary key,
    on_hand integer not null,
    reserved integer not null default 0,
    check (0 <= reserved and reserved <= on_hand)
  );
  create table reservations (
    id uuid primary key,
    sku text not null references stock,
    quantity integer not null,
    expires_at timestamptz not null,
    created_at timestamptz not null default now()
  );`

export async function openPlainDatabase(): Promise<PlainDatabase> {
  const server: Postgres = await startPostgres({
    folder: await mkdtemp(join(tmpdir(), 'holdfast-bench-')),
    temporary: true,
    databases: ['bench'],
  })
  const url = server.url('bench')
  const pool = new Pool({ connectionString: url, max: 2 })
  pool.on('error', () => undefined)
  await pool.query(schema)
  return {
    url,
    pool,
    close: async () => {
      await pool.end()
      await server.stop()
    },
  }
}

export async function addStock(pool: Pool, skus: string[], stock: number): Promise<void> {
  await pool.query('insert into stock (sku, on_hand) select sku, $2 from unnest($1::text[]) as sku', [skus, stock])
}

export async function reservedUnits(pool: Pool, skus: string[]): Promise<number> {
  const text = 'select sum(reserved)::int as sum from stock where sku = any ($1)'
  return (await pool.query<{ sum: number }>(text, [skus])).rows[0]?.sum ?? 0
}

export async function countRecords(pool: Pool, skus: string[]): Promise<number> {
  const text = 'select count(*)::int as count from reservations where sku = any ($1)'
  return (await pool.query<{ count: number }>(text, [skus])).rows[0]?.count ?? 0
}
