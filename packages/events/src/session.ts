import { setTimeout as sleep } from 'node:timers/promises'

import { Client, DatabaseError, type QueryConfig, type QueryResultRow, TypeOverrides, types } from 'pg'

import { pause } from './pause'
import type { Retrying } from './retrying'

/** A database connection of its own, whose end is noticed: what it locked by advisory locks is free from then on. */
export interface Session {
  /** Aborted when the connection is lost or its owner stops. */
  readonly over: AbortSignal
  /** One after the other, in the order of the calls. */
  query<R extends QueryResultRow>(query: QueryConfig): Promise<R[]>
  listen(channel: string, onNotify: () => void): Promise<void>
  unlisten(channel: string): Promise<void>
  close(): Promise<void>
}

export interface SessionOptions {
  url: string
  /** Shown in pg_stat_activity. */
  name: string
  stop: AbortSignal
}

/**
 * The server's side: a peer that vanished without a word is noticed within about ten seconds. Losing the last commits in
 * a crash of the server is harmless here: these sessions only note what has been published or read, and a repeat of either
 * is filtered out by the inbox. Their tables are queues whose statistics are always wrong, hence no sequential scans.
 */
const settings = {
  tcp_keepalives_idle: 5,
  tcp_keepalives_interval: 2,
  tcp_keepalives_count: 3,
  statement_timeout: 20_000,
  lock_timeout: 5_000,
  synchronous_commit: 'off',
  enable_seqscan: 'off',
}

const typeParsers = new TypeOverrides()
typeParsers.setTypeParser(types.builtins.INT8, BigInt)

/** @throws what the driver throws when there is no connection to be had */
export async function openSession(options: SessionOptions): Promise<Session> {
  const client = new Client({
    connectionString: options.url,
    application_name: options.name,
    connectionTimeoutMillis: 5_000,
    query_timeout: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    types: typeParsers,
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  })
  const lost = new AbortController()
  client.on('error', (error) => lost.abort(error))
  client.on('end', () => lost.abort(new Error('the connection has ended')))
  const listeners = new Map<string, () => void>()
  client.on('notification', ({ channel }) => listeners.get(channel)?.())
  await client.connect()

  let last: Promise<unknown> = Promise.resolve()
  const run = async <R extends QueryResultRow>(query: QueryConfig): Promise<R[]> => {
    lost.signal.throwIfAborted()
    try {
      return (await client.query<R>(query)).rows
    } catch (error) {
      // An answer of the server leaves the connection whole; anything else leaves it in an unknown state. A server that says that it
      // takes no writes is not the primary, and what is locked there is not locked for anybody else.
      if (!(error instanceof DatabaseError) || error.code === '25006') lost.abort(error)
      throw error
    }
  }
  const query = async <R extends QueryResultRow>(config: QueryConfig): Promise<R[]> => {
    const result = last.then(async () => run<R>(config))
    last = result.catch(() => undefined)
    return result
  }
  return {
    over: AbortSignal.any([lost.signal, options.stop]),
    query,
    listen: async (channel, onNotify) => {
      listeners.set(channel, onNotify)
      await query({ text: `listen ${client.escapeIdentifier(channel)}` })
    },
    unlisten: async (channel) => {
      listeners.delete(channel)
      await query({ text: `unlisten ${client.escapeIdentifier(channel)}` })
    },
    close: async () => {
      lost.abort(new Error('the session was closed'))
      // A peer that vanished never answers the farewell.
      await Promise.race([client.end(), sleep(2_000, undefined, { ref: false })])
    },
  }
}

/** Runs `work` on a session until its owner stops; when it throws or the connection is lost, on a new one. */
export async function keepSession(
  options: SessionOptions,
  retrying: Retrying,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  while (!options.stop.aborted) {
    let session: Session | undefined
    try {
      session = await openSession(options)
      await work(session)
    } catch (error) {
      if (!options.stop.aborted) await pause(retrying.failed(error), options.stop)
    } finally {
      await session?.close()
    }
  }
}

/** How often one that waits for a lock asks for it, in ms: when its holder dies, the next takes over within this time. */
const takeOverMs = 500

/**
 * Waits for an advisory lock that lasts as long as the session.
 * @returns false: the session is over before the lock was free
 */
export async function takeLock(session: Session, name: string): Promise<boolean> {
  while (!session.over.aborted) {
    const [row] = await session.query<{ taken: boolean }>({
      text: 'select pg_try_advisory_lock(hashtextextended($1, 0)) as taken',
      values: [name],
    })
    if (row?.taken === true) return true
    await pause(takeOverMs, session.over)
  }
  return false
}
