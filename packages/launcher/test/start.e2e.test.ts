import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { createClient } from '@holdfast/client'

import { readCredentials } from '../src/credentials'
import { freePort, isPortFree } from '../src/ports'
import { waitForEnd } from '../src/process-info'
import { sampleProducts } from '../src/sample-catalogue'
import { workspaceRoot } from '../src/workspace'
import { launch, type Launch } from './launch'

let dataFolder: string
let port: number
const launches: Launch[] = []

beforeAll(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'holdfast-start-'))
  port = await freePort()
})

afterAll(async () => {
  for (const { process, ended } of launches) {
    process.kill('SIGTERM')
    await ended
  }
  await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 })
})

function start(over: { dataFolder?: string; port?: number } = {}): Launch {
  const launched = launch({ dataFolder, port, ...over })
  launches.push(launched)
  return launched
}

const url = () => `http://127.0.0.1:${port}`

/** Services and PostgreSQL, by their pid files. */
async function startedProcesses(): Promise<number[]> {
  const names = await readdir(join(dataFolder, 'run'))
  const contents = await Promise.all(names.map(async (name) => readFile(join(dataFolder, 'run', name), 'utf8')))
  const services = contents.map((content) => (JSON.parse(content) as { pid: number }).pid)
  const postmaster = await readFile(join(dataFolder, 'postgres', 'data', 'postmaster.pid'), 'utf8')
  return [...services, Number(postmaster.split('\n')[0])]
}

async function stockOf(sku: string): Promise<{ onHand: number } | undefined> {
  const { availability } = await createClient({ url: url() }).getAvailability({ skus: [sku] })
  return availability[0]
}

/** Puts one more unit of a product into stock, as the admin. */
async function addOne(sku: string): Promise<void> {
  const credentials = await readCredentials(dataFolder)
  const { accessToken } = await createClient({ url: url() }).login({ ...credentials?.admin })
  const admin = createClient({ url: url(), token: () => accessToken })
  await admin.adjustStock({ sku, delta: 1, reason: 'found' }, { idempotencyKey: 'one-more' })
}

test('the first start makes the catalogue, the admin and the user, and prints where everything is', async () => {
  const first = start()
  await first.ready
  const { products } = await createClient({ url: url() }).listProducts({})
  expect(products.map(({ sku }) => sku).sort()).toEqual(sampleProducts.map(({ sku }) => sku).sort())
  expect(await stockOf('CAMERA001')).toMatchObject({ onHand: 3 })
  const credentials = await readCredentials(dataFolder)
  for (const text of [url(), credentials?.admin.password, credentials?.user.password]) expect(first.output()).toContain(text)
  expect(first.output().match(/gRPC {2}\w+ +127\.0\.0\.1:\d+/g)).toHaveLength(5)
})

test('a command about events finds the event log of what runs', async () => {
  const cli = join(workspaceRoot(), 'packages', 'cli', 'dist', 'src', 'main.js')
  const env = { PATH: process.env['PATH'], HOLDFAST_DATA_DIR: dataFolder }
  const { stdout } = await promisify(execFile)(process.execPath, [cli, 'dlq', 'list'], { env })
  expect(stdout).toBe('Nothing is parked.\n')
})

test('a second start on the same data is refused in one line', async () => {
  const second = start()
  expect(await second.ended).toBe(1)
  expect(second.output()).toMatch(/^Holdfast runs on .* already \(process \d+, http:\/\/127\.0\.0\.1:\d+\)\n$/)
})

test('a port in use is said in one line, with the variable that changes it', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'holdfast-start-'))
  const second = start({ dataFolder: elsewhere })
  expect(await second.ended).toBe(1)
  expect(second.output()).toBe(`port ${port} on 127.0.0.1 is in use: set HOLDFAST_PORT to another one\n`)
  await rm(elsewhere, { recursive: true })
})

test('a crashed service comes back, which is told', async () => {
  const [running] = launches
  const { pid } = JSON.parse(await readFile(join(dataFolder, 'run', 'reservation.pid'), 'utf8')) as { pid: number }
  process.kill(pid, 'SIGKILL')
  await running?.prints('reservation ended (SIGKILL); starting it again')
  await running?.prints('reservation serves again')
})

test('a launcher that is killed blocks nothing: the next start is ready with all data', async () => {
  await addOne('CAMERA001')
  const [running] = launches
  const before = await startedProcesses()
  running?.process.kill('SIGKILL')
  await running?.ended
  const next = start()
  await next.ready
  expect(await stockOf('CAMERA001')).toMatchObject({ onHand: 4 })
  for (const pid of before) expect(await waitForEnd(pid, 5_000)).toBe(true)
})

test('Ctrl-C leaves no process behind', async () => {
  const running = launches.at(-1)
  const before = await startedProcesses()
  // Five services, the flash-sale room, and PostgreSQL.
  expect(before).toHaveLength(7)
  running?.process.kill('SIGINT')
  expect(await running?.ended).toBe(0)
  for (const pid of before) expect(await waitForEnd(pid, 5_000)).toBe(true)
  expect(await isPortFree(port)).toBe(true)
})
