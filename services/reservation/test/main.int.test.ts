import { type ChildProcess, fork } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'

import { createLog, openDatabase } from '@holdfast/service'
import { createTestDatabase, freePort, type TestDatabase, waitFor } from '@holdfast/testing'

const main = join(__dirname, '..', 'dist', 'src', 'main.js')
const { privateKey, publicKey } = generateKeyPairSync('ec', {
  namedCurve: 'prime256v1',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})

let own: TestDatabase
let log: TestDatabase
beforeAll(async () => {
  own = await createTestDatabase()
  log = await createTestDatabase()
})
afterAll(async () => {
  await own.drop()
  await log.drop()
})

function start(more: NodeJS.ProcessEnv = {}): { child: ChildProcess; errors: () => string } {
  const env = {
    LOG_LEVEL: 'silent',
    GRPC_PORT: '0',
    DATABASE_URL: own.url,
    EVENTS_DATABASE_URL: log.url,
    SERVICE_PRIVATE_KEY: privateKey,
    SERVICE_PUBLIC_KEYS: JSON.stringify({ reservation: publicKey }),
    JWKS_URL: 'http://127.0.0.1:1/.well-known/jwks.json',
    INVENTORY_ADDR: '127.0.0.1:1',
    ...more,
  }
  const child = fork(main, { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  let errors = ''
  child.stderr?.on('data', (text: Buffer) => (errors += text.toString()))
  return { child, errors: () => errors }
}

test('two processes start at once on an empty database, with their peers away, and stop when told', async () => {
  const started = [start(), start({ SWEEPER: 'off' })]
  for (const { child } of started) {
    const [message] = (await once(child, 'message')) as [unknown]
    expect(message).toMatchObject({ type: 'ready', grpcPort: expect.any(Number) as number })
  }
  for (const { child, errors } of started) {
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    expect([await gone, errors()]).toEqual([[0, null], ''])
  }
})

test('while another migrates, a process that starts is alive and not ready', async () => {
  const database = await openDatabase({ url: own.url, name: 'test', log: createLog('test', 'silent') })
  const migrating = await database.pool.connect()
  // The lock of packages/service/src/migrate.ts.
  await migrating.query('select pg_advisory_lock(7305811)')
  const port = await freePort()
  const { child } = start({ METRICS_PORT: String(port) })
  try {
    const ask = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
    const waits = `select from pg_locks l join pg_database d on d.oid = l.database
      where d.datname = current_database() and l.locktype = 'advisory' and not l.granted`
    await waitFor(async () => (await database.pool.query(waits)).rowCount === 1, { what: 'the start to wait for the lock' })
    expect([await ask('/healthz'), await ask('/readyz')]).toEqual([200, 503])
    const ready = once(child, 'message')
    await migrating.query('select pg_advisory_unlock(7305811)')
    expect(await ready).toEqual([expect.objectContaining({ type: 'ready' }), undefined])
    expect(await ask('/readyz')).toBe(200)
  } finally {
    migrating.release(true)
    await database.close()
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    await gone
  }
})

test('a wrong setting is named, and nothing starts', async () => {
  const { child, errors } = start({ MAX_LINES: '1000', INVENTORY_ADDR: '' })
  expect(await once(child, 'exit')).toEqual([1, null])
  expect(errors()).toContain('MAX_LINES: must be from 1 to 500')
  expect(errors()).toContain('INVENTORY_ADDR: is needed')
})
