import type { PoolClient } from 'pg'

export interface ImportRow {
  id: string
  fingerprint: string
  created: number
  changed: number
  unchanged: number
}

/**
 * Until the commit no other import goes on. Taken before anything else, by imports alone: who waits for it holds nothing, so it is in nobody's
 * circle, and imports in none with one another.
 */
export async function lockImports(client: PoolClient): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(hashtext('holdfast imports'))`)
}

export async function findImport(client: PoolClient, id: string): Promise<ImportRow | undefined> {
  const { rows } = await client.query<ImportRow>(
    'select id, fingerprint, created, changed, unchanged from imports where id = $1',
    [id],
  )
  return rows[0]
}

export async function insertImport(client: PoolClient, row: ImportRow): Promise<void> {
  await client.query('insert into imports (id, fingerprint, created, changed, unchanged) values ($1, $2, $3, $4, $5)', [
    row.id,
    row.fingerprint,
    row.created,
    row.changed,
    row.unchanged,
  ])
}
