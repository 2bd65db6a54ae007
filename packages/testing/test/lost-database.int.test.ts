/** A server that is not the primary any more, that is gone without a word or has other tables than before is nobody's fault. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

import { createLog, type Database, openDatabase } from '@holdfast/service'
import { Client } from 'pg'

import { createTestDatabase, type TestDatabase } from '../src/index'

let made: TestDatabase
let opened: Database | undefined

beforeEach(async () => {
  made = await createTestDatabase()
  await run('create table shelf (sku text primary key)')
})
afterEach(async () => {
  await opened?.close()
  await made.drop()
})

async function run(...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: made.url })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

async function open(url: string, answerTimeoutMs?: number): Promise<Database> {
  opened = await openDatabase({ url, name: 'test', log: createLog('test', 'silent'), maxConnections: 1, answerTimeoutMs })
  return opened
}

const insert = async (database: Database, sku: string) =>
  database.transaction(async (client) => client.query('insert into shelf values ($1)', [sku]))

test('a connection to a server that has become read-only is told UNAVAILABLE, and given up', async () => {
  const name = new URL(made.url).pathname.slice(1)
  await run(`alter database ${name} set default_transaction_read_only = on`)
  const database = await open(made.url)
  await expect(insert(database, 'A')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  // The next one leads to a primary, as behind a router; the one before would have said the same for good.
  await run('set default_transaction_read_only = off', `alter database ${name} reset default_transaction_read_only`)
  await insert(database, 'B')
})

test('a server that says nothing any more is not waited for without end, and holds no connection', async () => {
  const silence = await startSilence(made.url)
  const database = await open(silence.url, 1_000)
  await insert(database, 'A')
  silence.begin()
  await expect(insert(database, 'B')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  silence.end()
  await insert(database, 'C')
  silence.close()
})

test('a migration that adds a column fails nobody who had prepared a statement before it, alone or in a transaction', async () => {
  opened = await openDatabase({ url: made.url, name: 'test', log: createLog('test', 'silent') })
  const database = opened
  await insert(database, 'A')
  const read = { name: 'read-shelf', text: 'select * from shelf, pg_sleep(0.01)' }
  // Every connection has it.
  const many = async () => Promise.all(Array.from({ length: 30 }, async () => database.pool.query(read)))
  const inTransaction = async () =>
    database.transaction(async (client) => {
      await client.query(`insert into shelf values (gen_random_uuid()::text)`)
      return client.query(read)
    })
  await many()
  await inTransaction()
  await run('alter table shelf add column place integer not null default 1')
  expect((await inTransaction()).rows).toHaveLength(3)
  const answers = await many()
  expect(answers.map(({ rows }) => rows)).toEqual(
    answers.map(() => expect.arrayContaining([expect.objectContaining({ sku: 'A', place: 1 })]) as unknown),
  )
})

/** Passes on what is said until it is told to be silent; connections stay open, and those of before never speak again. */
async function startSilence(url: string): Promise<{ url: string; begin(): void; end(): void; close(): void }> {
  const to = new URL(url)
  const sockets = new Set<Socket>()
  let silent = false
  const server = createServer((near) => {
    const far = connect(Number(to.port || 5432), to.hostname)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    near.on('data', (data) => silent || far.write(data))
    far.on('data', (data) => silent || near.write(data))
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxied = new URL(url)
  proxied.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: proxied.href,
    begin: () => {
      silent = true
      for (const socket of sockets) socket.pause()
    },
    end: () => {
      silent = false
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
