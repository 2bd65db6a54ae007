import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

import type KnexModule from 'knex'
import type { PoolClient } from 'pg'

import type { Database } from './database'

/** Any number that no other program uses on these databases: whoever holds it migrates. */
const migrationLock = 7_305_811

/** In ms. */
const longestMigrationMs = 86_400_000

/**
 * Brings a database to the newest version: numbered `.sql` files, forward only, each in a transaction. Services that start
 * at the same time wait for one another, and the files run once.
 * @param folders folders of migrations, in order; their file names must differ
 */
export async function migrate(database: Database, folders: string[]): Promise<void> {
  const files = (await Promise.all(folders.map(listMigrations))).flat()
  // knex has a lock of its own, but a second starter fails on it; this one waits.
  const guard = await database.pool.connect()
  try {
    await guard.query('set statement_timeout = 0; set lock_timeout = 0')
    // Somebody else's migrations may take their time.
    const lock = { text: 'select pg_advisory_lock($1)', values: [migrationLock], query_timeout: longestMigrationMs }
    await guard.query(lock)
    if (await areAllNoted(guard, files)) return
    await migrateBy(database.url, files)
  } finally {
    // Not back to the pool: ending the session gives the lock and the settings back whatever happened.
    guard.release(true)
  }
}

/** Most starts have nothing to do, and load no knex for it, which is a third of all that inventory or a gateway would load. */
async function areAllNoted(client: PoolClient, files: string[]): Promise<boolean> {
  const { rows: tables } = await client.query<{ there: boolean }>(`select to_regclass('knex_migrations') is not null as there`)
  if (tables[0]?.there !== true) return false
  const { rows } = await client.query<{ name: string }>('select name from knex_migrations')
  const noted = new Set(rows.map(({ name }) => name))
  return files.every((file) => noted.has(basename(file)))
}

async function migrateBy(url: string, files: string[]): Promise<void> {
  const knex = require('knex') as typeof KnexModule
  const runner = knex({ client: 'pg', connection: url, pool: { min: 0, max: 2 } })
  try {
    await runner.migrate.latest({
      // While a release is rolled out, a process of the one before may start on a schema that knows more migrations than it does.
      disableMigrationsListValidation: true,
      migrationSource: {
        getMigrations: async () => Promise.resolve(files),
        getMigrationName: (file: string) => basename(file),
        getMigration: async (file: string) => {
          const sql = await readFile(file, 'utf8')
          return {
            up: async (db: KnexModule.Knex) => db.schema.raw(sql),
            down: async () => Promise.reject(new Error('forward only')),
          }
        },
      },
    })
  } finally {
    await runner.destroy()
  }
}

async function listMigrations(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  return names
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => join(folder, name))
}
