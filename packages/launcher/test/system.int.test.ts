import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { isAlive } from '../src/process-info'
import { allServiceNames, databaseNames, type DatabaseName, serviceNames } from '../src/services'
import { System, type SystemOptions } from '../src/system'

let dataFolder: string
let system: System | undefined
let lines: string[]

beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'holdfast-system-'))
  lines = []
})

afterEach(async () => {
  await system?.stop()
  system = undefined
  await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 })
})

const noDatabases = Object.fromEntries(databaseNames.map((name) => [name, `postgres://nowhere/${name}`])) as Record<
  DatabaseName,
  string
>

async function start(options: Partial<SystemOptions> = {}): Promise<System> {
  system = await System.start({
    dataFolder,
    databaseUrls: noDatabases,
    mainOf: () => join(__dirname, 'fake-service.cjs'),
    onEvent: (line) => lines.push(line),
    ...options,
  })
  return system
}

const pids = (of: System) => serviceNames.map((name) => of.pid(name) ?? 0)

async function waitForLine(pattern: RegExp): Promise<void> {
  while (!lines.some((line) => pattern.test(line))) await new Promise((resolve) => setTimeout(resolve, 10))
}

async function environmentOfGateway(of: System): Promise<Record<string, string>> {
  return (await (await fetch(of.url)).json()) as Record<string, string>
}

test('starts five services, and leaves no process and no pid file behind when it stops', async () => {
  const running = await start()
  const started = pids(running)
  expect(started.every(isAlive)).toBe(true)
  expect(await readdir(join(dataFolder, 'run'))).toHaveLength(5)
  await running.stop()
  expect(started.some(isAlive)).toBe(false)
  expect(await readdir(join(dataFolder, 'run'))).toEqual([])
})

test('starts the notification service where it is asked for, and tells the gateway where it is', async () => {
  const without = await environmentOfGateway(await start())
  await system?.stop()
  const running = await start({ notifications: true })
  expect(isAlive(running.pid('notification') ?? 0)).toBe(true)
  expect([without['NOTIFICATION_ADDR'], (await environmentOfGateway(running))['NOTIFICATION_ADDR']]).toEqual([
    '',
    running.grpc.notification,
  ])
})

test('a crashed service is started again, and both are told in a line', async () => {
  const running = await start()
  const before = running.pid('order')
  await running.kill('order', 'SIGKILL')
  await waitForLine(/^order serves again$/)
  expect(lines).toContainEqual(expect.stringMatching(/^order ended \(SIGKILL\); starting it again in 0.2 s/))
  expect(running.pid('order')).not.toBe(before)
})

test('where a test says when, a killed service stays away until it is restarted', async () => {
  const running = await start({ restartCrashed: false })
  await running.kill('audit', 'SIGKILL')
  expect(running.pid('audit')).toBeUndefined()
  await running.restart('audit')
  expect(isAlive(running.pid('audit') ?? 0)).toBe(true)
})

test('a service that does not start ends the start, tells its log and leaves nothing behind', async () => {
  const failing = start({ envFor: { reservation: { FAKE_FAILS: 'yes' } } })
  await expect(failing).rejects.toThrow(/reservation could not start .*\n.*\nFAKE_FAILS: must not be yes/)
  expect(await readdir(join(dataFolder, 'run'))).toEqual([])
})

test('a start that is given up leaves nothing behind', async () => {
  const controller = new AbortController()
  const starting = start({ signal: controller.signal, onEvent: () => controller.abort(new Error('given up')) })
  await expect(starting).rejects.toThrow('given up')
  expect(await readdir(join(dataFolder, 'run'))).toEqual([])
})

test('each service gets its own database and key, and what is said for it goes last', async () => {
  const running = await start({ env: { LOG_LEVEL: 'warn' }, envFor: { gateway: { LOG_LEVEL: 'debug' } } })
  const env = await environmentOfGateway(running)
  expect(env).toMatchObject({
    DATABASE_URL: 'postgres://nowhere/gateway',
    EVENTS_DATABASE_URL: 'postgres://nowhere/events',
    INVENTORY_ADDR: running.grpc.inventory,
    JWKS_URL: `${running.url}/.well-known/jwks.json`,
    HOLDFAST_ADMIN_EMAIL: running.credentials.admin.email,
    LOG_LEVEL: 'debug',
  })
  expect(Object.keys(JSON.parse(env.SERVICE_PUBLIC_KEYS ?? '{}') as object).sort()).toEqual([...allServiceNames].sort())
})

test('where events go is passed on: the brokers of our own environment, and how to speak to them', async () => {
  const given = { KAFKA_BROKERS: '127.0.0.1:9092', KAFKA_SSL_CA_FILE: '/etc/ca.pem' }
  Object.assign(process.env, given)
  try {
    expect(await environmentOfGateway(await start())).toMatchObject(given)
  } finally {
    for (const name of Object.keys(given)) delete process.env[name]
  }
})

test('the ports for metrics are five in a row, the gateway has the last', async () => {
  process.env['METRICS_PORT'] = '9464'
  try {
    expect(await environmentOfGateway(await start())).toMatchObject({ METRICS_PORT: '9468' })
  } finally {
    delete process.env['METRICS_PORT']
  }
})

test('an embedded PostgreSQL that crashes comes back on the same port', async () => {
  const running = await start({ databaseUrls: undefined })
  const url = running.databaseUrl('order')
  running.crashDatabase()
  await waitForLine(/^PostgreSQL serves again$/)
  expect(running.databaseUrl('order')).toBe(url)
})
