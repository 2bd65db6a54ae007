import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { Client } from 'pg'

import { type Postgres, startPostgres } from '../src/postgres'
import { isAlive, waitForEnd } from '../src/process-info'

let parent: string
let folder: string
const started: Postgres[] = []

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'holdfast-postgres-'))
  folder = join(parent, 'postgres')
})

afterEach(async () => {
  await Promise.all(started.splice(0).map(async (server) => server.stop()))
  await rm(parent, { recursive: true, force: true, maxRetries: 5 })
})

async function start(options: { port?: number; databases?: string[]; temporary?: boolean } = {}): Promise<Postgres> {
  const server = await startPostgres({ folder, databases: ['shop'], ...options })
  started.push(server)
  return server
}

async function query<T extends object>(url: string, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<T>(sql)).rows
  } finally {
    await client.end()
  }
}

const stock = 'select sku from shelf order by sku'

test('a second start finds the data and makes the databases that are missing', async () => {
  const first = await start()
  await query(first.url('shop'), `create table shelf (sku text); insert into shelf values ('CAMERA001')`)
  await first.stop()
  expect(isAlive(first.pid)).toBe(false)
  const second = await start({ databases: ['shop', 'audit'] })
  expect(await query(second.url('shop'), stock)).toEqual([{ sku: 'CAMERA001' }])
  expect(await query(second.url('audit'), 'select 1 as one')).toEqual([{ one: 1 }])
})

test('it writes to disk before it answers, and asks for a password', async () => {
  const server = await start()
  const settings = await query(
    server.url('shop'),
    `select name from pg_settings where name in ('fsync', 'synchronous_commit') and setting = 'on'`,
  )
  expect(settings).toHaveLength(2)
  const withoutPassword = new URL(server.url('shop'))
  withoutPassword.password = 'guessed'
  await expect(query(withoutPassword.href, 'select 1')).rejects.toThrow('password authentication failed')
  expect((await stat(join(folder, 'password'))).mode & 0o077).toBe(0)
})

test('a starter that is killed takes the server down with it, and nothing stands in the way of the next', async () => {
  const starter = await startInAnotherProcess()
  await query(starter.url, `create table shelf (sku text); insert into shelf values ('PHONE001')`)
  starter.process.kill('SIGKILL')
  const next = await start()
  expect(await query(next.url('shop'), stock)).toEqual([{ sku: 'PHONE001' }])
  expect(next.pid).not.toBe(starter.pid)
  expect(await waitForEnd(starter.pid, 10_000)).toBe(true)
})

test('a server whose starter and keeper were both killed is stopped before the next starts', async () => {
  const starter = await startInAnotherProcess()
  await query(starter.url, `create table shelf (sku text); insert into shelf values ('WATCH001')`)
  process.kill(await parentOf(starter.pid), 'SIGKILL')
  starter.process.kill('SIGKILL')
  expect(isAlive(starter.pid)).toBe(true)
  const next = await start()
  expect(await query(next.url('shop'), stock)).toEqual([{ sku: 'WATCH001' }])
  expect(await waitForEnd(starter.pid, 10_000)).toBe(true)
})

test('a server that was killed itself is recovered, with what it had acknowledged', async () => {
  const first = await start()
  await query(first.url('shop'), 'create table shelf (sku text)')
  await query(first.url('shop'), `insert into shelf values ('TABLET001')`)
  process.kill(first.pid, 'SIGKILL')
  await first.ended
  const next = await start()
  expect(await query(next.url('shop'), stock)).toEqual([{ sku: 'TABLET001' }])
})

test('a pid file that names another living process is no obstacle, and that process is left alone', async () => {
  const first = await start()
  await first.stop()
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  try {
    const pidFile = join(folder, 'data', 'postmaster.pid')
    await writeFile(pidFile, `${other.pid}\n${join(folder, 'data')}\n1700000000\n5432\n\n127.0.0.1\n0 0\nready\n`)
    const next = await start()
    expect(await query(next.url('shop'), 'select 1 as one')).toEqual([{ one: 1 }])
    expect(other.exitCode).toBeNull()
  } finally {
    other.kill('SIGKILL')
  }
})

test('a first start that was cut off is begun again', async () => {
  await mkdir(join(folder, 'data.new', 'base'), { recursive: true })
  const server = await start()
  expect(await query(server.url('shop'), 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a port in use is named', async () => {
  const first = await start()
  const elsewhere = startPostgres({ folder: join(parent, 'other'), port: first.port })
  await expect(elsewhere).rejects.toThrow(/PostgreSQL did not start: .*Address already in use/)
})

test('a temporary server leaves no folder behind', async () => {
  const server = await start({ temporary: true })
  await server.stop()
  await expect(stat(folder)).rejects.toThrow('ENOENT')
})

interface ForeignStart {
  process: ReturnType<typeof spawn>
  /** Of the server. */
  pid: number
  url: string
}

async function startInAnotherProcess(): Promise<ForeignStart> {
  const script = `
    const { startPostgres } = require(${JSON.stringify(join(__dirname, '../dist/src/index.js'))})
    startPostgres({ folder: ${JSON.stringify(folder)}, databases: ['shop'] }).then((server) => {
      process.stdout.write(JSON.stringify({ pid: server.pid, url: server.url('shop') }))
    })`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [answer] = (await once(child.stdout, 'data')) as [Buffer]
  return { process: child, ...(JSON.parse(answer.toString()) as { pid: number; url: string }) }
}

/** The keeper of a server. */
async function parentOf(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'ppid=', '-p', String(pid)])
  return Number(stdout)
}
