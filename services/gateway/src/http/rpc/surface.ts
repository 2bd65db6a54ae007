/**
 * gRPC-web and the Connect protocol: the RPCs that have a JSON route, at their gRPC paths, for browsers with typed clients.
 * The framing is connect-es's; a message is read and written again by its descriptor, and what this gateway does not know of it
 * passes through.
 */
import { createConnectRouter, createContextKey, createContextValues, type HandlerContext } from '@connectrpc/connect'
import type { UniversalHandler } from '@connectrpc/connect/protocol'
import { type DescMethod, fromBinary, type Message, toBinary } from '@bufbuild/protobuf'
import type { RpcDescriptor } from '@holdfast/contracts'
import { admitCaller, counter, errorCodes, HoldfastError, type Logger, type UserTokens } from '@holdfast/service'

import type { EdgeLimits } from '../../limits/edge-limits'
import { ClientGoneError } from '../body'
import { type Credentials, credentialsOf } from '../credentials'
import type { Exchange } from '../exchange'
import type { Senders } from '../senders'
import type { StreamGate } from '../stream-gate'
import type { StreamReply } from '../stream-reply'
import type { Call, Upstreams } from '../upstreams'
import { toConnectError } from './errors'
import { toReply, toUniversalRequest } from './http'

export interface RpcOptions {
  upstreams: Upstreams
  senders: Senders
  streams: StreamGate
  users: UserTokens
  limits: Pick<EdgeLimits, 'admitCall' | 'clientOf'>
  /** How long a unary call may take, in ms. */
  timeoutMs: number
  /** A client that takes nothing of its answer for so long is cut off, in ms. */
  stallMs: number
  /** Most bytes of a request. */
  bodyLimit: number
  log: Logger
}

export interface RpcSurface {
  /** Whether an RPC is there, at its gRPC path. */
  has(path: string): boolean
  /** @throws UNSUPPORTED_MEDIA_TYPE for what is neither protocol */
  serve(exchange: Exchange): Promise<StreamReply>
}

const calls = counter('http_rpc_calls_total', 'Calls of gRPC-web and Connect', ['protocol', 'method', 'code'])

const exchangeKey = createContextKey<Exchange | undefined>(undefined)
const credentialsKey = createContextKey<Credentials | undefined>(undefined)
/** The id of who was let in; empty: nobody known. */
const userKey = createContextKey('')

export function createRpcSurface(options: RpcOptions, rpcs: readonly RpcDescriptor[]): RpcSurface {
  const handlers = new Map(rpcs.map((rpc) => [rpc.path, handlerOf(rpc, options)]))
  return {
    has: (path) => handlers.has(path),
    serve: async (exchange) => {
      const handler = handlers.get(exchange.pathname)
      if (handler === undefined) throw new HoldfastError('NOT_FOUND', 'There is nothing at this address')
      const values = createContextValues().set(exchangeKey, exchange)
      const { request, text } = toUniversalRequest(exchange, options.bodyLimit, handler.method.input, values)
      const response = await handler(request)
      const lasts = handler.method.methodKind === 'server_streaming'
      return toReply(response, { text, lasts, stallMs: options.stallMs })
    },
  }
}

function handlerOf(rpc: RpcDescriptor, options: RpcOptions): UniversalHandler {
  const router = createConnectRouter({
    grpc: false,
    readMaxBytes: options.bodyLimit,
    // Who is not let in has nothing read of theirs.
    requestGate: async (ctx) =>
      told(ctx, rpc, options, async (exchange) => {
        const credentials = credentialsOf(rpc, exchange, rpc.desc.methodKind === 'unary')
        const { actor } = await admitCaller(rpc, { userToken: credentials.userToken, caller: undefined }, options.users)
        ctx.values.set(credentialsKey, credentials).set(userKey, actor.id)
      }),
  })
  router.rpc(rpc.desc, implementationOf(rpc, options) as Parameters<typeof router.rpc<DescMethod>>[1])
  const [handler] = router.handlers
  if (handler === undefined) throw new Error(`${rpc.path} has no handler`)
  return handler
}

function implementationOf(rpc: RpcDescriptor, options: RpcOptions): unknown {
  const { input, output } = rpc.desc
  const callOf = (request: Message, exchange: Exchange, ctx: HandlerContext, deadline: number): Call => ({
    ...(ctx.values.get(credentialsKey) ?? { userToken: undefined, traceparent: undefined, idempotencyKey: undefined }),
    request: asBuffer(toBinary(input, request)),
    requestId: exchange.requestId,
    deadline: Math.min(deadline, Date.now() + (ctx.timeoutMs() ?? Infinity)),
  })
  if (rpc.desc.methodKind === 'unary') {
    const send = options.senders.of(rpc)
    return async (request: Message, ctx: HandlerContext) =>
      told(ctx, rpc, options, async (exchange) => {
        const call = callOf(request, exchange, ctx, Date.now() + options.timeoutMs)
        await options.limits.admitCall(exchange, rpc, ctx.values.get(userKey), call.request)
        const response = fromBinary(output, await send(call, exchange.response))
        count(ctx, rpc, 'OK')
        return response
      })
  }
  return async function* (request: Message, ctx: HandlerContext) {
    const messages = await told(ctx, rpc, options, async (exchange) => {
      const signal = options.streams.enter(exchange.response, options.limits.clientOf(exchange.request))
      return options.upstreams.of(rpc.service).stream(rpc.path, callOf(request, exchange, ctx, Infinity), signal)
    })
    const each = messages[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await told(ctx, rpc, options, async () => each.next())
        if (next.done === true) break
        yield fromBinary(output, next.value)
      }
      count(ctx, rpc, 'OK')
    } finally {
      await each.return?.()
    }
  }
}

/** Does something for a call; what is thrown is counted, logged where it is our fault, and told in the caller's protocol. */
async function told<T>(
  ctx: HandlerContext,
  rpc: RpcDescriptor,
  { log }: RpcOptions,
  work: (exchange: Exchange) => Promise<T>,
): Promise<T> {
  const exchange = ctx.values.get(exchangeKey)
  if (exchange === undefined) throw new Error('a call without its exchange')
  try {
    return await work(exchange)
  } catch (thrown) {
    const { requestId } = exchange
    const error = HoldfastError.from(thrown)
    if (thrown instanceof ClientGoneError) {
      count(ctx, rpc, 'CANCELLED')
    } else {
      count(ctx, rpc, error.code)
      const line = { requestId, route: rpc.path, code: error.code, err: error.cause }
      // A process that stops ends thousands of streams: nothing that anybody has to look into.
      const level = error.code === 'UNAVAILABLE' && rpc.desc.methodKind !== 'unary' ? 'info' : 'error'
      if (errorCodes[error.code].http >= 500) log[level](line, error.message)
    }
    throw toConnectError(error, requestId)
  }
}

function count({ protocolName: protocol }: HandlerContext, { method }: RpcDescriptor, code: string): void {
  calls.inc({ protocol, method, code })
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
