import { generateKeyPairSync, randomUUID } from 'node:crypto'

import { Actor_Role } from '@holdfast/contracts/common'
import { InventoryServiceService } from '@holdfast/contracts/inventory'
import { CreateReservationRequest, ReservationServiceService } from '@holdfast/contracts/reservation'
import { eventsMigrations } from '@holdfast/events'
import {
  type CallContext,
  createLog,
  createPeer,
  createServiceTokens,
  createUserTokens,
  type Database,
  type ErrorCode,
  HoldfastError,
  type Logger,
  openDatabase,
  type PeerClient,
  signUserToken,
  startGrpcServer,
  type UserRole,
} from '@holdfast/service'
import { createTestDatabase } from '@holdfast/testing'

import { reservationMigrations } from '../src/migrations'
import { createParts, type Parts } from '../src/parts'
import { reservationRpc } from '../src/rpc'
import { FakeInventory } from './fake-inventory'

export type Client = PeerClient<typeof ReservationServiceService>

export interface WorldOptions {
  orphanMinAgeMs?: number
  /** Seconds. */
  ttlMax?: number
  /** Entries on the waitlist. */
  mostPerUser?: number
}

/** Reservation service with a real database, over real gRPC; only inventory is not the real one. */
export interface World {
  database: Database
  inventory: FakeInventory
  parts: Parts
  log: Logger
  /** As the gateway calls, and as the order service does. */
  gateway: Client
  order: Client
  /** The times of `parts.expect`. */
  expected: Date[]
  user(id?: string, role?: UserRole): Caller
  /** Another replica on the same database. */
  replica(): Parts
  events(id: string): Promise<EventRow[]>
  /** No reservations, no events, no holds. */
  empty(): Promise<void>
  stop(): Promise<void>
}

export interface Caller {
  id: string
  /** A context for one call. */
  ctx(more?: Partial<CallContext>): CallContext
}

export interface EventRow {
  type: string
  topic: string
  key: string
  subject: string
  audit: boolean
  aggregate_version: bigint
  actor_id: string
  actor_role: string
  request_id: string
  data: { before?: Record<string, unknown>; after?: Record<string, unknown> }
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const log = createLog('test', 'silent')
  const stoppers: (() => Promise<void> | void)[] = []
  const tokens = serviceTokens(['gateway', 'order', 'reservation', 'inventory'])
  const userKey = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const users = createUserTokens({ find: async () => Promise.resolve(userKey.publicKey) })

  const testDatabase = await createTestDatabase({ migrations: [eventsMigrations, reservationMigrations] })
  stoppers.push(async () => testDatabase.drop())
  const database = await openDatabase({ url: testDatabase.url, name: 'test', log })
  stoppers.push(async () => database.close())
  const inventory = new FakeInventory()
  await inventory.start(tokens('inventory'), log)
  stoppers.push(async () => inventory.stop())

  const expected: Date[] = []
  const replica = (): Parts => {
    const peer = createPeer(InventoryServiceService, {
      address: `127.0.0.1:${inventory.port}`,
      peer: 'inventory',
      services: tokens('reservation'),
    })
    stoppers.push(() => peer.close())
    return createParts({
      database,
      inventory: peer,
      limits: { ttlDefault: 300, ttlMin: 1, ttlMax: options.ttlMax ?? 86_400, maxLines: 500 },
      orphanMinAgeMs: options.orphanMinAgeMs ?? 0,
      published: () => undefined,
      expect: (expiresAt) => expected.push(expiresAt),
      waitlist: { ttlSeconds: 600, mostPerUser: options.mostPerUser ?? 50 },
      wakeWaitlist: () => undefined,
      log,
    })
  }
  const parts = replica()
  const server = await startGrpcServer({
    name: 'reservation',
    host: '127.0.0.1',
    port: 0,
    definition: ReservationServiceService,
    handlers: reservationRpc(parts),
    users,
    services: tokens('reservation'),
    log,
  })
  stoppers.push(async () => server.stop())
  const clientOf = (caller: string): Client => {
    const address = `127.0.0.1:${server.port}`
    const client = createPeer(ReservationServiceService, { address, peer: 'reservation', services: tokens(caller) })
    stoppers.push(() => client.close())
    return client
  }

  return {
    database,
    inventory,
    parts,
    log,
    expected,
    gateway: clientOf('gateway'),
    order: clientOf('order'),
    replica,
    user: (id = randomUUID(), role = 'USER') => {
      const userToken = signUserToken({ id, role }, userKey.privateKey)
      return { id, ctx: (more = {}) => callContext(log, { actor: { id, role: Actor_Role[role] }, userToken, ...more }) }
    },
    events: async (id) => {
      const { rows } = await database.pool.query<EventRow>('select * from outbox where key = $1 order by place', [id])
      return rows
    },
    empty: async () => {
      await database.pool.query('truncate reservations, operations, sweep_claims, outbox, waitlist_lines, waitlist_entries')
      inventory.empty()
    },
    stop: async () => {
      for (const stopper of stoppers.reverse()) await stopper()
    },
  }
}

/** A call of a service by itself. */
export function callContext(log: Logger, more: Partial<CallContext> = {}): CallContext {
  return {
    requestId: randomUUID(),
    actor: { id: 'order', role: Actor_Role.SERVICE },
    userToken: undefined,
    caller: undefined,
    deadline: Date.now() + 20_000,
    idempotencyKey: undefined,
    traceparent: undefined,
    log,
    ...more,
  }
}

export function lines(...wanted: [sku: string, quantity: number][]): CreateReservationRequest['lines'] {
  return wanted.map(([sku, quantity]) => ({ sku, quantity, warehouse: '' }))
}

export function createRequest(more: Partial<CreateReservationRequest>): CreateReservationRequest {
  return { ...CreateReservationRequest.fromPartial({}), ...more }
}

/** The error that a call ends with; a call that succeeds fails the test. */
export async function errorOf(call: Promise<unknown>): Promise<HoldfastError> {
  try {
    await call
  } catch (error) {
    if (error instanceof HoldfastError) return error
    throw error
  }
  throw new Error('expected the call to fail')
}

export async function codeOf(call: Promise<unknown>): Promise<ErrorCode> {
  return (await errorOf(call)).code
}

function serviceTokens(names: string[]) {
  const pairs = new Map(
    names.map((name) => [
      name,
      generateKeyPairSync('ec', {
        namedCurve: 'prime256v1',
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      }),
    ]),
  )
  const publicKeys = Object.fromEntries([...pairs].map(([name, pair]) => [name, pair.publicKey]))
  return (name: string) => createServiceTokens(name, pairs.get(name)?.privateKey ?? '', publicKeys)
}
