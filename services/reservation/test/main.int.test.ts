import { type ChildProcess, fork } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'

import { createTestDatabase, type TestDatabase } from '@holdfast/testing'

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

test('a wrong setting is named, and nothing starts', async () => {
  const { child, errors } = start({ MAX_LINES: '1000', INVENTORY_ADDR: '' })
  expect(await once(child, 'exit')).toEqual([1, null])
  expect(errors()).toContain('MAX_LINES: must be from 1 to 500')
  expect(errors()).toContain('INVENTORY_ADDR: is needed')
})
