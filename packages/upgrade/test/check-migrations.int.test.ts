/** The check that `npm run check` makes, over a folder like ours. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

import { listMigrations, readBaseline, writeBaseline } from '../src/baseline'
import { checkMigrations } from '../src/check-migrations'

const root = resolve(__dirname, '..', '..', '..')
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-upgrade-'))
  for (const file of listMigrations(root)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    cpSync(join(root, file), join(folder, file))
  }
  mkdirSync(join(folder, 'deploy'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write = (file: string, sql: string) => writeFileSync(join(folder, file), sql)

test('before the first release nothing is promised; then every migration that there is', async () => {
  expect(await checkMigrations(folder)).toEqual([])
  writeBaseline(folder, '1.0.0')
  expect(readBaseline(folder)?.migrations).toHaveProperty(['services/inventory/migrations/0010_stock.sql'])
  expect(Object.keys(readBaseline(folder)?.migrations ?? {})).toEqual(listMigrations(root))
  expect(await checkMigrations(folder)).toEqual([])
})

test('new migrations are held against what was released, each by its file and line', async () => {
  write(
    'services/inventory/migrations/0990_more.sql',
    'create table boxes (id bigint);\n\nalter table holds drop column version;\n',
  )
  write('services/order/migrations/0001_early.sql', 'alter table outbox add column late text not null;\n')
  write('packages/events/log-migrations/0990_log.sql', 'drop table messages;\n')
  expect(await checkMigrations(folder)).toEqual([
    expect.stringMatching(/^services\/order\/migrations\/0001_early\.sql: comes before \d+_\w+\.sql, which/),
    'packages/events/log-migrations/0990_log.sql:1: drops the table messages',
    'services/inventory/migrations/0990_more.sql:3: drops the column version of holds',
    'services/order/migrations/0001_early.sql:1: wants a value for the new column late, without a default of outbox',
  ])
})

test('a released migration that was touched is told before anything else', async () => {
  const file = 'services/audit/migrations/0300_audit.sql'
  write(file, `${readFileSync(join(folder, file), 'utf8')}\nselect 1;\n`)
  rmSync(join(folder, 'services/gateway/migrations/0401_token_generation.sql'))
  expect(await checkMigrations(folder)).toEqual([
    `${file}: 1.0.0 was released with it, and it has been changed`,
    'services/gateway/migrations/0401_token_generation.sql: 1.0.0 was released with it, and it is gone',
  ])
})
