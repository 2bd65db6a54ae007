/** The service as processes, one or more, on a real database and a real event log; what is around it is in the test. */
import { type ChildProcess, fork } from 'node:child_process'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { AuthServiceService } from '@holdfast/contracts/auth'
import { NotificationServiceService } from '@holdfast/contracts/notification'
import { openEmbeddedTransport, type PublishedEvent, toMessage, type Transport } from '@holdfast/events'
import {
  type CallContext,
  createLog,
  createPeer,
  createServiceTokens,
  createUserTokens,
  notFound,
  type PeerClient,
  signUserToken,
  startGrpcServer,
  systemContext,
  toJwk,
} from '@holdfast/service'
import { createTestDatabase, waitFor } from '@holdfast/testing'
import { Client } from 'pg'
import { Webhook } from 'standardwebhooks'

const main = join(__dirname, '..', 'dist', 'src', 'main.js')
const log = createLog('test', 'silent')
const names = ['notification', 'gateway'] as const
const userKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' })

export type NotificationClient = PeerClient<typeof NotificationServiceService>

export interface Process {
  client: NotificationClient
  kill(signal?: NodeJS.Signals): Promise<void>
}

export interface World {
  transport: Transport
  /** E-mail addresses by user id, as the gateway tells them. */
  addresses: Map<string, string>
  start(env?: Record<string, string>): Promise<Process>
  publish(events: readonly PublishedEvent[]): Promise<void>
  /** What this service has published, oldest first. */
  published(): Promise<{ type: string; key: string; data: Record<string, unknown>; actor: string }[]>
  query<Row extends object>(sql: string): Promise<Row[]>
  close(): Promise<void>
}

export const admin = (): CallContext => {
  const userToken = signUserToken({ id: 'admin-1', role: 'ADMIN' }, userKeys.privateKey)
  return { ...systemContext('test', log, 20_000), userToken, requestId: randomUUID() }
}

export async function openWorld(): Promise<World> {
  const [own, events] = [await createTestDatabase(), await createTestDatabase()]
  const transport = await openEmbeddedTransport({ url: events.url, log, name: 'test' })
  const keys = new Map(names.map((name) => [name, pemPair()]))
  const publicKeys = Object.fromEntries([...keys].map(([name, { publicKey }]) => [name, publicKey]))
  const tokens = createServiceTokens('gateway', keys.get('gateway')?.privateKey ?? '', publicKeys)
  const jwks = createServer((_request, response) => {
    response.end(JSON.stringify({ keys: [toJwk(userKeys.publicKey)] }))
  }).listen(0, '127.0.0.1')
  await once(jwks, 'listening')
  const addresses = new Map<string, string>()
  const gateway = await startGateway(tokens, addresses)
  const children = new Set<ChildProcess>()
  const clients: NotificationClient[] = []
  const messages: { type: string; key: string; data: Record<string, unknown>; actor: string }[] = []
  const subscription = await transport.subscribe({
    group: 'test',
    topics: ['holdfast.notification.v1'],
    log,
    onBatch: async (batch) => {
      for (const { headers, key, value } of batch.messages) {
        const data = JSON.parse(value) as Record<string, unknown>
        messages.push({ type: headers['ce_type'] ?? '', key, data, actor: headers['ce_actor'] ?? '' })
      }
      return Promise.resolve()
    },
  })
  return {
    transport,
    addresses,
    start: async (more = {}) => {
      const env = {
        LOG_LEVEL: 'warn',
        GRPC_PORT: '0',
        DATABASE_URL: own.url,
        EVENTS_DATABASE_URL: events.url,
        SERVICE_PRIVATE_KEY: keys.get('notification')?.privateKey ?? '',
        SERVICE_PUBLIC_KEYS: JSON.stringify(publicKeys),
        JWKS_URL: `http://127.0.0.1:${(jwks.address() as AddressInfo).port}`,
        GATEWAY_ADDR: `127.0.0.1:${gateway.port}`,
        WEBHOOK_RETRY_SECONDS: '0.1,0.2,0.3,0.5,0.5,0.5,0.5,0.5,0.5,0.5',
        WEBHOOK_PRIVATE_TARGETS: 'on',
        ...more,
      }
      const child = fork(main, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
      children.add(child)
      const [message] = (await once(child, 'message')) as [{ grpcPort: number }]
      const client = createPeer(NotificationServiceService, {
        address: `127.0.0.1:${message.grpcPort}`,
        peer: 'notification',
        services: tokens,
      })
      clients.push(client)
      return {
        client,
        kill: async (signal = 'SIGKILL') => {
          children.delete(child)
          const gone = once(child, 'exit')
          child.kill(signal)
          await gone
        },
      }
    },
    publish: async (all) => transport.publish(all.map((event) => toMessage(event, JSON.stringify(event.data)))),
    published: async () => Promise.resolve([...messages]),
    query: async <Row extends object>(sql: string) => {
      const database = new Client({ connectionString: own.url })
      await database.connect()
      try {
        return (await database.query<Row>(sql)).rows
      } finally {
        await database.end()
      }
    },
    close: async () => {
      for (const client of clients) client.close()
      for (const child of children) {
        const gone = once(child, 'exit')
        child.kill('SIGTERM')
        await gone
      }
      await subscription.close()
      await transport.close()
      await gateway.stop()
      jwks.close()
      jwks.closeAllConnections()
      await own.drop()
      await events.drop()
    },
  }
}

function pemPair() {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}

async function startGateway(tokens: ReturnType<typeof createServiceTokens>, addresses: Map<string, string>) {
  const refuse = async () => Promise.reject(new Error('not in this test'))
  return startGrpcServer({
    name: 'gateway',
    host: '127.0.0.1',
    port: 0,
    definition: AuthServiceService,
    handlers: {
      register: refuse,
      login: refuse,
      refresh: refuse,
      logout: refuse,
      logoutEverywhere: refuse,
      getMe: refuse,
      listUsers: refuse,
      updateUser: refuse,
      issueGuestTokens: refuse,
      getUser: async ({ id }, ctx) => {
        const email = addresses.get(id)
        if (email === undefined) throw notFound('user', id)
        return Promise.resolve({ user: { id, email, role: 'USER', createdAt: new Date() }, requestId: ctx.requestId })
      },
    },
    users: createUserTokens({ find: async () => Promise.resolve(userKeys.publicKey) }),
    services: tokens,
    log,
  })
}

export interface Received {
  id: string
  type: string
  subject: string
  data: unknown
  raw: string
  headers: Record<string, string>
  url: string
}

export interface Receiver {
  url: string
  port: number
  /** What was answered with 2xx, in order. */
  taken: Received[]
  /** Every request, in order. */
  asked: Received[]
  /** What the next requests are answered with. @returns the HTTP status, or undefined: no answer at all */
  answer: (request: Received) => number | undefined | Promise<number | undefined>
  /** Most requests under way at one time. */
  mostAtOnce: number
  close(): Promise<void>
}

/** A real HTTP server that takes webhooks. */
export async function openReceiver(): Promise<Receiver> {
  let underWay = 0
  const server = createServer((request, response) => {
    void (async () => {
      receiver.mostAtOnce = Math.max(receiver.mostAtOnce, ++underWay)
      const received = await read(request)
      receiver.asked.push(received)
      const status = await receiver.answer(received)
      if (status === undefined) {
        underWay--
        request.socket.destroy()
        return
      }
      if (status < 300) receiver.taken.push(received)
      underWay--
      response.writeHead(status, status >= 300 && status < 400 ? { location: `${receiver.url}/elsewhere` } : {}).end('answer')
    })()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}`,
    port,
    taken: [],
    asked: [],
    answer: () => 200,
    mostAtOnce: 0,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
  return receiver
}

async function read(request: IncomingMessage): Promise<Received> {
  let raw = ''
  for await (const part of request.setEncoding('utf8') as AsyncIterable<string>) raw += part
  const { type, subject, data } = JSON.parse(raw) as { type: string; subject: string; data: unknown }
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  return { id: headers['webhook-id'] ?? '', type, subject, data, raw, headers, url: request.url ?? '' }
}

/** By the package of Standard Webhooks. */
export function isSigned({ raw, headers }: Received, secret: string): boolean {
  try {
    new Webhook(secret).verify(raw, headers)
    return true
  } catch {
    return false
  }
}

export async function untilTaken(receiver: Receiver, count: number): Promise<void> {
  await waitFor(() => receiver.taken.length >= count, {
    what: `${count} deliveries, not ${receiver.taken.length}`,
    timeoutMs: 40_000,
  })
}

/** An event as its service would publish it. */
export function event(
  type: string,
  key: string,
  version: number,
  data: unknown,
  change: Partial<PublishedEvent> = {},
): PublishedEvent {
  const context = { stock_level: 'inventory', product: 'inventory' }[type.split('.')[1] ?? ''] ?? type.split('.')[1]
  return {
    id: randomUUID(),
    source: `//holdfast/${context}`,
    type,
    topic: `holdfast.${context}.v1`,
    key,
    subject: key,
    version: BigInt(version),
    audit: true,
    actor: { id: 'u1', role: 'USER' },
    requestId: `request-${key}`,
    traceparent: undefined,
    at: new Date(),
    data,
    ...change,
  }
}

export const orderEvents = (count: number, prefix = 'order'): PublishedEvent[] =>
  Array.from({ length: count }, (_, index) =>
    event('holdfast.order.placed.v1', `${prefix}-${index + 1}`, 1, { after: { id: `${prefix}-${index + 1}` } }),
  )

export const subjects = (received: readonly Received[]): string[] => received.map(({ subject }) => subject)
export const subjectsOf = (events: readonly PublishedEvent[]): string[] => events.map(({ subject }) => subject)

export const endpointAt = (url: string, eventTypes: string[] = ['holdfast.order.*']) => ({
  url,
  description: 'a test',
  eventTypes,
  clientToken: '',
})
