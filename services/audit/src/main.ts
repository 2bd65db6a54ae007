import { AuditServiceService } from '@holdfast/contracts/audit'
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

import { startActivity } from './activity/project'
import { createCheckpointKey } from './checkpoint'
import { readAuditConfig } from './config'
import { startAuditConsumer } from './events'
import { auditMigrations } from './migrations'
import { publishCheckpoints } from './publish-checkpoints'
import { auditRpc } from './rpc'
import { Verifier } from './verify'

const name = 'audit'

void runService(name, async (onStop) => {
  const config = readAuditConfig()
  const { log, metricsPort } = await startTelemetry(name, config, onStop)
  const tls = openPeerTls(name, config, log)
  onStop(async () => tls.close())

  const database = await openDatabase({ url: config.DATABASE_URL, name, log })
  onStop(async () => database.close())
  await migrate(database, [eventsMigrations, auditMigrations], log)
  const transport = await openTransport(config, { service: name, log })
  onStop(async () => transport.close())

  const users = createUserTokens(jwksKeys(config.JWKS_URL, { ca: tls.ca, log }), openExternalIssuer(config, log))
  const services = createServiceTokens(name, config.SERVICE_PRIVATE_KEY, config.SERVICE_PUBLIC_KEYS)

  const relay = startRelay({ database, transport, service: name, log })
  onStop(async () => relay.stop())

  const activity = startActivity(database, log)
  onStop(async () => activity.stop())

  const key = createCheckpointKey(config.SERVICE_PRIVATE_KEY)
  const verifier = new Verifier(database)
  const rebuildStarted = () => {
    relay.wake()
    activity.wake()
  }
  const server = await startGrpcServer({
    name,
    host: config.GRPC_HOST,
    port: config.GRPC_PORT,
    connectionAgeMs: config.GRPC_CONNECTION_AGE_MAX_MS,
    definition: AuditServiceService,
    handlers: auditRpc({ database, verifier, key, rebuildStarted }),
    users,
    services,
    log,
    tls,
  })
  onStop(async () => server.stop())

  const consumer = await startAuditConsumer({ transport, database, appended: (records) => activity.appended(records), log })
  onStop(async () => consumer.close())
  const { CHECKPOINT_INTERVAL_MS: intervalMs } = config
  onStop(publishCheckpoints({ database, key, intervalMs, published: () => relay.wake(), log }))
  log.info({ port: server.port }, 'serving')
  return { grpcPort: server.port, metricsPort }
})
