import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { createLog, migrate, openDatabase } from '@holdfast/service'
import { Client } from 'pg'

import { databaseUrl, testServerUrl } from './test-server'

export interface TestDatabaseOptions {
  /** Folders of numbered .sql files, in order. */
  migrations?: string[]
}

export interface TestDatabase {
  url: string
  /** Ends what is still connected, and removes the database. */
  drop(): Promise<void>
}

/** Any number that no other user of the test server locks. */
const templateLock = 4_711_002

/**
 * A database of one's own on the server of this run. With migrations it is a copy of a template that is migrated once for
 * each distinct set of them.
 */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const folders = options.migrations ?? []
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await withServer(async (server) => {
    const template = folders.length > 0 ? await migratedTemplate(server, folders) : undefined
    await server.query(`create database ${name}${template === undefined ? '' : ` template ${template}`}`)
  })
  return {
    url: databaseUrl(name),
    drop: async () =>
      withServer(async (server) => {
        await server.query(`drop database if exists ${name} with (force)`)
      }),
  }
}

/** jest's workers race for it: the first makes it, under a lock, the others wait. */
async function migratedTemplate(server: Client, folders: string[]): Promise<string> {
  const name = `template_${await contentHash(folders)}`
  await server.query('select pg_advisory_lock($1)', [templateLock])
  try {
    const { rowCount } = await server.query('select from pg_database where datname = $1', [name])
    if (rowCount === 0) await makeTemplate(server, name, folders)
  } finally {
    await server.query('select pg_advisory_unlock($1)', [templateLock])
  }
  return name
}

/** Under another name until it is whole: a migration that fails leaves no half template for the next. */
async function makeTemplate(server: Client, name: string, folders: string[]): Promise<void> {
  const draft = `draft_${name}`
  await server.query(`drop database if exists ${draft} with (force)`)
  await server.query(`create database ${draft}`)
  const database = await openDatabase({ url: databaseUrl(draft), name: 'test-template', log: createLog('test', 'silent') })
  try {
    await migrate(database, folders)
  } finally {
    await database.close()
  }
  await waitUntilUnused(server, draft)
  await server.query(`alter database ${draft} rename to ${name}`)
}

/** A session ends a moment after its client; neither renaming nor copying works while there is one. */
async function waitUntilUnused(server: Client, database: string): Promise<void> {
  await server.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [database])
}

async function contentHash(folders: string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const folder of folders) {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
    for (const name of names)
      hash
        .update(`${name}\0`)
        .update(await readFile(join(folder, name)))
        .update('\0')
  }
  return hash.digest('hex').slice(0, 16)
}

async function withServer<T>(work: (server: Client) => Promise<T>): Promise<T> {
  const server = new Client({ connectionString: testServerUrl() })
  await server.connect()
  try {
    return await work(server)
  } finally {
    await server.end()
  }
}
