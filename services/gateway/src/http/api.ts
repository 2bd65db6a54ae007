/** The JSON surface: a request over HTTP becomes one gRPC call, and its response comes back as JSON, or as events. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'

import { type RpcDescriptor, rpcDescriptors } from '@holdfast/contracts'
import { admitCaller, bearerToken, type Logger, type UserTokens } from '@holdfast/service'

import { readJsonBody } from './body'
import { tagOf, withExpectedVersion, withTag } from './etag'
import { combineCalls } from './combined-calls'
import type { Exchange } from './exchange'
import { idempotencyKeyOf } from './idempotency-key'
import { eventStream, resumedQuery } from './events'
import { checkAccept } from './negotiation'
import type { PathTree } from './path-tree'
import { jsonReply, type Reply } from './reply'
import { buildRoutes, type Route } from './route-table'
import type { StreamGate } from './stream-gate'
import type { StreamReply } from './stream-reply'
import { decodeResponse, encodeRequest } from './transcode'
import type { Call, Upstream, Upstreams } from './upstreams'

export interface ApiOptions {
  upstreams: Upstreams
  users: UserTokens
  /** How long a call may take, in ms. */
  timeoutMs: number
  /** Most bytes of a body. */
  bodyLimit: number
  streams: StreamGate
  /** A stream whose client takes nothing for so long is cut off, in ms. */
  stallMs: number
  log: Logger
}

export interface Api {
  /** Every route, by method and path. */
  routes: PathTree<Route>
  /** Carries out what a route stands for. @param segments the path's, as the route found them */
  serve(exchange: Exchange, route: Route, segments: readonly string[]): Promise<Reply | StreamReply>
}

const traceparentForm = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/

/** @throws Error when a rule in the contract makes no sense, or nobody serves one of its services */
export function createApi(options: ApiOptions, rpcs: readonly RpcDescriptor[] = rpcDescriptors()): Api {
  const routed = rpcs.filter((rpc) => rpc.route !== undefined)
  const senders = new Map(routed.map((rpc) => [rpc.path, senderOf(rpc, options.upstreams.of(rpc.service))]))
  return {
    routes: buildRoutes(routed),
    serve: async (exchange, route, segments) => {
      const { request, response, query, requestId } = exchange
      const { rpc } = route
      checkAccept(request.headers.accept, route.streams ? 'text/event-stream' : 'application/json')
      const deadline = Date.now() + options.timeoutMs
      const credentials = credentialsOf(route, request.headers)
      // The same check as in the service that owns the rows, which does it again: here it spares the way there.
      await admitCaller(rpc, { userToken: credentials.userToken, caller: undefined }, options.users)
      if (route.streams) return serveEvents(options, exchange, route, segments, credentials)
      const bodyOptions = { limit: options.bodyLimit, optional: route.bodyOptional, value: route.bodyIsValue }
      const body = route.body === undefined ? undefined : await readJsonBody(request, bodyOptions)
      const message = encodeRequest(route, segments, query, withExpectedVersion(route, request.headers, body))
      const send = senders.get(rpc.path)
      if (send === undefined) throw new Error(`${rpc.path} has no sender`)
      const bytes = await send({ ...credentials, request: message, requestId, deadline }, response)
      const answer = decodeResponse(route, bytes)
      const headers: Record<string, string> = {}
      if (answer.location !== undefined) headers['location'] = answer.location
      if (route.tag === undefined) headers['cache-control'] = 'no-store'
      const reply = jsonReply(answer.status, answer.body, headers)
      return route.tag === undefined
        ? reply
        : withTag(reply, tagOf(route.tag, bytes, answer.body), request.headers['if-none-match'])
    },
  }
}

type Credentials = Pick<Call, 'userToken' | 'traceparent' | 'idempotencyKey'>

async function serveEvents(
  { upstreams, streams, stallMs, log }: ApiOptions,
  { request, response, query, requestId }: Exchange,
  route: Route,
  segments: readonly string[],
  credentials: Credentials,
): Promise<StreamReply> {
  const { input, output } = route.rpc.desc
  const resumed = resumedQuery(input, query, request.headers['last-event-id'])
  const message = encodeRequest(route, segments, resumed, undefined)
  const signal = streams.enter(response, request.socket.remoteAddress ?? '')
  const call: Call = { ...credentials, request: message, requestId, deadline: Infinity }
  const messages = await upstreams.of(route.rpc.service).stream(route.rpc.path, call, signal)
  return eventStream(output, messages, { requestId, stallMs, log })
}

type Send = (call: Call, response: ServerResponse) => Promise<Buffer>

/** Alone, where a client that goes away takes its call with it; or together with others, if the proto says so. */
function senderOf(rpc: RpcDescriptor, upstream: Upstream): Send {
  if (rpc.combined) return combineCalls(upstream, rpc.path)
  return async (call, response) => {
    const gone = new AbortController()
    const abort = (): void => gone.abort()
    response.on('close', abort)
    if (response.destroyed) abort()
    try {
      return await upstream.call(rpc.path, call, gone.signal)
    } finally {
      response.off('close', abort)
    }
  }
}

function credentialsOf(route: Route, headers: IncomingHttpHeaders): Credentials {
  const { authorization, traceparent } = headers
  return {
    userToken: authorization === undefined || route.rpc.access.who === 'PUBLIC' ? undefined : bearerToken(authorization),
    traceparent: typeof traceparent === 'string' && traceparentForm.test(traceparent) ? traceparent : undefined,
    idempotencyKey: route.method === 'GET' ? undefined : idempotencyKeyOf(headers),
  }
}
