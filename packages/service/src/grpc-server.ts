import { setTimeout as sleep } from 'node:timers/promises'

import {
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  Server,
  type ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { type RpcDescriptor, rpcDescriptors } from '@holdfast/contracts'
import { CombinedCallServiceService } from '@holdfast/contracts/common'
import { HealthImplementation } from 'grpc-health-check'

import { readCredentials } from './access'
import { combinedCalls } from './combined-calls'
import { ConfigError } from './config'
import { type CallContext, metadataNames, saneRequestId } from './context'
import { HoldfastError } from './errors'
import { toGrpcStatus } from './grpc-errors'
import type { CallLimit } from './limits/direct-calls'
import type { Logger } from './log'
import { type PeerTls, plaintext } from './peer-tls'
import { addReflection } from './reflection'
import { type CallEnvelope, type ServedRpc, type ServeParts, serveCall } from './serve-call'
import { whenLeaving } from './service'
import { OpenStreams, type ServedStream, type StreamContext, type StreamTimes, streamTimes } from './serve-stream'
import type { ServiceTokens, UserTokens } from './tokens'

/** A service's RPCs as plain functions; the compiler sees to it that none is missing. */
export type Handlers<Definition> = {
  [Method in keyof Definition]: Handler<Definition[Method]>
}
type Handler<Method> = Method extends { responseStream: true }
  ? (request: RequestOf<Method>, ctx: StreamContext) => Promise<AsyncIterable<ResponseOf<Method>>>
  : (request: RequestOf<Method>, ctx: CallContext) => Promise<ResponseOf<Method>>
export type RequestOf<Method> = Method extends { requestDeserialize: (bytes: Buffer) => infer Request } ? Request : never
export type ResponseOf<Method> = Method extends { responseDeserialize: (bytes: Buffer) => infer Response } ? Response : never

export interface GrpcServerOptions<Definition> {
  name: string
  host: string
  /** 0: any free one. */
  port: number
  definition: Definition
  handlers: Handlers<Definition>
  users: UserTokens
  services: ServiceTokens
  log: Logger
  /** Plaintext if it is not given. */
  tls?: PeerTls
  /** Of its streams; those of {@link streamTimes}. */
  streams?: Partial<StreamTimes>
  /** No connection takes calls for longer, in ms (a tenth more or less, so that they don't end all at once); 300,000. */
  connectionAgeMs?: number
  /** How often users may call; undefined: as often as they like. */
  limit?: CallLimit
}

export interface GrpcServer {
  readonly port: number
  /** Health says NOT_SERVING, new calls are refused, those under way are finished, streams are ended. */
  stop(): Promise<void>
}

/** A caller that names no deadline gets this one, in ms. */
const defaultDeadlineMs = 10_000
/** A stop waits this long for calls under way, in ms. */
const drainMs = 10_000
const maxMessageBytes = 8 * 1024 * 1024
/**
 * A caller asks for the addresses of a service when it loses a connection: no replica that was added waits longer for calls, and a
 * certificate, which counts when a connection is made, is looked at again as often.
 */
const usualConnectionAgeMs = 300_000
/** What is under way on a connection that is too old has so long to end, in ms, beyond the longest stream: nothing is cut. */
const connectionGraceMs = 60_000
/** A port may be taken for a moment by somebody's outgoing connection, or by our predecessor: it is tried for so long, in ms. */
const bindMs = 5_000

/** Serves one service with access checks from the descriptors, health, reflection and request ids. */
export async function startGrpcServer<Definition extends object>(options: GrpcServerOptions<Definition>): Promise<GrpcServer> {
  const { tls = plaintext, connectionAgeMs = usualConnectionAgeMs } = options
  const times = { ...streamTimes, ...options.streams }
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.max_connection_age_ms': connectionAgeMs,
    'grpc.max_connection_age_grace_ms': times.longestMs + connectionGraceMs,
    ...tls.serverOptions(options.services),
  })
  const streams = new OpenStreams(options, times)
  const own = serve(server, options.definition, options.handlers, options, streams)
  serve(server, CombinedCallServiceService, combinedCalls(own, options), options, streams)

  const services = [...new Set([...own.values()].map(({ rpc }) => rpc.service))]
  const health = new HealthImplementation(Object.fromEntries(['', ...services].map((service) => [service, 'SERVING'])))
  health.addToServer(server)
  addReflection(server, [...services, 'grpc.health.v1.Health'])

  const notServing = (): void => {
    for (const service of ['', ...services]) health.setStatus(service, 'NOT_SERVING')
  }
  const forget = whenLeaving(notServing)

  const port = await bind(server, `${options.host}:${options.port}`, tls.server())
  return {
    port,
    stop: async () => {
      forget()
      notServing()
      streams.end()
      await new Promise<void>((resolve) => {
        const force = setTimeout(() => server.forceShutdown(), drainMs)
        server.tryShutdown(() => {
          clearTimeout(force)
          resolve()
        })
      })
    },
  }
}

/** @throws ConfigError when another program has the port */
async function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  const giveUpAt = Date.now() + bindMs
  for (;;) {
    try {
      return await new Promise<number>((resolve, reject) => {
        server.bindAsync(address, credentials, (error, port) => (error ? reject(error) : resolve(port)))
      })
    } catch (error) {
      if (!String(error).includes('EADDRINUSE')) throw error
      if (Date.now() >= giveUpAt) throw new ConfigError(`GRPC_PORT: ${address} is in use by another program`)
      await sleep(100)
    }
  }
}

/** Adds a service to the server. @returns its unary RPCs by path */
function serve<Definition extends object>(
  server: Server,
  definition: Definition,
  handlers: Handlers<Definition>,
  parts: ServeParts,
  streams: OpenStreams,
): ReadonlyMap<string, ServedRpc> {
  const rpcs = new Map(rpcDescriptors().map((rpc) => [rpc.path, rpc]))
  const served = new Map<string, ServedRpc>()
  const implementation: UntypedServiceImplementation = {}
  const methods: Record<string, MethodDefinition<Buffer, unknown>> = {}
  for (const [name, method] of Object.entries(definition as ServiceDefinition)) {
    const rpc = rpcs.get(method.path)
    if (rpc === undefined) throw new Error(`${method.path} is not in the descriptors`)
    const handler = handlers[name as keyof Definition] as UntypedHandler
    const one = { rpc, decode: method.requestDeserialize, encode: method.responseSerialize }
    methods[name] = { ...method, requestDeserialize: asTheyCame, requestSerialize: asTheyCame }
    if (method.responseStream) {
      const stream: ServedStream = { ...one, handler: handler as ServedStream['handler'] }
      methods[name] = { ...methods[name], responseSerialize: encodedAlready }
      implementation[name] = streams.serve(stream, (call, requestId) => envelopeOf(rpc, call, requestId, Infinity, parts))
    } else {
      const unaryOne: ServedRpc = { ...one, handler: handler as ServedRpc['handler'] }
      served.set(method.path, unaryOne)
      implementation[name] = unary(unaryOne, parts)
    }
  }
  server.addService(methods, implementation)
  return served
}

type UntypedHandler = ServedRpc['handler'] | ServedStream['handler']

/** grpc-js hands the bytes on as they came: reading them is part of serving the call. */
const asTheyCame = (bytes: Buffer): Buffer => bytes
/** A stream's messages are bytes when they are handed over: an empty one, the heartbeat, is no message of anybody's. */
const encodedAlready = (bytes: unknown): Buffer => bytes as Buffer

function unary(served: ServedRpc, parts: ServeParts): handleUnaryCall<Buffer, unknown> {
  return (call, callback) => {
    const requestId = saneRequestId(call.metadata.get(metadataNames.requestId)[0])
    const headers = new Metadata()
    headers.set(metadataNames.requestId, requestId)
    call.sendMetadata(headers)
    void answer(served, call, requestId, parts).then(
      (response) => callback(null, response),
      (error: unknown) => callback(toGrpcStatus(HoldfastError.from(error), requestId)),
    )
  }
}

async function answer(
  served: ServedRpc,
  call: ServerUnaryCall<Buffer, unknown>,
  requestId: string,
  parts: ServeParts,
): Promise<unknown> {
  const envelope = envelopeOf(served.rpc, call, requestId, defaultDeadlineMs, parts)
  return serveCall(served, call.request, envelope, parts)
}

/** @param patienceMs how long a caller waits who does not say it, in ms */
function envelopeOf(
  rpc: RpcDescriptor,
  call: Pick<ServerUnaryCall<Buffer, unknown>, 'metadata' | 'getDeadline'>,
  requestId: string,
  patienceMs: number,
  parts: ServeParts,
): CallEnvelope {
  const { metadata } = call
  const deadline = Number(call.getDeadline())
  return {
    ...readCredentials(rpc, metadata, parts.services),
    requestId,
    deadline: Number.isFinite(deadline) ? deadline : Date.now() + patienceMs,
    idempotencyKey: textOf(metadata, metadataNames.idempotencyKey),
    traceparent: textOf(metadata, metadataNames.traceparent),
  }
}

function textOf(metadata: Metadata, name: string): string | undefined {
  const value = metadata.get(name)[0]
  return typeof value === 'string' ? value : undefined
}
