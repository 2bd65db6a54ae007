import { NotificationServiceService } from '@holdfast/contracts/notification'
import { eventsMigrations, openTransport, startRelay } from '@holdfast/events'
import {
  createServiceTokens,
  createUserTokens,
  jwksKeys,
  migrate,
  openDatabase,
  openExternalIssuer,
  openPeerTls,
  runService,
  startGrpcServer,
  startTelemetry,
} from '@holdfast/service'

import { readNotificationConfig } from './config'
import { startNoticeConsumer, startStockConsumer, startWebhookConsumer } from './consumers'
import { startHousekeeping } from './housekeeping'
import { createSmtpMailer } from './mail/mailer'
import { startNoticeSender } from './mail/send-notices'
import { askGateway } from './mail/users'
import { showQueues } from './metrics'
import { notificationMigrations } from './migrations'
import { serviceName as name } from './parts'
import { notificationRpc } from './rpc'
import { createPoster } from './webhooks/post'
import { startSender } from './webhooks/sender'

/** A sender that is silent for so long beyond a try has died, in ms. */
const leaseSpareMs = 5_000

void runService(name, async (onStop) => {
  const config = readNotificationConfig()
  const { log, metricsPort } = await startTelemetry(name, config, onStop)
  const tls = openPeerTls(name, config, log)
  onStop(async () => tls.close())

  const database = await openDatabase({ url: config.DATABASE_URL, name, log })
  onStop(async () => database.close())
  await migrate(database, [eventsMigrations, notificationMigrations], log)
  const transport = await openTransport(config, { service: name, log })
  onStop(async () => transport.close())
  const relay = startRelay({ database, transport, service: name, log })
  onStop(async () => relay.stop())
  const wakeRelay = () => relay.wake()

  const users = createUserTokens(jwksKeys(config.JWKS_URL, { ca: tls.ca, log }), openExternalIssuer(config, log))
  const services = createServiceTokens(name, config.SERVICE_PRIVATE_KEY, config.SERVICE_PUBLIC_KEYS)

  const { WEBHOOK_TIMEOUT_MS: timeoutMs, WEBHOOK_PRIVATE_TARGETS: privateTargets } = config
  const poster = createPoster({ timeoutMs, privateTargets })
  onStop(() => poster.close())
  const schedule = config.WEBHOOK_RETRY_SECONDS.map((seconds) => seconds * 1000)
  const sender = startSender({ database, poster, schedule, leaseMs: timeoutMs + leaseSpareMs, wakeRelay, log })
  onStop(async () => sender.stop())
  const wakeSender = () => sender.wake()
  onStop(showQueues(database))
  const housekeeping = startHousekeeping({ database, days: config.WEBHOOK_LOG_DAYS, log })
  onStop(async () => housekeeping.stop())

  const parts = { database, transport, log }
  const thresholds = { lowAt: config.STOCK_LOW_AT, clearAt: config.STOCK_LOW_CLEAR_AT }
  const stock = await startStockConsumer(parts, thresholds, wakeRelay)
  onStop(async () => stock.close())
  const webhooks = await startWebhookConsumer(parts, wakeSender)
  onStop(async () => webhooks.close())

  if (config.mail !== undefined) {
    const mailer = createSmtpMailer(config.mail.smtpUrl, config.mail.from)
    onStop(() => mailer.close())
    const people = askGateway(config.mail.gatewayAddress, { services, tls }, log)
    onStop(() => people.close())
    const notices = startNoticeSender({ database, mailer, users: people, log })
    onStop(async () => notices.stop())
    const rules = { reminderMs: config.RESERVATION_REMINDER_SECONDS * 1000, maxAgeMs: config.NOTICE_MAX_AGE_SECONDS * 1000 }
    const consumer = await startNoticeConsumer(parts, rules, () => notices.wake())
    onStop(async () => consumer.close())
  }

  const server = await startGrpcServer({
    name,
    host: config.GRPC_HOST,
    port: config.GRPC_PORT,
    connectionAgeMs: config.GRPC_CONNECTION_AGE_MAX_MS,
    definition: NotificationServiceService,
    handlers: notificationRpc({ database, privateTargets, wakeRelay, wakeSender, log }),
    users,
    services,
    log,
    tls,
  })
  onStop(async () => server.stop())
  return { grpcPort: server.port, metricsPort }
})
