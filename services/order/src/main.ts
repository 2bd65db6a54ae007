import { InventoryServiceService } from '@holdfast/contracts/inventory'
import { OrderServiceService } from '@holdfast/contracts/order'
import { ReservationServiceService } from '@holdfast/contracts/reservation'
import { eventsMigrations, openTransport, startRelay } from '@holdfast/events'
import {
  createPeer,
  createServiceTokens,
  createUserTokens,
  jwksKeys,
  limitDirectReserves,
  migrate,
  openDatabase,
  openExternalIssuer,
  openPeerTls,
  openRateLimits,
  readAtScrape,
  reserveLimitName,
  runService,
  startGrpcServer,
  startTelemetry,
} from '@holdfast/service'

import { startKeyCleaner } from './archive'
import { paymentLimits, readOrderConfig } from './config'
import { serviceName as name } from './deps'
import { startOrderConsumer } from './events'
import { readUnfinished } from './metrics'
import { orderMigrations } from './migrations'
import { createSimulatedProvider } from './payment/simulated'
import { startSimulatedCallbacks } from './payment/simulated-callbacks'
import { orderRpc } from './rpc'
import { startRules } from './rules'

/** After the limit, when nobody waits any more, the simulated provider decides what it is late with, in ms. */
const lateMs = 2_000

void runService(name, async (onStop) => {
  const config = readOrderConfig()
  const { log, metricsPort } = await startTelemetry(name, config, onStop)
  const tls = openPeerTls(name, config, log)
  onStop(async () => tls.close())

  const database = await openDatabase({ url: config.DATABASE_URL, name, log })
  onStop(async () => database.close())
  await migrate(database, [eventsMigrations, orderMigrations], log)
  const transport = await openTransport(config, { service: name, log })
  onStop(async () => transport.close())
  const relay = startRelay({ database, transport, service: name, log })
  onStop(async () => relay.stop())

  const services = createServiceTokens(name, config.SERVICE_PRIVATE_KEY, config.SERVICE_PUBLIC_KEYS)
  const by = { services, tls, log }
  const inventory = createPeer(InventoryServiceService, { address: config.INVENTORY_ADDR, peer: 'inventory', ...by })
  onStop(() => inventory.close())
  const reservation = createPeer(ReservationServiceService, { address: config.RESERVATION_ADDR, peer: 'reservation', ...by })
  onStop(() => reservation.close())
  const provider = createSimulatedProvider({
    database,
    slowMs: config.SIMULATED_SLOW_MS,
    lateMs: config.PAYMENT_LIMIT_MS + lateMs,
    callbackMs: config.SIMULATED_CALLBACK_MS,
    callbackLateMs: config.PAYMENT_CALLBACK_LIMIT_MS + lateMs,
    secrets: config.PAYMENT_CALLBACK_SECRETS,
  })
  if (config.SIMULATED_CALLBACK_URL !== undefined && config.PAYMENT_CALLBACK_SECRETS.length > 0) {
    const [url, secrets] = [config.SIMULATED_CALLBACK_URL, config.PAYMENT_CALLBACK_SECRETS]
    const callbacks = startSimulatedCallbacks({ url, secrets, pool: database.pool, provider, log })
    onStop(async () => callbacks.stop())
  }

  const rules = startRules({
    database,
    provider,
    log,
    peers: { inventory, reservation },
    limits: paymentLimits(config),
    wakeRelay: () => relay.wake(),
  })
  onStop(async () => rules.stop())
  onStop(readAtScrape('unfinished_payments', async () => readUnfinished(database.pool)))
  const consumer = await startOrderConsumer(rules.deps, transport)
  onStop(async () => consumer.close())

  if (config.ARCHIVE_AFTER_HOURS > 0) {
    const cleaner = startKeyCleaner(database, config.ARCHIVE_AFTER_HOURS, log)
    onStop(async () => cleaner.stop())
  }

  const limits = await openRateLimits(config, log)
  onStop(() => limits.close())
  const server = await startGrpcServer({
    name,
    host: config.GRPC_HOST,
    port: config.GRPC_PORT,
    connectionAgeMs: config.GRPC_CONNECTION_AGE_MAX_MS,
    definition: OrderServiceService,
    handlers: orderRpc(rules.deps),
    users: createUserTokens(jwksKeys(config.JWKS_URL, { ca: tls.ca, log }), openExternalIssuer(config, log)),
    services,
    log,
    tls,
    limit: limitDirectReserves(limits.limit(reserveLimitName, config.RATE_LIMIT_RESERVE_PER_USER)),
  })
  onStop(async () => server.stop())
  return { grpcPort: server.port, metricsPort }
})
