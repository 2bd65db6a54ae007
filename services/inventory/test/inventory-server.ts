/** The inventory service on a database of its own, reached over gRPC as its callers reach it. */
import { InventoryServiceService } from '@holdfast/contracts/inventory'
import { eventsMigrations } from '@holdfast/events'
import {
  type CallContext,
  createLog,
  createPeer,
  createServiceTokens,
  createUserTokens,
  type Database,
  keyId,
  openDatabase,
  type PeerClient,
  signUserToken,
  startGrpcServer,
  systemContext,
} from '@holdfast/service'
import { createTestDatabase } from '@holdfast/testing'
import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { join } from 'node:path'

import type { Limits } from '../src/claims'
import type { Peers } from '../src/books/entries'
import { createInventory } from '../src/inventory'
import { inventoryRpc } from '../src/rpc'

export type InventoryPeer = PeerClient<typeof InventoryServiceService>

export interface TestInventory {
  database: Database
  /** As the reservation service, the order service, and somebody else with a token. */
  reservation: InventoryPeer
  order: InventoryPeer
  gateway: InventoryPeer
  /** A context of an admin, with a token. */
  admin: () => CallContext
  user: () => CallContext
  service: () => CallContext
  stop(): Promise<void>
}

const log = createLog('test', 'silent')
const pemPair = (): { privateKey: string; publicKey: string } => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

/** @param replicas how many servers share the database @param peers undefined: only the service's own books are checked */
export async function startInventory(
  replicas = 1,
  peers?: Peers,
  limits: Limits = { units: 0, holds: 0 },
): Promise<TestInventory> {
  const testDatabase = await createTestDatabase({ migrations: [eventsMigrations, join(__dirname, '..', 'migrations')] })
  const names = ['inventory', 'reservation', 'order', 'gateway']
  const keys = Object.fromEntries(names.map((name) => [name, pemPair()]))
  const publicKeys = Object.fromEntries(names.map((name) => [name, keys[name]?.publicKey ?? '']))
  const tokensOf = (name: string) => createServiceTokens(name, keys[name]?.privateKey ?? '', publicKeys)
  const userKey: KeyObject = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const publicKey = createPublicKey(userKey)
  const users = createUserTokens({ find: async (kid) => Promise.resolve(kid === keyId(publicKey) ? publicKey : undefined) })

  const parts = await Promise.all(
    Array.from({ length: replicas }, async () => {
      const database = await openDatabase({ url: testDatabase.url, name: 'inventory', log })
      const inventory = createInventory({
        database,
        graceMaxMs: 60_000,
        limits,
        maxHoldQueue: 20_000,
        maxWatchers: 100,
        maxWatchedSkus: 100,
        log,
        published: () => undefined,
        mayFill: () => undefined,
      })
      const server = await startGrpcServer({
        name: 'inventory',
        host: '127.0.0.1',
        port: 0,
        definition: InventoryServiceService,
        handlers: inventoryRpc(inventory, { database, peers, graceMs: 1_000, published: () => undefined }),
        users,
        services: tokensOf('inventory'),
        log,
      })
      return { database, server }
    }),
  )
  // gRPC itself spreads the calls over the replicas.
  const address = `ipv4:${parts.map(({ server }) => `127.0.0.1:${server.port}`).join(',')}`
  const peer = (name: string) => createPeer(InventoryServiceService, { address, peer: 'inventory', services: tokensOf(name) })
  const [reservation, order, gateway] = [peer('reservation'), peer('order'), peer('gateway')]
  const context = (role: 'USER' | 'ADMIN' | undefined): CallContext => ({
    ...systemContext('test', log, 30_000),
    userToken: role && signUserToken({ id: randomUUID(), role }, userKey),
  })
  const first = parts[0]
  if (first === undefined) throw new Error('no replica')
  return {
    database: first.database,
    reservation,
    order,
    gateway,
    admin: () => context('ADMIN'),
    user: () => context('USER'),
    service: () => context(undefined),
    stop: async () => {
      reservation.close()
      order.close()
      gateway.close()
      await Promise.all(parts.map(async ({ server, database }) => server.stop().then(async () => database.close())))
      await testDatabase.drop()
    },
  }
}
