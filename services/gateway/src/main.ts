import { rpcDescriptors } from '@holdfast/contracts'
import { AuthServiceService } from '@holdfast/contracts/auth'
import { openTransport, startRelay } from '@holdfast/events'
import {
  createServiceTokens,
  createUserTokens,
  migrate,
  openDatabase,
  openExternalIssuer,
  openPeerTls,
  openRateLimits,
  runService,
  startGrpcServer,
  startTelemetry,
  type Stopper,
} from '@holdfast/service'

import { type GatewayConfig, readGatewayConfig } from './config'
import { withConsole } from './console/pages'
import { findSite } from './console/site'
import { docsPages } from './docs/pages'
import { watchEndedTokens } from './ended-tokens'
import { ensureAdmin } from './ensure-admin'
import { AnswerCache } from './http/answers/answer-cache'
import { createApi } from './http/api'
import { createReadiness } from './http/health'
import { listenerOptions } from './http/listener'
import { createPages } from './http/pages'
import { createRpcSurface } from './http/rpc/surface'
import { Senders } from './http/senders'
import { startHttpServer } from './http/server'
import { StreamGate } from './http/stream-gate'
import { type Call, type UpstreamAddress, Upstreams } from './http/upstreams'
import { createEdgeLimits } from './limits/edge-limits'
import { gatewayMigrations } from './migrations'
import { createPasswords } from './passwords'
import { authRpc, localUserMethods } from './rpc'
import { createUserKeys } from './user-keys'

const name = 'gateway'

/** @returns the ports that it listens on */
export async function startGateway(
  config: GatewayConfig,
  onStop: (stopper: Stopper) => void,
): Promise<{ grpcPort: number; httpPort: number; metricsPort: number | undefined }> {
  const { log, metricsPort } = await startTelemetry(name, config, onStop)
  const tls = openPeerTls(name, config, log)
  onStop(async () => tls.close())
  const keys = createUserKeys(config.JWT_PRIVATE_KEY, config.JWT_PREVIOUS_PUBLIC_KEYS)
  const services = createServiceTokens(name, config.SERVICE_PRIVATE_KEY, config.SERVICE_PUBLIC_KEYS)

  const database = await openDatabase({ url: config.DATABASE_URL, name, log })
  onStop(async () => database.close())
  await migrate(database, gatewayMigrations, log)
  const endedTokens = await watchEndedTokens(database, log)
  onStop(() => endedTokens.stop())
  const users = endedTokens.guard(createUserTokens(keys, openExternalIssuer(config, log)))

  const transport = await openTransport(config, { service: name, log })
  onStop(async () => transport.close())
  const relay = startRelay({ database, transport, service: name, log })
  onStop(async () => relay.stop())

  const deps = { database, passwords: createPasswords(), keys, users, endedTokens, wakeRelay: () => relay.wake() }
  const localUsers = config.LOCAL_USERS === 'on'
  const { HOLDFAST_ADMIN_EMAIL: adminEmail, HOLDFAST_ADMIN_PASSWORD: adminPassword } = config
  if (localUsers && adminEmail !== undefined && adminPassword !== undefined)
    await ensureAdmin(deps, adminEmail, adminPassword, log)

  const grpc = await startGrpcServer({
    name,
    host: config.GRPC_HOST,
    port: config.GRPC_PORT,
    connectionAgeMs: config.GRPC_CONNECTION_AGE_MAX_MS,
    definition: AuthServiceService,
    handlers: authRpc(deps, { localUsers, guests: config.DEMO_ADDR !== undefined }),
    users,
    services,
    log,
    tls,
  })
  onStop(async () => grpc.stop())

  const upstreams = new Upstreams(
    [
      { peer: 'inventory', address: config.INVENTORY_ADDR, services: ['holdfast.inventory.v1.InventoryService'] },
      { peer: 'reservation', address: config.RESERVATION_ADDR, services: ['holdfast.reservation.v1.ReservationService'] },
      { peer: 'order', address: config.ORDER_ADDR, services: ['holdfast.order.v1.OrderService'] },
      { peer: 'audit', address: config.AUDIT_ADDR, services: ['holdfast.audit.v1.AuditService'] },
      ...optional('notification', notificationService, config.NOTIFICATION_ADDR),
      ...optional('demo', demoService, config.DEMO_ADDR),
      { peer: name, address: `${reachable(config.GRPC_HOST)}:${grpc.port}`, services: [authService] },
    ],
    services,
    tls,
    log,
  )
  onStop(() => upstreams.close())

  const limits = await openRateLimits(config, log)
  onStop(() => limits.close())
  const edge = createEdgeLimits(config, limits)
  const { REQUEST_TIMEOUT_MS: timeoutMs, BODY_LIMIT_BYTES: bodyLimit } = config
  const served = rpcDescriptors()
    .filter(({ route }) => route !== undefined)
    .filter(({ service }) => service !== notificationService || config.NOTIFICATION_ADDR !== undefined)
    .filter(({ service }) => service !== demoService || config.DEMO_ADDR !== undefined)
    .filter(({ service, method }) => localUsers || service !== authService || !localUserMethods.includes(method))
  const streams = new StreamGate({ most: config.STREAMS_MAX, mostPerAddress: config.STREAMS_PER_IP_MAX })
  const { ANSWER_CACHE_BYTES: maxBytes } = config
  const call = async (service: string, path: string, call: Call) => upstreams.of(service).call(path, call)
  const senders = new Senders(
    upstreams,
    served.filter((rpc) => rpc.desc.methodKind === 'unary'),
    maxBytes === 0 ? undefined : new AnswerCache({ maxBytes, call, log }),
  )
  const surface = { upstreams, senders, users, limits: edge, timeoutMs, bodyLimit, streams, stallMs: config.STREAM_STALL_MS, log }
  const api = createApi(surface, served)
  const rpc = createRpcSurface(surface, served)
  const site = config.CONSOLE === 'on' ? findSite() : undefined
  if (config.CONSOLE === 'on' && site === undefined) log.warn('there is no console: it was not built')
  const ownPages = createPages({
    readiness: createReadiness(database, upstreams),
    jwks: () => keys.jwks(),
    metrics: config.HTTP_METRICS === 'on',
    docs: docsPages(served),
  })
  const pages = site === undefined ? ownPages : withConsole(ownPages, site, { flashSaleRoom: config.DEMO_ADDR !== undefined })
  const listener = listenerOptions(config, log)
  onStop(async () => listener.certificates?.close())
  const http = await startHttpServer({ ...listener, api, rpc, pages, edge, cors: config.CORS_ORIGINS, log })
  onStop(async () => http.stop())
  onStop(() => streams.end())
  return { grpcPort: grpc.port, httpPort: http.port, metricsPort }
}

const notificationService = 'holdfast.notification.v1.NotificationService'
const demoService = 'holdfast.demo.v1.DemoService'
const authService = 'holdfast.auth.v1.AuthService'

/** Whether it is there or not, a shop goes on selling: it does not count for readiness. */
function optional(peer: string, service: string, address: string | undefined): UpstreamAddress[] {
  return address === undefined ? [] : [{ peer, address, services: [service], optional: true }]
}

/** An address that stands for all of them is none to call. */
function reachable(host: string): string {
  return host === '0.0.0.0' || host === '[::]' ? '127.0.0.1' : host
}

if (require.main === module) void runService(name, async (onStop) => startGateway(readGatewayConfig(), onStop))
