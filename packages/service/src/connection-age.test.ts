/** Replicas that come and go behind one name, found by callers that go on calling. */
import { generateKeyPairSync } from 'node:crypto'
import dns from 'node:dns'
import { setTimeout as sleep } from 'node:timers/promises'

import { AuthServiceService, LoginResponse } from '@holdfast/contracts/auth'
import { InventoryServiceService, type WatchAvailabilityResponse } from '@holdfast/contracts/inventory'

import { systemContext } from './context'
import { createPeer } from './grpc-client'
import { type GrpcServer, type GrpcServerOptions, type Handlers, startGrpcServer } from './grpc-server'
import { createLog } from './log'
import { createServiceTokens, createUserTokens } from './tokens'

const { privateKey, publicKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const tokensOf = (service: string) => createServiceTokens(service, privateKey, { order: publicKey })
const log = createLog('test', 'silent')
/** Two addresses of this machine; macOS has no more of the first kind. */
const addresses = ['127.0.0.1', process.platform === 'darwin' ? '::1' : '127.0.0.2'] as const

const toStop: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop()
  jest.restoreAllMocks()
})

async function serve<Definition extends object>(
  address: string,
  port: number,
  definition: Definition,
  handlers: Partial<Handlers<Definition>>,
  more: Partial<GrpcServerOptions<Definition>> = {},
): Promise<GrpcServer> {
  const server = await startGrpcServer({
    name: 'served',
    host: address.includes(':') ? `[${address}]` : address,
    port,
    definition,
    handlers: handlers as Handlers<Definition>,
    users: createUserTokens({ find: async () => Promise.resolve(undefined) }),
    services: tokensOf('served'),
    log,
    ...more,
  })
  toStop.push(async () => server.stop())
  return server
}

const context = () => systemContext('order', log, 20_000)

test('a replica that is added gets its share of calls from callers that go on, and none of these fails', async () => {
  const known: string[] = [addresses[0]]
  const lookup = jest.spyOn(dns.promises, 'lookup') as unknown as jest.SpyInstance
  lookup.mockImplementation(async () => Promise.resolve(known.map((address) => ({ address, family: 4 }))))

  const answered = { first: 0, second: 0 }
  const login = (replica: 'first' | 'second') => async (): Promise<LoginResponse> => {
    // Some calls are always under way where a connection ends.
    await sleep(5)
    answered[replica]++
    return LoginResponse.decode(new Uint8Array())
  }
  const aged = { connectionAgeMs: 1_000 }
  const { port } = await serve(addresses[0], 0, AuthServiceService, { login: login('first') }, aged)
  const peer = createPeer(AuthServiceService, {
    address: `dns:///replicas.test:${port}`,
    peer: 'served',
    services: tokensOf('order'),
  })
  toStop.push(() => peer.close())

  const over = new AbortController()
  toStop.push(() => over.abort())
  const callers = Array.from({ length: 8 }, async () => {
    while (!over.signal.aborted) await peer.login({ email: '', password: '' }, context())
  })
  // Throws with the first call that fails.
  const called = Promise.all(callers)
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!over.signal.aborted && !isSo()) await Promise.race([sleep(20), called])
  }
  await until(() => answered.first > 100)
  await serve(addresses[1], port, AuthServiceService, { login: login('second') }, aged)
  known.push(addresses[1])
  await until(() => answered.second > 100)
  // Both go on: the first has lost nothing but its share.
  const { first } = answered
  await until(() => answered.first > first + 100)
  over.abort()
  await called
})

test('a stream outlives the connection age', async () => {
  const streamed = async function* (): AsyncGenerator<WatchAvailabilityResponse> {
    for (let n = 1; n <= 10; n++) {
      await sleep(100)
      yield { availability: [], resumeToken: String(n) }
    }
  }
  const watchAvailability = async () => Promise.resolve(streamed())
  const { port } = await serve('127.0.0.1', 0, InventoryServiceService, { watchAvailability }, { connectionAgeMs: 100 })
  const peer = createPeer(InventoryServiceService, { address: `127.0.0.1:${port}`, peer: 'served', services: tokensOf('order') })
  toStop.push(() => peer.close())
  const tokens: string[] = []
  for await (const { resumeToken } of peer.watchAvailability({ skus: ['A'], resumeToken: '', channel: '' }, context()))
    tokens.push(resumeToken)
  expect(tokens.at(-1)).toBe('10')
})
