/** A gateway that is told to stop: it says so, and serves for a while yet. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { join } from 'node:path'

import { createTestDatabase, type TestDatabase, waitFor } from '@holdfast/testing'

import { newPair } from './support'

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

const agent = new Agent({ keepAlive: true, maxSockets: 1 })
afterAll(() => agent.destroy())

/** @returns the status, and whether the connection is kept; undefined where nobody answers */
async function ask(url: string): Promise<{ status: number; kept: boolean } | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent }, (response) => {
      response.resume().on('end', () => {
        resolve({ status: response.statusCode ?? 0, kept: response.headers.connection !== 'close' })
      })
    })
    request.on('error', () => resolve(undefined))
  })
}

test('balancers hear of it first, requests are answered all the same and their connections ended, and then it goes in order', async () => {
  const { privatePem, publicPem } = newPair()
  const env = {
    LOG_LEVEL: 'silent',
    HOLDFAST_PORT: '0',
    GRPC_PORT: '0',
    DATABASE_URL: own.url,
    EVENTS_DATABASE_URL: log.url,
    JWT_PRIVATE_KEY: privatePem,
    SERVICE_PRIVATE_KEY: privatePem,
    SERVICE_PUBLIC_KEYS: JSON.stringify({ gateway: publicPem }),
    ...Object.fromEntries(['INVENTORY', 'RESERVATION', 'ORDER', 'AUDIT'].map((name) => [`${name}_ADDR`, '127.0.0.1:1'])),
    STOP_DELAY_MS: '60000',
  }
  const child = fork(join(__dirname, '..', 'dist', 'src', 'main.js'), { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const exit = once(child, 'exit')
  const [{ httpPort }] = (await Promise.race([once(child, 'message'), exit])) as [{ httpPort: number }]
  const url = `http://127.0.0.1:${httpPort}`
  // Peers that are away take no gateway out of service.
  expect(await ask(`${url}/readyz/self`)).toEqual({ status: 200, kept: true })
  expect(await ask(`${url}/readyz`)).toEqual({ status: 503, kept: true })

  child.kill('SIGTERM')
  await waitFor(async () => (await ask(`${url}/readyz/self`))?.status === 503, { what: 'it to say so', timeoutMs: 30_000 })
  expect(await ask(`${url}/.well-known/jwks.json`)).toEqual({ status: 200, kept: false })

  // Told again, it waits for nobody.
  child.kill('SIGTERM')
  expect(await exit).toEqual([0, null])
  expect(await ask(`${url}/readyz/self`)).toBeUndefined()
}, 120_000)
