import { setTimeout as sleep } from 'node:timers/promises'

import type { Logger } from 'pino'
import { DatabaseError, Pool, type PoolClient, type QueryConfig, TypeOverrides, types } from 'pg'

import { arrayParameter } from './array-parameter'
import { HoldfastError } from './errors'
import { counter, gauge } from './metrics'
import { parseTimestamp } from './timestamp'
import { inStatementSpan, traceStatements } from './tracing/statement-spans'

export interface DatabaseOptions {
  /** `postgres://...` */
  url: string
  /** Shown in pg_stat_activity. */
  name: string
  log: Logger
  /** Most connections at once; 10. */
  maxConnections?: number
  /** How long a start waits for the server, in ms; 30,000. */
  startTimeoutMs?: number
  /** How long an answer is waited for, in ms; 25,000. A statement that may take longer names its own `query_timeout`. */
  answerTimeoutMs?: number
}

/** A pool; its statements, and transactions on it, are repeated after a deadlock. */
export interface Database {
  readonly pool: Pool
  readonly url: string
  /** One READ COMMITTED transaction. `work` may run again after a deadlock or serialization error: it must only touch the database. */
  transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** A statement that hangs must not hold a lock or a connection for good. In ms. */
const sessionTimeouts = { lock_timeout: 5_000, statement_timeout: 20_000, idle_in_transaction_session_timeout: 10_000 }

/**
 * A server that ends a statement by its timeout says so. One that is silent for longer is gone without a word, as a machine that lost
 * its power or its network; the system's own limits for that are minutes. In ms.
 */
const answerTimeoutMs = 25_000
/** An idle connection is asked after this whether its other end is there, in ms. */
const keepAliveMs = 5_000

const maxAttempts = 5

const pools = new Set<Pool>()
gauge('database_connections', 'Connections of the pool by what they do, and who waits for one', ['state'], (connections) => {
  const sum = (count: (pool: Pool) => number) => [...pools].reduce((total, pool) => total + count(pool), 0)
  connections.set(
    { state: 'in_use' },
    sum((pool) => pool.totalCount - pool.idleCount),
  )
  connections.set(
    { state: 'idle' },
    sum((pool) => pool.idleCount),
  )
  connections.set(
    { state: 'waiting' },
    sum((pool) => pool.waitingCount),
  )
})

gauge('database_connections_max', 'Most connections that the pool may have', [], (most) => {
  most.set([...pools].reduce((total, pool) => total + pool.options.max, 0))
})

const retries = counter('database_retries_total', 'Deadlocks and serialization errors: repeated, and each is a bug', ['reason'])
const retryReasons: Record<string, string> = { '40P01': 'deadlock', '40001': 'serialization' }
for (const reason of Object.values(retryReasons)) retries.inc({ reason }, 0)

// int8 is money, versions and sequences here: a number would lose digits, a string would sort wrong.
const typeParsers = new TypeOverrides()
typeParsers.setTypeParser(types.builtins.INT8, BigInt)
typeParsers.setTypeParser(types.builtins.TIMESTAMPTZ, parseTimestamp)

/** Connects, waits for the server if it is not there or not the primary yet, and refuses one that may forget what it acknowledged. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const pool = new Pool({
    connectionString: options.url,
    application_name: options.name,
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: 5_000,
    query_timeout: options.answerTimeoutMs ?? answerTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMs,
    options: Object.entries(sessionTimeouts)
      .map(([name, ms]) => `-c ${name}=${ms}`)
      .join(' '),
    types: typeParsers,
  })
  // An idle connection that breaks (the server restarts) is no reason to end the process: the pool makes another.
  pool.on('error', (error) => options.log.warn({ err: error }, 'idle database connection lost'))
  // Neither is one that breaks between two statements of a transaction: the next statement fails and says so.
  pool.on('connect', (client) => client.on('error', () => undefined))
  pool.on('connect', (client) => traceStatements(client))
  try {
    await waitForServer(pool, options)
    await refuseForgetfulServer(pool)
  } catch (error) {
    await pool.end()
    throw error
  }
  repeatStatements(pool, options.log)
  pools.add(pool)
  return {
    pool,
    url: options.url,
    transaction: async (work) => runTransaction(pool, options.log, work),
    close: async () => {
      pools.delete(pool)
      await pool.end()
    },
  }
}

async function waitForServer(pool: Pool, options: DatabaseOptions): Promise<void> {
  const giveUpAt = Date.now() + (options.startTimeoutMs ?? 30_000)
  for (;;) {
    try {
      const { rows } = await pool.query<{ standby: boolean }>('select pg_is_in_recovery() as standby')
      if (rows[0]?.standby === false) return
      throw new Error('the server is a standby, which takes no writes')
    } catch (error) {
      if (Date.now() >= giveUpAt) throw error
      options.log.info({ reason: error instanceof Error ? error.message : String(error) }, 'waiting for the database')
      await sleep(300)
    }
  }
}

/** Truth 7: what was acknowledged survives a crash, so a server that does not write to disk is refused. */
async function refuseForgetfulServer(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit') and setting = 'off'`,
  )
  const names = rows.map((row) => row.name)
  if (names.length > 0) {
    throw new Error(`the database server has ${names.join(' and ')} off: it could forget what it acknowledged`)
  }
}

async function runTransaction<T>(pool: Pool, log: Logger, work: (client: PoolClient) => Promise<T>): Promise<T> {
  try {
    return await repeated(log, async () => oneTransaction(pool, work))
  } catch (error) {
    throw databaseError(error)
  }
}

/**
 * Repeats what PostgreSQL rolled back for the sake of another session. One lock order everywhere (truth 8) means that this
 * should not happen: each is logged and counted as a bug. What was prepared before a migration is repeated, too.
 */
async function repeated<T>(log: Logger, work: () => Promise<T>): Promise<T> {
  let attempt = 1
  for (;;) {
    try {
      return await work()
    } catch (error) {
      // Each time it takes a connection away that was there before the migration, so it ends.
      if (isOutdated(error)) continue
      const reason = error instanceof DatabaseError ? retryReasons[error.code ?? ''] : undefined
      if (reason === undefined) throw error
      retries.inc({ reason })
      log.error({ err: error, attempt, bug: 'lock-order' }, 'deadlock or serialization failure')
      if (attempt >= maxAttempts) throw new HoldfastError('CONFLICT', 'Others changed it meanwhile', { cause: error })
      await sleep(Math.random() * 20 * attempt++)
    }
  }
}

/** A statement on the pool is a transaction of its own: after a deadlock it may run again like any other. */
function repeatStatements(pool: Pool, log: Logger): void {
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>
  pool.query = (async (statement: unknown, ...more: unknown[]) => {
    const written = withListsWritten(statement)
    return repeated(log, async () => inStatementSpan(written, async () => query(written, ...more)))
  }) as typeof pool.query
}

/** The statement with its lists as text; hot statements have a list for each column. */
function withListsWritten(statement: unknown): unknown {
  const { values } = statement as QueryConfig<unknown[]>
  if (values === undefined) return statement
  return {
    ...(statement as QueryConfig),
    values: values.map((value) => (Array.isArray(value) ? (arrayParameter(value) ?? value) : value)),
  }
}

async function oneTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    const result = await work(client)
    const { command } = await client.query('commit')
    if (command !== 'COMMIT')
      throw new Error('a statement of the transaction failed and its error was ignored: nothing was committed')
    return result
  } catch (error) {
    if (isOfNoUse(error) || isOutdated(error)) broken = error
    else {
      try {
        await client.query('rollback')
      } catch (rollbackError) {
        broken = rollbackError instanceof Error ? rollbackError : new Error(String(rollbackError))
      }
    }
    throw error
  } finally {
    client.release(broken)
  }
}

/** What a server says to whom it takes no writes from: it is a standby, or was the primary before. */
const readOnly = '25006'

/** Whether the connection is given up at once: its server is silent, or not the primary any more, and would be when asked again. */
function isOfNoUse(error: unknown): error is Error {
  if (error instanceof DatabaseError) return error.code === readOnly
  return error instanceof Error && error.message === 'Query read timeout'
}

/**
 * Whether it is about a prepared statement whose answer has other columns since a migration of the next release came by. Nothing was done,
 * and this connection says the same for good; on another the statement is prepared anew.
 */
function isOutdated(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && error.code === '0A000' && error.routine === 'RevalidateCachedQuery'
}

/** PostgreSQL's and the socket's errors as ours, in this one place; ours and unknown ones come back as they are. */
export function databaseError(error: unknown): unknown {
  if (error instanceof HoldfastError || !(error instanceof Error)) return error
  const unavailable = () => new HoldfastError('UNAVAILABLE', 'The database did not answer; repeat the request', { cause: error })
  if (error instanceof DatabaseError) {
    const code = error.code ?? ''
    // 08 connection, 53 too many connections or no memory, 57 shut down or timed out, 55P03 lock_timeout, 25P03 idle too long,
    // 25006 not the primary.
    return /^(08|53|57)/.test(code) || ['55P03', '25P03', readOnly].includes(code) ? unavailable() : error
  }
  const code = 'code' in error ? String(error.code) : ''
  const lost =
    /^(ECONN|EPIPE|ENOTFOUND|ETIMEDOUT)/.test(code) ||
    /connection (terminated|timeout)|timeout exceeded|read timeout|not queryable/i.test(error.message)
  return lost ? unavailable() : error
}

/** Whether an INSERT or UPDATE met a row with the same unique key. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '23505'
}
