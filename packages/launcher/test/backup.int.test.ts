/** `npm run backup`: a copy of a server that is written to all the time. */
import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

import { Client } from 'pg'

import { type Postgres, startPostgres } from '../src/postgres'

const program = resolve(__dirname, '..', 'dist', 'src', 'backup', 'main.js')

let folder: string
let dataFolder: string
let server: Postgres
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-backup-'))
  // PostgreSQL's user has to come by where the tests are run by root.
  await chmod(folder, 0o755)
  dataFolder = join(folder, 'system')
  await mkdir(join(dataFolder, 'keys'), { recursive: true })
  await writeFile(join(dataFolder, 'keys', 'user-tokens.pem'), 'a key', { mode: 0o600 })
  server = await startPostgres({ folder: join(dataFolder, 'postgres'), databases: ['first', 'second'] })
})
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

async function backUp(target: string): Promise<string> {
  const env = { ...process.env, HOLDFAST_DATA_DIR: dataFolder }
  return (await promisify(execFile)(process.execPath, [program, target], { env })).stdout
}

test('it has all that was committed before it, of all databases as of one moment, and starts as a server of its own', async () => {
  const clients = await Promise.all(['first', 'second'].map(async (name) => connect(server, name)))
  for (const client of clients) await client.query('create table numbers (n integer primary key)')
  const rows = { written: 0, stop: false }
  const writing = (async () => {
    // Never in the second what is not in the first: a copy of two moments would have it the other way round.
    while (!rows.stop) {
      for (const client of clients) await client.query('insert into numbers values ($1)', [rows.written + 1])
      rows.written++
    }
  })()
  const goesOn = async (until: number) => {
    while (rows.written < until) await sleep(10)
  }
  await goesOn(10)
  const before = rows.written
  const target = join(folder, 'copy')
  expect(await backUp(target)).toContain(`${target} is ${dataFolder} as of `)
  await goesOn(rows.written + 1)
  rows.stop = true
  await writing
  await Promise.all(clients.map(async (client) => client.end()))

  expect(await readFile(join(target, 'keys', 'user-tokens.pem'), 'utf8')).toBe('a key')
  const copy = await startPostgres({ folder: join(target, 'postgres') })
  try {
    const [first = 0, second = 0] = await Promise.all(['first', 'second'].map(async (name) => countNumbers(copy, name)))
    expect(second).toBeGreaterThanOrEqual(before)
    expect(first).toBeLessThanOrEqual(rows.written)
    expect([second, second + 1]).toContain(first)
  } finally {
    await copy.stop()
  }
}, 180_000)

test('what is there already is not touched, and where no server runs there is nothing half of it', async () => {
  const taken = join(folder, 'taken')
  await mkdir(taken)
  await expect(backUp(taken)).rejects.toMatchObject({ stderr: `${taken} is there already\n` })
  await server.stop()
  const nowhere = join(folder, 'nowhere')
  await expect(backUp(nowhere)).rejects.toMatchObject({ stderr: expect.stringContaining('no PostgreSQL runs on') as string })
  expect((await readdir(folder)).filter((name) => name.startsWith('nowhere'))).toEqual([])
})

async function connect(of: Postgres, name: string): Promise<Client> {
  const client = new Client({ connectionString: of.url(name) })
  await client.connect()
  return client
}

/** How many there are, of which none is missing. */
async function countNumbers(of: Postgres, name: string): Promise<number> {
  const client = await connect(of, name)
  try {
    const { rows } = await client.query<{ count: number; highest: number }>(
      'select count(*)::integer as count, max(n) as highest from numbers',
    )
    expect(rows[0]?.count).toBe(rows[0]?.highest)
    return rows[0]?.count ?? 0
  } finally {
    await client.end()
  }
}
