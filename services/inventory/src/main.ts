import { InventoryServiceService } from '@holdfast/contracts/inventory'
import { eventsMigrations, openTransport, startRelay } from '@holdfast/events'
import {
  createServiceTokens,
  createUserTokens,
  jwksKeys,
  migrate,
  openDatabase,
  openExternalIssuer,
  openPeerTls,
  readAtScrape,
  runService,
  startGrpcServer,
  startTelemetry,
} from '@holdfast/service'
import { join } from 'node:path'

import { startHoldArchiver } from './archive'
import { openPeers } from './books/open-peers'
import { readInventoryConfig } from './config'
import { startFills } from './fills'
import { createInventory } from './inventory'
import { readScarcest } from './metrics'
import { inventoryRpc } from './rpc'

const name = 'inventory'

void runService(name, async (onStop) => {
  const config = readInventoryConfig()
  const { log, metricsPort } = await startTelemetry(name, config, onStop)
  const tls = openPeerTls(name, config, log)
  onStop(async () => tls.close())

  const database = await openDatabase({ url: config.DATABASE_URL, name, log, maxConnections: 30 })
  onStop(async () => database.close())
  await migrate(database, [eventsMigrations, join(__dirname, '..', '..', 'migrations')], log)
  const transport = await openTransport(config, { service: name, log })
  onStop(async () => transport.close())
  const relay = startRelay({ database, transport, service: name, log })
  onStop(async () => relay.stop())

  const fills = startFills({ database, published: () => relay.wake(), log })
  onStop(async () => fills.stop())
  const inventory = createInventory({
    database,
    graceMaxMs: config.PAYMENT_GRACE_MAX_MS,
    limits: { units: config.LIMIT_UNITS_PER_SHOPPER, holds: config.LIMIT_HOLDS_PER_SHOPPER },
    maxHoldQueue: config.HOLD_QUEUE_MAX,
    maxWatchers: config.WATCHERS_MAX,
    maxWatchedSkus: config.WATCHED_SKUS_MAX,
    log,
    published: () => relay.wake(),
    mayFill: () => fills.mayFill(),
  })
  onStop(readAtScrape('inventory_available', async () => readScarcest(database.pool, config.METRICS_SKUS)))
  const services = createServiceTokens(name, config.SERVICE_PRIVATE_KEY, config.SERVICE_PUBLIC_KEYS)
  const peers = openPeers(config, { services, tls, log })
  onStop(() => peers?.close())
  const books = { database, peers, graceMs: config.CONSISTENCY_GRACE_MS, published: () => relay.wake() }
  if (config.ARCHIVE_AFTER_HOURS > 0) {
    const archiver = startHoldArchiver(database, config.ARCHIVE_AFTER_HOURS, log)
    onStop(async () => archiver.stop())
  }
  const server = await startGrpcServer({
    name,
    host: config.GRPC_HOST,
    port: config.GRPC_PORT,
    connectionAgeMs: config.GRPC_CONNECTION_AGE_MAX_MS,
    definition: InventoryServiceService,
    handlers: inventoryRpc(inventory, books),
    users: createUserTokens(jwksKeys(config.JWKS_URL, { ca: tls.ca, log }), openExternalIssuer(config, log)),
    services,
    log,
    tls,
  })
  onStop(async () => server.stop())
  log.info({ port: server.port }, 'serving')
  return { grpcPort: server.port, metricsPort }
})
