import { generateKeyPairSync } from 'node:crypto'

import { AuthServiceService } from '@holdfast/contracts/auth'
import { InventoryServiceService } from '@holdfast/contracts/inventory'
import { ReservationServiceService } from '@holdfast/contracts/reservation'
import {
  createLog,
  createPeer,
  createServiceTokens,
  createUserTokens,
  type GrpcServer,
  type Handlers,
  HoldfastError,
  jwksKeys,
  type KeySource,
  type PeerClient,
  startGrpcServer,
  type Stopper,
} from '@holdfast/service'
import { createTestDatabase, noLimits } from '@holdfast/testing'
import { Pool } from 'pg'

import { readGatewayConfig } from '../src/config'
import { startGateway } from '../src/main'
import { gatewayMigrations } from '../src/migrations'

export interface Fakes {
  inventory?: Partial<Handlers<typeof InventoryServiceService>>
  reservation?: Partial<Handlers<typeof ReservationServiceService>>
  /** Environment on top of the fixture's. */
  env?: Record<string, string>
}

export interface Answer {
  status: number
  headers: Headers
  /** The JSON body; undefined when there is none. */
  body: Record<string, unknown> | undefined
}

export interface Fixture {
  url: string
  httpPort: number
  /** Its settings, for a second gateway on the same databases. */
  env: Record<string, string> & { DATABASE_URL: string; EVENTS_DATABASE_URL: string }
  db: Pool
  /** The gateway's own AuthService, asked without the HTTP side. */
  auth: PeerClient<typeof AuthServiceService>
  privatePem: string
  call(
    target: string,
    options?: { body?: unknown; raw?: string | Buffer; token?: string; headers?: Record<string, string> },
  ): Promise<Answer>
  /** Registers a new user. */
  register(): Promise<Tokens>
  /** Stops the gateway, and nothing else. */
  stopGateway(): Promise<void>
  close(): Promise<void>
}

export interface Tokens {
  email: string
  password: string
  id: string
  accessToken: string
  refreshToken: string
}

interface Pair {
  privatePem: string
  publicPem: string
}

export function newPair(): Pair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

/** A whole gateway over real databases, with services behind it whose answers the test gives. */
export async function startFixture(fakes: Fakes = {}): Promise<Fixture> {
  const pairs = { gateway: newPair(), inventory: newPair(), reservation: newPair(), order: newPair() }
  const publicKeys = Object.fromEntries(Object.entries(pairs).map(([name, pair]) => [name, pair.publicPem]))
  const userKeys = newPair()
  const [database, eventLog] = await Promise.all([createTestDatabase({ migrations: gatewayMigrations }), createTestDatabase()])

  // The services behind read the keys of users from the gateway, whose address is only known later.
  let jwksUrl = ''
  const keys: KeySource = { find: async (kid, algorithm) => jwksKeys(jwksUrl).find(kid, algorithm) }
  const inventory = await startFake('inventory', InventoryServiceService, fakes.inventory, pairs.inventory, publicKeys, keys)
  const reservation = await startFake(
    'reservation',
    ReservationServiceService,
    fakes.reservation,
    pairs.reservation,
    publicKeys,
    keys,
  )

  const env = {
    LOG_LEVEL: 'silent',
    GRPC_PORT: '0',
    HOLDFAST_PORT: '0',
    DATABASE_URL: database.url,
    EVENTS_DATABASE_URL: eventLog.url,
    SERVICE_PRIVATE_KEY: pairs.gateway.privatePem,
    SERVICE_PUBLIC_KEYS: JSON.stringify(publicKeys),
    JWT_PRIVATE_KEY: userKeys.privatePem,
    INVENTORY_ADDR: `127.0.0.1:${inventory.port}`,
    RESERVATION_ADDR: `127.0.0.1:${reservation.port}`,
    ORDER_ADDR: '127.0.0.1:1',
    AUDIT_ADDR: '127.0.0.1:1',
    ...noLimits,
    ...fakes.env,
  }
  const gateway = await runGateway(env)
  const url = `http://127.0.0.1:${gateway.httpPort}`
  jwksUrl = `${url}/.well-known/jwks.json`
  const db = new Pool({ connectionString: database.url })
  // A session may be ended with its database, a moment before the pool has closed it; whose test runs then is none of its business.
  db.on('error', () => undefined)
  const auth = createPeer(AuthServiceService, {
    address: `127.0.0.1:${gateway.grpcPort}`,
    peer: 'gateway',
    services: createServiceTokens('order', pairs.order.privatePem, publicKeys),
  })

  const call: Fixture['call'] = async (target, options = {}) => callHttp(url, target, options)
  return {
    url,
    httpPort: gateway.httpPort,
    env,
    db,
    auth,
    privatePem: userKeys.privatePem,
    call,
    register: async () => registerUser(call),
    stopGateway: gateway.stop,
    close: async () => {
      auth.close()
      await gateway.stop()
      await Promise.all([inventory.stop(), reservation.stop(), db.end()])
      await Promise.all([database.drop(), eventLog.drop()])
    },
  }
}

export async function runGateway(
  env: Record<string, string>,
): Promise<{ httpPort: number; grpcPort: number; stop: () => Promise<void> }> {
  const stoppers: Stopper[] = []
  const stop = async (): Promise<void> => {
    for (const stopper of stoppers.splice(0).reverse()) await stopper()
  }
  try {
    return { ...(await startGateway(readGatewayConfig(env), (stopper) => stoppers.push(stopper))), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startFake<Definition extends object>(
  name: string,
  definition: Definition,
  given: Partial<Handlers<Definition>> | undefined,
  pair: Pair,
  publicKeys: Record<string, string>,
  keys: KeySource,
): Promise<GrpcServer> {
  const refuse = async (): Promise<never> => Promise.reject(new HoldfastError('UNIMPLEMENTED', 'The test gave no answer'))
  const handlers = {
    ...Object.fromEntries(Object.keys(definition).map((method) => [method, refuse])),
    ...given,
  } as Handlers<Definition>
  return startGrpcServer({
    name,
    host: '127.0.0.1',
    port: 0,
    definition,
    handlers,
    users: createUserTokens(keys),
    services: createServiceTokens(name, pair.privatePem, publicKeys),
    log: createLog(name, 'silent'),
  })
}

async function callHttp(url: string, target: string, options: NonNullable<Parameters<Fixture['call']>[1]>): Promise<Answer> {
  const [method = 'GET', path = '/'] = target.split(' ')
  const content = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body))
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(content !== undefined && { 'content-type': 'application/json' }),
      ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
      ...options.headers,
    },
    ...(content !== undefined && { body: typeof content === 'string' ? content : new Uint8Array(content) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>),
  }
}

let users = 0

async function registerUser(call: Fixture['call']): Promise<Tokens> {
  const email = `user${++users}@example.com`
  const password = `a password of its own, ${users}`
  const { status, body } = await call('POST /v1/auth/register', { body: { email, password } })
  if (status !== 201 || body === undefined) throw new Error(`register answered ${status}: ${JSON.stringify(body)}`)
  const { id } = body['user'] as { id: string }
  return { email, password, id, accessToken: String(body['accessToken']), refreshToken: String(body['refreshToken']) }
}
