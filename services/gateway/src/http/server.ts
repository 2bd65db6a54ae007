/** The listener: its limits, its end, and what Node's parser refuses before there is a request. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import { ConfigError, saneRequestId } from '@holdfast/service'

import { answer, type Site } from './exchange'
import { toParseProblem } from './problem'
import { commonHeaders } from './reply'

export interface HttpServerOptions extends Omit<Site, 'closing'> {
  host: string
  /** 0: any free one. */
  port: number
  limits?: Partial<typeof httpLimits>
}

export interface HttpServer {
  readonly port: number
  /** Takes no new connections, finishes what is under way, then closes. */
  stop(): Promise<void>
}

/** Nobody holds a connection by sending slowly, or nothing. In ms; header size in bytes. */
export const httpLimits = {
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 16_384,
}

/** What a client that was refused by the parser has to read its answer and go, in ms: one that never closes is closed. */
const lingerMs = 1_000

/** A stop waits this long for requests under way, in ms. */
const drainMs = 10_000

/** @throws ConfigError when the port is taken */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = createServer({ ...httpLimits, ...options.limits })
  const site: Site = { api: options.api, pages: options.pages, log: options.log, closing: false }
  const silent = new Set<Socket>()
  server.on('connection', (socket) => {
    silent.add(socket)
    socket.once('close', () => silent.delete(socket))
  })
  // Both events: a request with a header Expect that Node does not know is served like any other.
  for (const event of ['request', 'checkExpectation'] as const) {
    server.on(event, (request, response) => {
      silent.delete(request.socket)
      void answer(request, response, site)
    })
  }
  server.on('clientError', (error, socket) => answerParseError(error, socket as Socket))
  const port = await listen(server, options)
  return {
    port,
    stop: async () => {
      site.closing = true
      await new Promise<void>((resolve) => {
        const force = setTimeout(() => server.closeAllConnections(), drainMs)
        server.close(() => {
          clearTimeout(force)
          resolve()
        })
        // Node ends the idle ones that had a request before; browsers also open some in advance.
        for (const socket of silent) socket.destroy()
      })
    },
  }
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

const reasons: Record<number, string> = { 400: 'Bad Request', 408: 'Request Timeout', 431: 'Request Header Fields Too Large' }

function answerParseError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const requestId = saneRequestId(undefined)
  const problem = toParseProblem(error, requestId)
  const headers = { ...commonHeaders(problem, requestId), connection: 'close' }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${problem.status} ${reasons[problem.status] ?? ''}\r\n${lines.join('')}\r\n${problem.body}`)
  const linger = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(linger))
}
