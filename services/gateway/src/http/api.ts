/** The JSON surface: a request over HTTP becomes one gRPC call, and its response comes back as JSON, as events, or as it is. */
import { type RpcDescriptor, rpcDescriptors } from '@holdfast/contracts'
import { admitCaller, type Logger, type UserTokens } from '@holdfast/service'

import type { EdgeLimits } from '../limits/edge-limits'
import { readJsonBody, readRawBody } from './body'
import { type Credentials, credentialsOf } from './credentials'
import { tagOf, withExpectedVersion, withTag } from './etag'
import type { Exchange } from './exchange'
import { eventStream, resumedQuery } from './events'
import { download } from './http-body'
import { checkAccept } from './negotiation'
import type { PathTree } from './path-tree'
import type { Reply } from './reply'
import { buildRoutes, type Route } from './route-table'
import type { Senders } from './senders'
import { CookieSession } from './session-cookie'
import type { StreamGate } from './stream-gate'
import type { StreamReply } from './stream-reply'
import { decodeResponse, encodeRequest } from './transcode'
import type { Call, Upstreams } from './upstreams'

export interface ApiOptions {
  upstreams: Upstreams
  senders: Senders
  users: UserTokens
  limits: Pick<EdgeLimits, 'admitCall' | 'clientOf'>
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

/** @throws Error when a rule in the contract makes no sense, or nobody serves one of its services */
export function createApi(options: ApiOptions, rpcs: readonly RpcDescriptor[] = rpcDescriptors()): Api {
  return {
    routes: buildRoutes(rpcs.filter((rpc) => rpc.route !== undefined)),
    serve: async (exchange, route, segments) => {
      const { request, response, query, requestId } = exchange
      const { rpc } = route
      checkAccept(request.headers.accept, ...typesOf(route))
      const deadline = Date.now() + options.timeoutMs
      const credentials = credentialsOf(rpc, exchange, route.method !== 'GET')
      // The same check as in the service that owns the rows, which does it again: here it spares the way there.
      const { actor } = await admitCaller(rpc, { userToken: credentials.userToken, caller: undefined }, options.users)
      if (route.streams) return serveStream(options, exchange, route, segments, credentials)
      const session = CookieSession.of(route, request, response)
      const bodyOptions = { limit: options.bodyLimit, optional: route.bodyOptional, value: route.bodyIsValue }
      const raw = route.rawBody && (await readRawBody(request, options.bodyLimit, rpc.mediaTypes.takes))
      const sent = raw !== undefined || route.body === undefined ? undefined : await readJsonBody(request, bodyOptions)
      const json = session === undefined ? sent : session.fill(sent)
      const beside = { headers: request.headers, raw }
      const message = encodeRequest(route, segments, query, withExpectedVersion(route, request.headers, json), beside)
      const counted = options.limits.admitCall(exchange, rpc, actor.id, message)
      if (counted !== undefined) await counted
      const call = { ...credentials, request: message, requestId, deadline }
      const sending = options.senders.of(rpc)(call, response)
      const bytes = await (session === undefined ? sending : session.watch(sending))
      const decoded = decodeResponse(route, bytes)
      const answer = session === undefined ? decoded : session.keep(decoded)
      const headers: Record<string, string> = { 'content-type': answer.type }
      if (answer.location !== undefined) headers['location'] = answer.location
      if (route.tag === undefined) headers['cache-control'] = 'no-store'
      const reply: Reply = { status: answer.status, headers, body: answer.body }
      return route.tag === undefined
        ? reply
        : withTag(reply, tagOf(route.tag, bytes, answer.body), request.headers['if-none-match'])
    },
  }
}

/** The media types that its answer can have. */
function typesOf({ rawAnswer, rpc, streams }: Route): readonly string[] {
  if (rawAnswer !== undefined) return rpc.mediaTypes.gives
  return [streams ? 'text/event-stream' : 'application/json']
}

async function serveStream(
  { upstreams, limits, streams, stallMs, log }: ApiOptions,
  { request, response, query, requestId }: Exchange,
  route: Route,
  segments: readonly string[],
  credentials: Credentials,
): Promise<StreamReply> {
  const { input, output } = route.rpc.desc
  const resumed = resumedQuery(input, query, request.headers['last-event-id'])
  const message = encodeRequest(route, segments, resumed, undefined, { headers: request.headers })
  const signal = streams.enter(response, limits.clientOf(request))
  const call: Call = { ...credentials, request: message, requestId, deadline: Infinity }
  const messages = await upstreams.of(route.rpc.service).stream(route.rpc.path, call, signal)
  const options = { requestId, stallMs, log }
  return route.rawAnswer === undefined ? eventStream(output, messages, options) : download(route.rawAnswer, messages, options)
}
