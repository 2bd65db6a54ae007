import { join } from 'node:path'

import { Client } from 'pg'

import { createTestDatabase, type TestDatabase } from '../src/index'

const migrations = [join(__dirname, 'migrations-for-tests')]
const made: TestDatabase[] = []

afterAll(async () => {
  await Promise.all(made.map(async (database) => database.drop()))
})

async function create(): Promise<TestDatabase> {
  const database = await createTestDatabase({ migrations })
  made.push(database)
  return database
}

async function query<T extends object>(url: string, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<T>(sql)).rows
  } finally {
    await client.end()
  }
}

test('many that ask at once each get a migrated database of their own', async () => {
  const databases = await Promise.all(Array.from({ length: 8 }, create))
  expect(new Set(databases.map(({ url }) => url)).size).toBe(8)
  const [first, second] = databases
  await query(first?.url ?? '', `insert into shelf values ('PHONE001')`)
  expect(await query(first?.url ?? '', 'select sku from shelf order by sku')).toEqual([{ sku: 'CAMERA001' }, { sku: 'PHONE001' }])
  expect(await query(second?.url ?? '', 'select sku from shelf')).toEqual([{ sku: 'CAMERA001' }])
})

test('the server keeps what it acknowledged', async () => {
  const { url } = await create()
  const rows = await query(
    url,
    `select setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes')`,
  )
  expect(rows).toEqual([{ setting: 'on' }, { setting: 'on' }, { setting: 'on' }])
})

test('a dropped database is gone, whoever is still connected', async () => {
  const database = await createTestDatabase()
  const client = new Client({ connectionString: database.url })
  client.on('error', () => undefined)
  await client.connect()
  await database.drop()
  await expect(query(database.url, 'select 1')).rejects.toThrow('does not exist')
  await client.end()
})
