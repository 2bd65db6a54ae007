import { fork } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'

import { createTestDatabase } from '@holdfast/testing'

const keys = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})

const main = join(__dirname, '..', 'dist', 'src', 'main.js')

test('the process starts on an empty database, says where it listens, and leaves when asked', async () => {
  const [database, events] = [await createTestDatabase(), await createTestDatabase()]
  const env = {
    PATH: process.env['PATH'],
    LOG_LEVEL: 'silent',
    GRPC_PORT: '0',
    METRICS_PORT: '0',
    DATABASE_URL: database.url,
    EVENTS_DATABASE_URL: events.url,
    SERVICE_PRIVATE_KEY: keys.privateKey,
    SERVICE_PUBLIC_KEYS: JSON.stringify({ order: keys.publicKey }),
    JWKS_URL: 'http://127.0.0.1:9/jwks.json',
    INVENTORY_ADDR: '127.0.0.1:9',
    RESERVATION_ADDR: '127.0.0.1:9',
  }
  const child = fork(main, { env })
  const [ready] = (await once(child, 'message')) as [{ metricsPort: number }]
  expect(ready).toMatchObject({ type: 'ready', grpcPort: expect.any(Number) as number })
  expect((await fetch(`http://127.0.0.1:${ready.metricsPort}/healthz`)).status).toBe(200)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
  await database.drop()
  await events.drop()
})

test('a wrong value stops the start and is named', async () => {
  const child = fork(main, { env: { PATH: process.env['PATH'], PAYMENT_LIMIT_MS: 'soon', METRICS_PORT: '70000' }, silent: true })
  let told = ''
  child.stderr?.on('data', (chunk: Buffer) => (told += chunk.toString()))
  expect(await once(child, 'exit')).toEqual([1, null])
  expect(told).toContain('PAYMENT_LIMIT_MS: must be a whole number')
  expect(told).toContain('METRICS_PORT: must be from 0 to 65535')
  expect(told).toContain('RESERVATION_ADDR: is needed')
})
