import {
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type { PackageDefinition } from '@grpc/proto-loader'
import { ReflectionService } from '@grpc/reflection'
import { fileDescriptors, type RpcDescriptor, rpcDescriptors } from '@holdfast/contracts'
import { HealthImplementation } from 'grpc-health-check'

import { admit } from './access'
import { type CallContext, checkDeadline, checkKey, metadataNames, saneRequestId } from './context'
import { databaseError } from './database'
import { errorCodes, HoldfastError } from './errors'
import { toGrpcStatus } from './grpc-errors'
import type { Logger } from './log'
import type { ServiceTokens, UserTokens } from './tokens'

/** A service's RPCs as plain functions; the compiler sees to it that none is missing. */
export type Handlers<Definition> = {
  [Method in keyof Definition]: (
    request: RequestOf<Definition[Method]>,
    ctx: CallContext,
  ) => Promise<ResponseOf<Definition[Method]>>
}
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
}

export interface GrpcServer {
  readonly port: number
  /** Health says NOT_SERVING, new calls are refused, those under way are finished. */
  stop(): Promise<void>
}

/** A caller that names no deadline gets this one, in ms. */
const defaultDeadlineMs = 10_000
/** A stop waits this long for calls under way, in ms. */
const drainMs = 10_000
const maxMessageBytes = 8 * 1024 * 1024

/** Serves one service with access checks from the descriptors, health, reflection and request ids. */
export async function startGrpcServer<Definition extends object>(options: GrpcServerOptions<Definition>): Promise<GrpcServer> {
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
  })
  const definition = options.definition as ServiceDefinition
  const rpcs = new Map(rpcDescriptors().map((rpc) => [rpc.path, rpc]))
  const implementation: UntypedServiceImplementation = {}
  for (const [name, method] of Object.entries(definition)) {
    const rpc = rpcs.get(method.path)
    if (rpc === undefined) throw new Error(`${method.path} is not in the descriptors`)
    implementation[name] = unary(rpc, options.handlers[name as keyof Definition] as UntypedHandler, options)
  }
  server.addService(forgiving(definition), implementation)

  const services = [...new Set(Object.values(definition).map((method) => method.path.split('/')[1] ?? ''))]
  const health = new HealthImplementation(Object.fromEntries(['', ...services].map((service) => [service, 'SERVING'])))
  health.addToServer(server)
  new ReflectionService(reflected(), { services }).addToServer(server)

  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${options.host}:${options.port}`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  return {
    port,
    stop: async () => {
      for (const service of ['', ...services]) health.setStatus(service, 'NOT_SERVING')
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

/**
 * The files as buf wrote them. proto-loader would make them anew and lose their imports, without which strict clients
 * (grpcurl, protobuf-go) can't resolve a type; of its package definition, reflection reads nothing but these bytes.
 */
function reflected(): PackageDefinition {
  return { proto: { fileDescriptorProtos: fileDescriptors() } } as unknown as PackageDefinition
}

/** Bytes that are no message: gRPC by itself would say INTERNAL, and it is the caller's mistake. */
const unreadable = Symbol('unreadable')

function forgiving(definition: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(definition).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer): unknown => {
      try {
        return method.requestDeserialize(bytes)
      } catch {
        return unreadable
      }
    }
    return [name, { ...method, requestDeserialize }]
  })
  return Object.fromEntries(methods) as ServiceDefinition
}

type UntypedHandler = (request: unknown, ctx: CallContext) => Promise<unknown>
type ServerParts = Pick<GrpcServerOptions<object>, 'users' | 'services' | 'log'>

function unary(rpc: RpcDescriptor, handler: UntypedHandler, parts: ServerParts): handleUnaryCall<unknown, unknown> {
  return (call, callback) => {
    const startedAt = performance.now()
    const requestId = saneRequestId(call.metadata.get(metadataNames.requestId)[0])
    const log = parts.log.child({ requestId })
    void serve(call, rpc, handler, parts, requestId, log).then(
      (response) => {
        log.info({ rpc: rpc.method, ms: elapsed(startedAt) }, 'ok')
        callback(null, response)
      },
      (thrown: unknown) => {
        const error = HoldfastError.from(databaseError(thrown))
        logRefusal(log, rpc, error, elapsed(startedAt))
        callback(toGrpcStatus(error, requestId))
      },
    )
  }
}

async function serve(
  call: ServerUnaryCall<unknown, unknown>,
  rpc: RpcDescriptor,
  handler: UntypedHandler,
  parts: ServerParts,
  requestId: string,
  log: Logger,
): Promise<unknown> {
  const headers = new Metadata()
  headers.set(metadataNames.requestId, requestId)
  call.sendMetadata(headers)
  const admitted = await admit(rpc, call.metadata, parts.users, parts.services)
  const ctx: CallContext = {
    ...admitted,
    requestId,
    deadline: deadlineOf(call),
    idempotencyKey: keyOf(call.metadata),
    traceparent: textOf(call.metadata, metadataNames.traceparent),
    log,
  }
  if (call.request === unreadable) throw new HoldfastError('INVALID_ARGUMENT', `The message is no request of ${rpc.method}`)
  checkDeadline(ctx)
  return handler(call.request, ctx)
}

function deadlineOf(call: ServerUnaryCall<unknown, unknown>): number {
  const deadline = Number(call.getDeadline())
  return Number.isFinite(deadline) ? deadline : Date.now() + defaultDeadlineMs
}

function textOf(metadata: Metadata, name: string): string | undefined {
  const value = metadata.get(name)[0]
  return typeof value === 'string' ? value : undefined
}

/** RFC draft: the key is a structured-field string, so the quotes belong to the header and not to the key. */
function keyOf(metadata: Metadata): string | undefined {
  const value = textOf(metadata, metadataNames.idempotencyKey)
  if (value === undefined) return undefined
  return checkKey(/^".*"$/.test(value) ? value.slice(1, -1) : value)
}

/** Refusals are the caller's affair; what is ours is logged with its cause. */
function logRefusal(log: Logger, rpc: RpcDescriptor, error: HoldfastError, ms: number): void {
  const line = { rpc: rpc.method, ms, code: error.code, ...(error.cause !== undefined && { err: error.cause }) }
  if (errorCodes[error.code].http >= 500) log.error(line, error.message)
  else log.info({ rpc: rpc.method, ms, code: error.code }, error.message)
}

function elapsed(since: number): number {
  return Math.round((performance.now() - since) * 100) / 100
}
