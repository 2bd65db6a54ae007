import {
  Client,
  type ClientOptions,
  Metadata,
  type MethodDefinition,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js'

import { Breaker } from './breaker'
import { type CallContext, metadataNames } from './context'
import { endOf, fromGrpcError } from './grpc-errors'
import type { RequestOf, ResponseOf } from './grpc-server'
import type { Logger } from './log'
import { type PeerTls, plaintext } from './peer-tls'
import type { ServiceTokens } from './tokens'
import { inClientSpan } from './tracing/call-spans'

/** A peer's RPCs as plain functions; errors arrive as HoldfastError. */
export type PeerClient<Definition> = {
  [Method in keyof Definition]: Definition[Method] extends { responseStream: true }
    ? (request: RequestOf<Definition[Method]>, ctx: CallContext) => AsyncIterable<ResponseOf<Definition[Method]>>
    : (request: RequestOf<Definition[Method]>, ctx: CallContext) => Promise<ResponseOf<Definition[Method]>>
} & { close(): void }

export interface PeerOptions {
  /** gRPC target; a DNS name with several addresses is called round robin. */
  address: string
  /** The peer's name, as its service tokens name it. */
  peer: string
  services: ServiceTokens
  /** Plaintext if it is not given. */
  tls?: PeerTls
  /** Told when the peer hangs, and when it answers again. */
  log?: Logger
}

/** What an answer needs on its way back, in ms: a peer is given that much less time than there is. */
const hopMs = 10

/**
 * Lost connections come back quickly: a restarted peer is found again within a second, and one that went elsewhere soon after (grpc-js
 * asks DNS for addresses twice a minute at most if it is not told otherwise).
 */
export const channelOptions: ClientOptions = {
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  // How a peer is called is said here, and not by a TXT record of its name.
  'grpc.service_config_disable_resolution': 1,
  'grpc.dns_min_time_between_resolutions_ms': 2_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.keepalive_time_ms': 10_000,
  // A process that has more to do than its machine can is not gone: cutting its connections would fail calls that it is about to answer.
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.max_receive_message_length': 8 * 1024 * 1024,
  'grpc.max_send_message_length': 8 * 1024 * 1024,
}

/**
 * A typed client that passes on request id, user token and deadline, and names itself by a service token. While the peer hangs its calls
 * are UNAVAILABLE at once; streams are tried all the same.
 */
export function createPeer<Definition extends object>(definition: Definition, options: PeerOptions): PeerClient<Definition> {
  const { address, peer, tls = plaintext, log } = options
  const client = new Client(address, tls.client(peer), { ...channelOptions, ...tls.clientOptions(peer) })
  const breaker = new Breaker(peer, log)
  const methods = Object.entries(definition as ServiceDefinition).map(([name, method]) => [
    name,
    method.responseStream
      ? (request: unknown, ctx: CallContext) => callStream(client, method, request, ctx, options)
      : async (request: unknown, ctx: CallContext) => callUnary({ client, breaker }, method, request, ctx, options),
  ])
  return { ...Object.fromEntries(methods), close: () => client.close() } as PeerClient<Definition>
}

async function callUnary(
  channel: Channel,
  method: MethodDefinition<unknown, unknown>,
  request: unknown,
  ctx: CallContext,
  options: PeerOptions,
): Promise<unknown> {
  const deadline = ctx.deadline - hopMs
  return inClientSpan(method.path, options.peer, ctx.traceparent, async (traceparent) =>
    makeCall(channel, method, request, { metadata: metadataOf(ctx, traceparent, options), deadline }),
  )
}

/** The way to a peer. */
export interface Channel {
  client: Client
  breaker: Breaker
}

export interface CallTerms {
  metadata: Metadata
  /** ms since 1970 */
  deadline: number
  /** Gives the call up. */
  signal?: AbortSignal | undefined
}

/** One message for one, unless the peer hangs. @throws HoldfastError */
export async function makeCall<Request, Response>(
  { client, breaker }: Channel,
  { path, requestSerialize, responseDeserialize }: UnaryMethod<Request, Response>,
  request: Request,
  { metadata, deadline, signal }: CallTerms,
): Promise<Response | undefined> {
  const ended = breaker.admit()
  return new Promise((resolve, reject) => {
    const cancel = (): void => underWay.cancel()
    const take = (error: ServiceError | null, response?: Response): void => {
      signal?.removeEventListener('abort', cancel)
      ended(endOf(error))
      if (error) reject(fromGrpcError(error))
      else resolve(response)
    }
    const underWay = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, { deadline }, take)
    signal?.addEventListener('abort', cancel)
    if (signal?.aborted === true) cancel()
  })
}

type UnaryMethod<Request, Response> = Pick<
  MethodDefinition<Request, Response>,
  'path' | 'requestSerialize' | 'responseDeserialize'
>

/** Its messages; who stops reading before the end has it cancelled. */
async function* callStream(
  client: Client,
  method: MethodDefinition<unknown, unknown>,
  request: unknown,
  ctx: CallContext,
  options: PeerOptions,
): AsyncGenerator {
  const { path, requestSerialize, responseDeserialize } = method
  const deadline = ctx.deadline - hopMs
  const metadata = metadataOf(ctx, ctx.traceparent, options)
  const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, metadata, { deadline })
  try {
    yield* stream
  } catch (error) {
    throw fromGrpcError(error as ServiceError)
  } finally {
    stream.cancel()
  }
}

function metadataOf(ctx: CallContext, traceparent: string | undefined, options: PeerOptions): Metadata {
  const metadata = new Metadata()
  metadata.set(metadataNames.requestId, ctx.requestId)
  metadata.set(metadataNames.serviceToken, options.services.issueFor(options.peer))
  if (ctx.userToken !== undefined) metadata.set(metadataNames.authorization, `Bearer ${ctx.userToken}`)
  if (traceparent !== undefined) metadata.set(metadataNames.traceparent, traceparent)
  return metadata
}
