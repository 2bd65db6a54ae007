/** The JSON surface: a request over HTTP becomes one gRPC call, and its response comes back as JSON. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'

import { Metadata } from '@grpc/grpc-js'
import { type RpcDescriptor, rpcDescriptors } from '@holdfast/contracts'
import { admit, HoldfastError, metadataNames, type ServiceTokens, type UserTokens } from '@holdfast/service'

import { readJsonBody } from './body'
import type { Exchange } from './exchange'
import { idempotencyKeyOf } from './idempotency-key'
import type { PathTree } from './path-tree'
import { jsonReply, type Reply } from './reply'
import { buildRoutes, type Route } from './route-table'
import { decodeResponse, encodeRequest } from './transcode'
import type { Upstream, Upstreams } from './upstreams'

export interface ApiOptions {
  upstreams: Upstreams
  users: UserTokens
  services: ServiceTokens
  /** How long a call may take, in ms. */
  timeoutMs: number
  /** Most bytes of a body. */
  bodyLimit: number
}

export interface Api {
  /** Every route, by method and path. */
  routes: PathTree<Route>
  /** Carries out what a route stands for. @param segments the path's, as the route found them */
  serve(exchange: Exchange, route: Route, segments: readonly string[]): Promise<Reply>
}

const traceparent = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/

/** @throws Error when a rule in the contract makes no sense, or nobody serves one of its services */
export function createApi(options: ApiOptions, rpcs: readonly RpcDescriptor[] = rpcDescriptors()): Api {
  const routed = rpcs.filter((rpc) => rpc.route !== undefined)
  const upstreams = new Map(routed.map((rpc) => [rpc.service, options.upstreams.of(rpc.service)]))
  return {
    routes: buildRoutes(routed),
    serve: async (exchange, route, segments) => {
      const { request, response, query, requestId } = exchange
      const { rpc } = route
      const deadline = Date.now() + options.timeoutMs
      const metadata = metadataOf(route, request.headers, requestId)
      // The same check as in the service that owns the rows, which does it again: here it spares the way there.
      // The gateway's own token is not in it yet, so nobody gets in on the gateway's account.
      await admit(rpc, metadata, options.users, options.services)
      const body = route.body === undefined ? undefined : await readJsonBody(request, options.bodyLimit, route.bodyOptional)
      const message = encodeRequest(route, segments, query, body)
      const upstream = upstreams.get(rpc.service) ?? options.upstreams.of(rpc.service)
      const answer = decodeResponse(route, await call(upstream, rpc.path, message, metadata, deadline, response))
      const headers: Record<string, string> = {}
      if (answer.location !== undefined) headers['location'] = answer.location
      if (!route.cacheable) headers['cache-control'] = 'no-store'
      return jsonReply(answer.status, answer.body, headers)
    },
  }
}

function metadataOf(route: Route, headers: IncomingHttpHeaders, requestId: string): Metadata {
  const metadata = new Metadata()
  metadata.set(metadataNames.requestId, requestId)
  const { authorization } = headers
  if (authorization !== undefined && route.rpc.access.who !== 'PUBLIC') {
    if (!/^[\x20-\x7e]*$/.test(authorization)) throw new HoldfastError('UNAUTHENTICATED', 'The header Authorization is not ASCII')
    metadata.set(metadataNames.authorization, authorization)
  }
  const trace = headers['traceparent']
  if (typeof trace === 'string' && traceparent.test(trace)) metadata.set(metadataNames.traceparent, trace)
  const key = route.method === 'GET' ? undefined : idempotencyKeyOf(headers)
  // In quotes, so that a key which holds quotes itself arrives as it is.
  if (key !== undefined) metadata.set(metadataNames.idempotencyKey, `"${key}"`)
  return metadata
}

/** A client that goes away takes its call with it. */
async function call(
  upstream: Upstream,
  path: string,
  message: Buffer,
  metadata: Metadata,
  deadline: number,
  response: ServerResponse,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const underWay = upstream.call(path, message, metadata, deadline, (error, bytes) => {
      response.off('close', cancel)
      if (error) reject(error)
      else resolve(bytes)
    })
    const cancel = (): void => underWay.cancel()
    response.on('close', cancel)
    if (response.destroyed) cancel()
  })
}
