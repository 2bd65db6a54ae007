/** The listener: its limits, its end, and what Node's parser refuses before there is a request. */
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'

import { type Certificates, ConfigError, whenLeaving } from '@holdfast/service'

import { type ConnectionLimits, Connections } from './connections'
import type { CorsOrigins } from './cors'
import { answer, type Site } from './exchange'
import { answerParseError, refuseTunnel } from './parse-error'

export interface HttpServerOptions extends Omit<Site, 'closing' | 'cors' | 'stalledMs'> {
  host: string
  /** 0: any free one. */
  port: number
  /** HTTPS, and nothing else, where there are any. */
  certificates?: Certificates
  connections?: ConnectionLimits
  limits?: Partial<typeof httpLimits>
  /** None: only pages of our own. */
  cors?: CorsOrigins
}

export interface HttpServer {
  readonly port: number
  /** How many are open. */
  connections(): number
  /** Takes no new connections, finishes what is under way, then closes. */
  stop(): Promise<void>
}

/** Nobody holds a connection by sending slowly, or nothing. In ms; header size in bytes. */
export const httpLimits = {
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
  handshakeTimeout: 10_000,
  stalledTimeout: 30_000,
  maxHeaderSize: 16_384,
  /** Node's own refusal has no body; ours has. */
  requireHostHeader: false,
}

/** A stop waits this long for requests under way, in ms. */
const drainMs = 10_000

/** @throws ConfigError when the port is taken */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { api, rpc, pages, edge, log, certificates } = options
  const limits = { ...httpLimits, ...options.limits }
  const server = certificates === undefined ? createServer(limits) : createEncrypted(limits, certificates)
  const site: Site = {
    api,
    rpc,
    pages,
    edge,
    log,
    cors: options.cors ?? new Set(),
    stalledMs: limits.stalledTimeout,
    closing: false,
  }
  const connections = new Connections(server, options.connections ?? { most: 0, mostOfOne: 0 })
  // Both events: a request with a header Expect that Node does not know is served like any other.
  for (const event of ['request', 'checkExpectation'] as const) {
    server.on(event, (request, response) => {
      connections.serving(request.socket, response)
      void answer(request, response, site)
    })
  }
  server.on('clientError', (error, stream) => {
    const socket = stream as Socket
    answerParseError(error, socket, connections.latestOf(socket), limits.stalledTimeout)
  })
  server.on('connect', (_request, socket) => refuseTunnel(socket as Socket))
  // Connections that are kept go with their next answer, and whoever had them comes again elsewhere.
  const forget = whenLeaving(() => (site.closing = true))
  const port = await listen(server, options)
  return {
    port,
    connections: () => connections.size,
    stop: async () => {
      forget()
      site.closing = true
      await new Promise<void>((resolve) => {
        const force = setTimeout(() => server.closeAllConnections(), drainMs)
        server.close(() => {
          clearTimeout(force)
          resolve()
        })
        // Node ends the idle ones that had a request before; browsers also open some in advance.
        connections.closeWaiting()
      })
    },
  }
}

/** From TLS 1.2 on; HTTP/1.1 only. A certificate that is renewed serves the connections that come after it. */
function createEncrypted(limits: typeof httpLimits, certificates: Certificates): Server {
  const contextOf = ({ cert, key }: Certificates['current']) => ({ cert, key, minVersion: 'TLSv1.2' as const })
  const server = createTlsServer({ ...limits, ...contextOf(certificates.current), ALPNProtocols: ['http/1.1'] })
  server.once(
    'close',
    certificates.onRenewed((texts) => server.setSecureContext(contextOf(texts))),
  )
  return server
}

async function listen(server: Server, { host, port }: HttpServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      reject(taken ? new ConfigError(`HOLDFAST_PORT: ${host}:${port} is in use by another program`) : error)
    })
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}
