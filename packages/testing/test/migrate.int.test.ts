/** Migrations on a database that others are at work on. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createLog, type Database, migrate, openDatabase } from '@holdfast/service'

import { createTestDatabase, type TestDatabase, waitFor } from '../src/index'

let folder: string
let made: TestDatabase
let database: Database
const log = createLog('test', 'silent')

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-migrations-'))
  made = await createTestDatabase()
  database = await openDatabase({ url: made.url, name: 'test', log })
  write('0001_shelf.sql', 'create table shelf (sku text primary key)')
  await migrate(database, [folder])
})
afterEach(async () => {
  await database.close()
  await made.drop()
  rmSync(folder, { recursive: true })
})

const write = (name: string, sql: string) => writeFileSync(join(folder, name), sql)

async function columns(): Promise<string[]> {
  const sql = `select attname from pg_attribute where attrelid = 'shelf'::regclass and attnum > 0 order by attnum`
  return (await database.pool.query<{ attname: string }>(sql)).rows.map(({ attname }) => attname)
}

test('a migration that a long reader keeps waiting lets writers through meanwhile, and is done when the reader has ended', async () => {
  const told: unknown[] = []
  const listening = Object.assign(createLog('test', 'silent'), { warn: (facts: unknown) => told.push(facts) })
  const reader = await database.pool.connect()
  await reader.query('begin; set local idle_in_transaction_session_timeout = 0; select from shelf')

  write('0002_places.sql', 'create table places (id bigint)')
  write('0003_place.sql', 'alter table shelf add column place bigint; create index shelf_by_place on shelf (place)')
  const migrated = migrate(database, [folder], listening)
  let written = 0
  try {
    // Each is refused after 5 s if it has to wait behind the migration.
    const waits = () => told.filter((facts) => typeof facts === 'object').length
    await waitFor(
      async () => {
        await database.pool.query('insert into shelf values ($1)', [`SKU-${written++}`])
        return waits() >= 2
      },
      { what: 'the migration to have waited twice', timeoutMs: 120_000 },
    )
    expect(written).toBeGreaterThan(1)
    expect(await columns()).toEqual(['sku'])
  } finally {
    await reader.query('commit')
    reader.release()
    await migrated
  }
  expect(await columns()).toEqual(['sku', 'place'])
  const { rows } = await database.pool.query<{ name: string }>('select name from knex_migrations order by id')
  expect(rows.map(({ name }) => name)).toEqual(['0001_shelf.sql', '0002_places.sql', '0003_place.sql'])
})

test('a file that PostgreSQL refuses is undone and told, and those before it stay', async () => {
  write('0002_place.sql', 'alter table shelf add column place bigint')
  write('0003_wrong.sql', 'alter table shelf add column other bigint; alter table nowhere add column a bigint')
  await expect(migrate(database, [folder])).rejects.toThrow('nowhere')
  expect(await columns()).toEqual(['sku', 'place'])
  write('0003_wrong.sql', 'alter table shelf add column other bigint')
  await migrate(database, [folder])
  expect(await columns()).toEqual(['sku', 'place', 'other'])
})
