/** The order service on a real database, one or more processes' worth of it, beside fake peers behind real gRPC. */
import { generateKeyPairSync, randomUUID } from 'node:crypto'

import { InventoryServiceService } from '@holdfast/contracts/inventory'
import { ListOrdersRequest, type Order, OrderServiceService } from '@holdfast/contracts/order'
import { ReservationServiceService } from '@holdfast/contracts/reservation'
import { eventsMigrations } from '@holdfast/events'
import {
  type CallContext,
  createLog,
  createPeer,
  createServiceTokens,
  createUserTokens,
  type Database,
  openDatabase,
  type PeerClient,
  type ServiceTokens,
  signUserToken,
  startGrpcServer,
  systemContext,
  type UserRole,
} from '@holdfast/service'
import { createTestDatabase } from '@holdfast/testing'

import type { Deps, PaymentLimits, Peers } from '../../src/deps'
import { orderMigrations } from '../../src/migrations'
import type { Payment, PaymentProvider } from '../../src/payment/provider'
import { createSimulatedProvider } from '../../src/payment/simulated'
import { orderRpc } from '../../src/rpc'
import { startRules } from '../../src/rules'
import { World } from './world'

export type Client = PeerClient<typeof OrderServiceService>
export type Point =
  `${'before' | 'after'} ${'protect' | 'authorize' | 'commitReservation' | 'capture' | 'void' | 'refund' | 'lookup'}`

export interface InstanceOptions {
  limits?: Partial<PaymentLimits>
  slowMs?: number
  lateMs?: number
  callbackMs?: number
  callbackLateMs?: number
  /** Called around each step outside: what it throws, or never answers, the service meets. */
  at?: (point: Point) => Promise<void> | void
  /** Instead of the simulated provider, or around it. */
  provider?: (simulated: PaymentProvider) => PaymentProvider
}

export interface Instance {
  client: Client
  deps: Deps
  /** Ends it as kill -9 would: nothing of it reaches the database any more. */
  crash(): Promise<void>
  stop(): Promise<void>
}

const log = createLog('test', process.env['TEST_LOG'] ?? 'silent')
const host = '127.0.0.1'
const userKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const users = createUserTokens({ find: async () => Promise.resolve(userKeys.publicKey) })

const names = ['order', 'inventory', 'reservation', 'gateway']
const serviceKeys = new Map(
  names.map((name) => [
    name,
    generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    }),
  ]),
)
const publicKeys = Object.fromEntries([...serviceKeys].map(([name, keys]) => [name, keys.publicKey]))
const tokensOf = (name: string): ServiceTokens => createServiceTokens(name, serviceKeys.get(name)?.privateKey ?? '', publicKeys)

/** A call by a user. @param timeoutMs how long the caller waits */
export function as(userId: string, role: UserRole = 'USER', timeoutMs = 10_000): CallContext {
  const userToken = signUserToken({ id: userId, role }, userKeys.privateKey)
  return { ...systemContext('test', log, timeoutMs), userToken, requestId: randomUUID() }
}

export interface System {
  world: World
  database: Database
  start(options?: InstanceOptions): Promise<Instance>
  /** Types of the events of an order, with who did it, in order. */
  events(orderId: string): Promise<string[]>
  /** State of the payments at the provider, and how many there are. */
  payments(): Promise<string[]>
  /** Stops its instances and forgets what they did: as new, and sooner. */
  clear(): Promise<void>
  stop(): Promise<void>
}

export async function startSystem(): Promise<System> {
  const world = new World()
  const test = await createTestDatabase({ migrations: [eventsMigrations, orderMigrations] })
  const database = await openDatabase({ url: test.url, name: 'test', log })
  const serve = { host, port: 0, users, log }
  const inventory = await startGrpcServer({
    ...serve,
    name: 'inventory',
    definition: InventoryServiceService,
    handlers: world.inventory,
    services: tokensOf('inventory'),
  })
  const reservation = await startGrpcServer({
    ...serve,
    name: 'reservation',
    definition: ReservationServiceService,
    handlers: world.reservations,
    services: tokensOf('reservation'),
  })
  const instances = new Set<Instance>()

  return {
    world,
    database,
    start: async (options = {}) => {
      const instance = await startInstance(test.url, { inventory: inventory.port, reservation: reservation.port }, options)
      instances.add(instance)
      return instance
    },
    events: async (orderId) => {
      const { rows } = await database.pool.query<{ event: string }>(
        `select replace(replace(type, 'holdfast.order.', ''), '.v1', '') || ' by ' || actor_id as event
         from outbox where subject = $1 order by place`,
        [orderId],
      )
      return rows.map(({ event }) => event)
    },
    payments: async () => {
      const { rows } = await database.pool.query<{ state: string }>('select state from simulated_payments order by settles_at')
      return rows.map(({ state }) => state)
    },
    clear: async () => {
      await Promise.all([...instances].map(async (instance) => instance.stop()))
      instances.clear()
      await database.pool.query('truncate orders, simulated_payments, simulated_callbacks, outbox cascade')
    },
    stop: async () => {
      await Promise.all([...instances].map(async (instance) => instance.stop()))
      await inventory.stop()
      await reservation.stop()
      await database.close()
      await test.drop()
    },
  }
}

/** Short, so that what has to lapse lapses soon; nothing waits for these times, only for what follows from them. */
const shortLimits: PaymentLimits = {
  limitMs: 2_000,
  callMs: 5_000,
  leaseMs: 5_000,
  recoveriesAtOnce: 200,
  giveUpMs: 4_000,
  graceMs: 20_000,
  callbackWaitMs: 10_000,
  // Longer than any test: what goes on goes on because of a callback.
  callbackLookMs: 60_000,
  callbackLimitMs: 60_000,
}

/** What the provider's callbacks are signed with. */
export const callbackSecrets = [1, 2].map((byte) => `whsec_${Buffer.alloc(24, byte).toString('base64')}`)

async function startInstance(
  url: string,
  ports: Record<'inventory' | 'reservation', number>,
  options: InstanceOptions,
): Promise<Instance> {
  const services = tokensOf('order')
  const database = await openDatabase({ url, name: 'order', log })
  const inventory = createPeer(InventoryServiceService, { address: `${host}:${ports.inventory}`, peer: 'inventory', services })
  const reservation = createPeer(ReservationServiceService, {
    address: `${host}:${ports.reservation}`,
    peer: 'reservation',
    services,
  })
  const simulated = createSimulatedProvider({
    database,
    slowMs: options.slowMs ?? 1_500,
    lateMs: options.lateMs ?? 2_500,
    callbackMs: options.callbackMs ?? 100,
    callbackLateMs: options.callbackLateMs ?? 2_500,
    secrets: callbackSecrets,
  })
  const at = options.at ?? (() => undefined)
  const rules = startRules(
    {
      database,
      log,
      wakeRelay: () => undefined,
      peers: watchPeers({ inventory, reservation }, at),
      provider: watchProvider(options.provider?.(simulated) ?? simulated, at),
      limits: { ...shortLimits, ...options.limits },
    },
    50,
  )
  const server = await startGrpcServer({
    name: 'order',
    host,
    port: 0,
    definition: OrderServiceService,
    handlers: orderRpc(rules.deps),
    users,
    services,
    log,
  })
  const client = createPeer(OrderServiceService, {
    address: `${host}:${server.port}`,
    peer: 'order',
    services: tokensOf('gateway'),
  })
  let closed: Promise<void> | undefined
  const close = async () => (closed ??= database.close())
  let stopped: Promise<void> | undefined
  const stop = async () => {
    client.close()
    // What hangs in a crashed one would be waited for; it can do nothing any more.
    if (closed === undefined) await rules.stop()
    else void rules.stop()
    await server.stop()
    inventory.close()
    reservation.close()
    await close()
  }
  return { client, deps: rules.deps, crash: close, stop: async () => (stopped ??= stop()) }
}

type Watch = (point: Point) => Promise<void> | void

function watched<Args extends unknown[], Result>(
  name: 'protect' | 'authorize' | 'commitReservation' | 'capture' | 'void' | 'refund' | 'lookup',
  call: (...args: Args) => Promise<Result>,
  at: Watch,
): (...args: Args) => Promise<Result> {
  return async (...args) => {
    await at(`before ${name}`)
    const result = await call(...args)
    await at(`after ${name}`)
    return result
  }
}

function watchPeers({ inventory, reservation }: Peers, at: Watch): Peers {
  return {
    inventory: { ...inventory, protect: watched('protect', inventory.protect, at) },
    reservation: { ...reservation, commitReservation: watched('commitReservation', reservation.commitReservation, at) },
  }
}

function watchProvider(provider: PaymentProvider, at: Watch): PaymentProvider {
  return {
    name: provider.name,
    readCallback: provider.readCallback,
    authorize: watched('authorize', async (payment: Payment, signal: AbortSignal) => provider.authorize(payment, signal), at),
    capture: watched('capture', async (id: string) => provider.capture(id), at),
    void: watched('void', async (id: string) => provider.void(id), at),
    refund: watched('refund', async (id: string) => provider.refund(id), at),
    lookup: watched('lookup', async (id: string) => provider.lookup(id), at),
  }
}

/** The code of the error that a call ends with. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'OK'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

export function orderOf(response: { order: Order | undefined }): Order {
  if (response.order === undefined) throw new Error('the answer has no order')
  return response.order
}

/** The first page of everything. */
export const listAll = ListOrdersRequest.fromPartial({ pageSize: 200 })
