import type { IncomingMessage, ServerResponse } from 'node:http'

import { counter, errorCodes, histogram, HoldfastError, type Logger, saneRequestId } from '@holdfast/service'

import type { EdgeLimits } from '../limits/edge-limits'
import type { Api } from './api'
import { ClientGoneError } from './body'
import { compress, isCompressible } from './compress'
import { applyCors, type CorsOrigins } from './cors'
import { flawOf } from './malformed'
import type { Page, Pages } from './pages'
import { toProblem } from './problem'
import { inRequestSpan, type RequestSpan, traceparentIn } from './request-span'
import { type Reply, sendReply } from './reply'
import type { RpcSurface } from './rpc/surface'
import { sendStream, type StreamReply } from './stream-reply'

/** One request on its way to its answer. */
export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  requestId: string
  /** What its calls are a part of: the caller's, or where there are traces, that of this request's own span. */
  traceparent: string | undefined
  pathname: string
  /** Without the question mark. */
  query: string
  /** What lies ready at its path. */
  page: Page | undefined
  /** The template of the route, for the log: a path may hold what is nobody's business. */
  route: string
}

export interface Site {
  api: Api
  /** gRPC-web and Connect. */
  rpc: RpcSurface
  pages: Pages
  cors: CorsOrigins
  edge: Pick<EdgeLimits, 'admitRequest'>
  log: Logger
  /** A client that takes nothing of its answer for so long is cut off, in ms. */
  stalledMs: number
  /** The end has come: a connection goes with its answer. */
  closing: boolean
}

const requests = counter('http_requests_total', 'Requests by route and status; 499: the client had gone', [
  'method',
  'route',
  'status',
])
const duration = histogram('http_request_duration_seconds', 'From the headers of a request to its answer', ['method', 'route'])

/** Answers one request, whatever comes. Never rejects. */
export async function answer(request: IncomingMessage, response: ServerResponse, site: Site): Promise<void> {
  const requestId = saneRequestId(request.headers['x-request-id'])
  const traceparent = traceparentIn(request.headers)
  const { pathname, query } = splitTarget(request.url ?? '/')
  const page = site.pages.get(pathname)
  const exchange: Exchange = { request, response, requestId, traceparent, pathname, query, page, route: '' }
  // Probes and pages would be most of the traces.
  await (page === undefined
    ? inRequestSpan(exchange, async (span) => answerOne(exchange, site, span))
    : answerOne(exchange, site))
}

async function answerOne(exchange: Exchange, site: Site, span?: RequestSpan): Promise<void> {
  const startedAt = performance.now()
  const { request, response, requestId } = exchange
  let reply: Reply | StreamReply
  try {
    reply = applyCors(site.cors, request, response) ?? (await countAndReply(exchange, site))
  } catch (error) {
    if (error instanceof ClientGoneError) {
      count(exchange, 499, startedAt)
      span?.answered(499)
      return
    }
    reply = refuse(exchange, site, HoldfastError.from(error))
  }
  if (site.closing) response.shouldKeepAlive = false
  let ms = count(exchange, reply.status, startedAt)
  span?.answered(reply.status)
  if ('pieces' in reply) {
    await sendStream(response, reply, requestId)
    ms = performance.now() - startedAt
  } else {
    if (isCompressible(reply)) reply = await compress(request, response, reply)
    sendReply(response, reply, requestId, site.stalledMs)
  }
  ms = Math.round(ms * 100) / 100
  site.log.info({ requestId, method: request.method, route: exchange.route, status: reply.status, ms }, 'http')
}

/** @returns how long it took, in ms */
function count({ request, route }: Exchange, status: number, startedAt: number): number {
  const ms = performance.now() - startedAt
  const { method = '' } = request
  requests.inc({ method, route, status })
  duration.observe({ method, route }, ms / 1000)
  return ms
}

/** Pages lie ready, and probes must never be told to wait; nor is asking what may be asked a request. */
function countAndReply(exchange: Exchange, site: Site): Reply | Promise<Reply | StreamReply> {
  const { admitRequest } = site.edge
  const free = admitRequest === undefined || exchange.request.method === 'OPTIONS' || exchange.page !== undefined
  return free ? replyTo(exchange, site) : admitRequest(exchange).then(async () => replyTo(exchange, site))
}

function replyTo(exchange: Exchange, { api, rpc }: Site): Reply | Promise<Reply | StreamReply> {
  const { method = 'GET' } = exchange.request
  const flaw = flawOf(exchange.request)
  if (flaw !== undefined) {
    exchange.response.shouldKeepAlive = false
    throw new HoldfastError('INVALID_ARGUMENT', flaw)
  }
  // HEAD is a GET whose body Node leaves away.
  const asked = method === 'HEAD' ? 'GET' : method
  const { page } = exchange
  let found = page === undefined ? api.routes.find(asked, exchange.pathname) : { allow: ['GET'] }
  if (found === undefined && rpc.has(exchange.pathname)) {
    exchange.route = exchange.pathname
    if (method === 'POST') return rpc.serve(exchange)
    found = { allow: ['POST'] }
  }
  if (found === undefined) throw new HoldfastError('NOT_FOUND', 'There is nothing at this address')
  if (page !== undefined) exchange.route = page.route ?? exchange.pathname
  if (page !== undefined && asked === 'GET') return page(exchange.request)
  if ('value' in found) {
    exchange.route = found.value.template.text
    return api.serve(exchange, found.value, found.segments)
  }
  const allow = allowed(found.allow)
  if (asked === 'OPTIONS') return { status: 204, headers: { allow }, body: '' }
  const reply = toProblem(new HoldfastError('METHOD_NOT_ALLOWED', `This address does not take ${method}`), exchange.requestId)
  reply.headers['allow'] = allow
  return reply
}

function allowed(methods: readonly string[]): string {
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
}

/** The services log what went wrong with them; what went wrong here, or on the way, is logged here. */
function refuse({ requestId, route }: Exchange, { log }: Site, error: HoldfastError): Reply {
  if (errorCodes[error.code].http >= 500) log.error({ requestId, route, code: error.code, err: error.cause }, error.message)
  return toProblem(error, requestId)
}

/** The path and the query of a request target; also of one in absolute form, which proxies send (RFC 9112, 3.2.2). */
function splitTarget(target: string): { pathname: string; query: string } {
  const local = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?]*/i, '')
  const mark = local.indexOf('?')
  return mark < 0 ? { pathname: local, query: '' } : { pathname: local.slice(0, mark), query: local.slice(mark + 1) }
}
