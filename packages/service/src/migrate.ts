import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type KnexModule from 'knex'
import type { PoolClient } from 'pg'

import type { Database } from './database'
import type { Logger } from './log'

/** Any number that no other program uses on these databases: whoever holds it migrates. */
const migrationLock = 7_305_811

/** In ms. */
const longestMigrationMs = 86_400_000

/**
 * A migration waits for a lock no longer, in ms: whoever wants the table after it waits behind it, also those who only read, and gives up
 * after 5 s.
 */
const lockTimeoutMs = 2_000
/** Then it lets them go before it tries again, for so long, in ms, and twice as long each time, */
const firstPauseMs = 1_000
/** but at most this. */
const longestPauseMs = 10_000
/** PostgreSQL's: lock_timeout, and a deadlock, which is the same in one's own way. */
const wantsLock = new Set(['55P03', '40P01'])

/**
 * Brings a database to the newest version: numbered `.sql` files, forward only, each in a transaction. Services that start
 * at the same time wait for one another, and the files run once. A file that others keep from a table, as a long reader does, is undone and
 * tried again until they have ended: nobody else waits for it meanwhile for longer than two seconds.
 * @param folders folders of migrations, in order; their file names must differ
 * @param log told of what has to wait
 * @throws whatever PostgreSQL says of a file; those before it have run
 */
export async function migrate(database: Database, folders: string[], log?: Logger): Promise<void> {
  const files = (await Promise.all(folders.map(listMigrations))).flat()
  // knex has a lock of its own, but a second starter fails on it; this one waits.
  const guard = await database.pool.connect()
  try {
    await guard.query('set statement_timeout = 0; set lock_timeout = 0')
    // Somebody else's migrations may take their time.
    const lock = { text: 'select pg_advisory_lock($1)', values: [migrationLock], query_timeout: longestMigrationMs }
    await guard.query(lock)
    if (await areAllNoted(guard, files)) return
    await migrateBy(database.url, files, log)
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

async function migrateBy(url: string, files: string[], log: Logger | undefined): Promise<void> {
  const knex = require('knex') as typeof KnexModule
  const tell = (message: unknown): void => log?.warn(String(message))
  const options = `-c lock_timeout=${lockTimeoutMs}`
  const runner = knex({
    client: 'pg',
    connection: { connectionString: url, options },
    pool: { min: 0, max: 2 },
    log: { warn: tell, error: tell },
  })
  const config = migrationsOf(files)
  const giveUpAt = Date.now() + longestMigrationMs
  let pauseMs = firstPauseMs
  try {
    for (;;) {
      try {
        // One by one: all at once would be one transaction, and keep the locks of each until the last is done.
        const [, done] = (await runner.migrate.up(config)) as [number, string[]]
        if (done.length === 0) return
        pauseMs = firstPauseMs
      } catch (error) {
        if (!wantsLock.has(String((error as { code?: unknown }).code)) || Date.now() >= giveUpAt) throw error
        log?.warn({ nextTryMs: pauseMs }, 'a migration waits: somebody uses its tables for long (pg_stat_activity says who)')
        await sleep(pauseMs)
        pauseMs = Math.min(pauseMs * 2, longestPauseMs)
      }
    }
  } finally {
    await runner.destroy()
  }
}

function migrationsOf(files: string[]): KnexModule.Knex.MigratorConfig {
  return {
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
  }
}

async function listMigrations(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  return names
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => join(folder, name))
}
