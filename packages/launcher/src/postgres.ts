import { randomBytes } from 'node:crypto'
import { mkdir, realpath, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type * as Pg from 'pg'

import { freePort } from './ports'
import { postgresBinaries } from './postgres-binaries'
import { initDatabaseCluster } from './postgres-init'
import { type PostgresProcess, startPostgresProcess } from './postgres-process'
import { stopLeftover } from './postgres-leftover'
import { readOrMake } from './private-file'
import { runAs } from './run-as'

export interface PostgresOptions {
  /** Everything of this server: data, password, log. Made when missing. */
  folder: string
  /** On 127.0.0.1; a free one when not given. */
  port?: number
  /** Made when missing. */
  databases?: string[]
  /** For tests: the folder is deleted when the server ends, even when its starter was killed. */
  temporary?: boolean
}

/** A running server; its superuser is `holdfast`. */
export interface Postgres {
  readonly port: number
  /** The server's own process (the postmaster). */
  readonly pid: number
  /** `postgres://...` with the password in it. */
  url(database: string): string
  createDatabase(name: string): Promise<void>
  /** Resolves when the server has ended, for whatever reason. */
  readonly ended: Promise<void>
  /** A fast shutdown: sessions are ended, everything is on disk when it resolves. */
  stop(): Promise<void>
}

const superuser = 'holdfast'

/** Crash recovery after heavy writing takes its time. In ms. */
const startTimeoutMs = 120_000

/** How long the children of a killed server may take to notice, in ms. */
const strayChildrenMs = 30_000

/**
 * Starts PostgreSQL on a folder, for the first time or again, whatever became of an earlier server on it: one that was left
 * running because its starter was killed is stopped first, one that crashed is recovered.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  await mkdir(options.folder, { recursive: true, mode: 0o755 })
  const folder = await realpath(options.folder)
  const dataFolder = join(folder, 'data')
  const binaries = await postgresBinaries()
  const identity = await runAs(dataFolder, [binaries.postgres, folder])
  const password = await readOrMake(join(folder, 'password'), () => randomBytes(24).toString('base64url'))
  await stopLeftover(dataFolder, binaries.pgCtl)
  const temporary = options.temporary ?? false
  await initDatabaseCluster({ folder, dataFolder, binaries, identity, superuser, password, sync: !temporary })
  await keepLogSmall(join(folder, 'log'))

  const url = (port: number, database: string) => `postgres://${superuser}:${password}@127.0.0.1:${port}/${database}`
  const giveUpAt = Date.now() + strayChildrenMs
  for (;;) {
    const port = options.port ?? (await freePort())
    const server = await startPostgresProcess({ folder, dataFolder, binaries, identity, port, temporary })
    try {
      await waitUntilReady(server, url(port, 'postgres'))
      return await runningServer(server, (database) => url(port, database), options.databases ?? [])
    } catch (error) {
      await server.stop()
      const reason = await server.reason()
      const strayChildren = /shared memory block .* still in use|lock file .* already exists/.test(reason)
      const portLost = options.port === undefined && reason.includes('could not bind')
      if ((!strayChildren && !portLost) || Date.now() >= giveUpAt) {
        throw new Error(`PostgreSQL did not start: ${reason || String(error)}`, { cause: error })
      }
      await sleep(200)
    }
  }
}

async function runningServer(server: PostgresProcess, url: (database: string) => string, databases: string[]): Promise<Postgres> {
  const createDatabase = async (name: string) => createIfMissing(url('postgres'), name)
  for (const name of databases) await createDatabase(name)
  return { port: server.port, pid: server.pid, url, createDatabase, ended: server.ended, stop: async () => server.stop() }
}

async function createIfMissing(url: string, name: string): Promise<void> {
  const client = await connect(url)
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
}

async function waitUntilReady(server: PostgresProcess, url: string): Promise<void> {
  let ended = false
  void server.ended.then(() => {
    ended = true
  })
  const giveUpAt = Date.now() + startTimeoutMs
  for (;;) {
    try {
      const client = await connect(url)
      await client.end()
      return
    } catch (error) {
      if (ended || Date.now() >= giveUpAt) throw error
      await sleep(30)
    }
  }
}

async function connect(url: string): Promise<Pg.Client> {
  // Read in here alone: the command line needs this package too, at each start. Not by `import`, which tests that start a server in
  // their own process can't do.
  const { Client } = require('pg') as typeof Pg
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  // A connection that breaks while idle says so here; the next query says it again, to whom it concerns.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** The log of the start before stays readable, and there are never more than two. */
async function keepLogSmall(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined)
  if (found !== undefined && found.size > 10_000_000) await rename(file, `${file}.1`)
}
