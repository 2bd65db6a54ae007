import { InventoryServiceService } from '@holdfast/contracts/inventory'
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

import { startReservationArchiver } from './archive'
import { readReservationConfig } from './config'
import { startFillsConsumer } from './fills'
import { readActive } from './metrics'
import { reservationMigrations } from './migrations'
import { createParts, serviceName as name } from './parts'
import { reservationRpc } from './rpc'
import { startSweeper, type Sweeper } from './sweeper'
import { readWaitlist } from './waitlist/metrics'
import { startEntryCleaner, startStockConsumer, startWaitlist, type WaitlistWorker } from './waitlist/worker'

void runService(name, async (onStop) => {
  const config = readReservationConfig()
  const { log, metricsPort } = await startTelemetry(name, config, onStop)
  const tls = openPeerTls(name, config, log)
  onStop(async () => tls.close())

  const database = await openDatabase({ url: config.DATABASE_URL, name, log })
  onStop(async () => database.close())
  await migrate(database, [eventsMigrations, reservationMigrations], log)
  const transport = await openTransport(config, { service: name, log })
  onStop(async () => transport.close())
  const relay = startRelay({ database, transport, service: name, log })
  onStop(async () => relay.stop())

  const users = createUserTokens(jwksKeys(config.JWKS_URL, { ca: tls.ca, log }), openExternalIssuer(config, log))
  const services = createServiceTokens(name, config.SERVICE_PRIVATE_KEY, config.SERVICE_PUBLIC_KEYS)
  const inventory = createPeer(InventoryServiceService, { address: config.INVENTORY_ADDR, peer: 'inventory', services, tls, log })
  onStop(() => inventory.close())

  let sweeper: Sweeper | undefined
  let waitlist: WaitlistWorker | undefined
  const parts = createParts({
    database,
    inventory,
    limits: {
      ttlDefault: config.RESERVATION_TTL_DEFAULT,
      ttlMin: config.RESERVATION_TTL_MIN,
      ttlMax: config.RESERVATION_TTL_MAX,
      maxLines: config.MAX_LINES,
    },
    orphanMinAgeMs: config.ORPHAN_MIN_AGE_MS,
    published: () => relay.wake(),
    expect: (expiresAt) => sweeper?.expect(expiresAt),
    waitlist: {
      ttlSeconds: Math.min(config.WAITLIST_TTL, config.RESERVATION_TTL_MAX),
      mostPerUser: config.WAITLIST_MAX_PER_USER,
    },
    wakeWaitlist: () => waitlist?.wake(),
    log,
  })
  const fills = await startFillsConsumer(parts, transport)
  onStop(async () => fills.close())
  if (config.SWEEPER === 'on') sweeper = startSweeper(parts)
  onStop(async () => sweeper?.stop())

  const worker = startWaitlist(parts)
  waitlist = worker
  onStop(async () => worker.stop())
  const consumer = await startStockConsumer(parts, transport, () => worker.wake())
  onStop(async () => consumer.close())
  onStop(readAtScrape('waitlist', async () => readWaitlist(database.pool)))
  onStop(readAtScrape('active_reservations_count', async () => readActive(database.pool)))
  if (config.ARCHIVE_AFTER_HOURS > 0) {
    const archiver = startReservationArchiver(database, config.ARCHIVE_AFTER_HOURS, log)
    onStop(async () => archiver.stop())
    const cleaner = startEntryCleaner(database, config.ARCHIVE_AFTER_HOURS, log)
    onStop(async () => cleaner.stop())
  }

  const limits = await openRateLimits(config, log)
  onStop(() => limits.close())
  const server = await startGrpcServer({
    name,
    host: config.GRPC_HOST,
    port: config.GRPC_PORT,
    connectionAgeMs: config.GRPC_CONNECTION_AGE_MAX_MS,
    definition: ReservationServiceService,
    handlers: reservationRpc(parts),
    users,
    services,
    log,
    tls,
    limit: limitDirectReserves(limits.limit(reserveLimitName, config.RATE_LIMIT_RESERVE_PER_USER)),
  })
  onStop(async () => server.stop())
  return { grpcPort: server.port, metricsPort }
})
