import type { RpcDescriptor } from '@holdfast/contracts'

import { admitCaller, type Admitted } from './access'
import { type CallContext, checkDeadline, checkKey } from './context'
import { databaseError } from './database'
import { type ErrorCode, errorCodes, HoldfastError } from './errors'
import type { CallLimit } from './limits/direct-calls'
import type { Logger } from './log'
import { counter, histogram } from './metrics'
import type { ServiceTokens, UserTokens } from './tokens'
import { inServerSpan } from './tracing/call-spans'

/** An RPC that a service serves: what the proto says of it, its codec, and the function that does it. */
export interface ServedRpc {
  rpc: RpcDescriptor
  decode: (bytes: Buffer) => unknown
  encode: (response: unknown) => Buffer
  handler: (request: unknown, ctx: CallContext) => Promise<unknown>
}

/** What comes with a call, however it came: alone, or together with others. */
export interface CallEnvelope {
  requestId: string
  /** The user's JWT as it was sent; not yet checked. */
  userToken: string | undefined
  /** The service that carries the call, proven by its token. */
  caller: string | undefined
  /** ms since 1970 */
  deadline: number
  idempotencyKey: string | undefined
  traceparent: string | undefined
}

export interface ServeParts {
  users: UserTokens
  services: ServiceTokens
  log: Logger
  /** Undefined: everybody may call as often as they like. */
  limit?: CallLimit
}

const requests = counter('grpc_requests_total', 'Calls served, also those that came together with others', ['method', 'code'])
const duration = histogram('grpc_request_duration_seconds', 'How long serving a call took', ['method'])

/** Does a call that came alone, and logs one line about it. Throws nothing but HoldfastError. */
export async function serveCall(served: ServedRpc, bytes: Buffer, envelope: CallEnvelope, parts: ServeParts): Promise<unknown> {
  return inServerSpan(served.rpc, envelope, async (within) => doAndLog(served, bytes, within, parts))
}

async function doAndLog(served: ServedRpc, bytes: Buffer, envelope: CallEnvelope, parts: ServeParts): Promise<unknown> {
  const startedAt = performance.now()
  const { requestId } = envelope
  const { method: rpc } = served.rpc
  try {
    const response = await doCall(served, bytes, envelope, parts)
    parts.log.info({ requestId, rpc, ms: msSince(startedAt) }, 'ok')
    return response
  } catch (thrown) {
    const error = HoldfastError.from(thrown)
    if (!isOurs(error)) parts.log.info({ requestId, rpc, ms: msSince(startedAt), code: error.code }, error.message)
    throw error
  }
}

/**
 * Lets the caller in or not, does the call, and counts it. Logs nothing but what is our fault, with its cause: refusals are
 * the caller's affair. Throws nothing but HoldfastError.
 */
export async function doCall(served: ServedRpc, bytes: Buffer, envelope: CallEnvelope, parts: ServeParts): Promise<unknown> {
  const startedAt = performance.now()
  const { method } = served.rpc
  let code: ErrorCode | 'OK' = 'OK'
  try {
    const admitted = await admitCaller(served.rpc, envelope, parts.users)
    const waits = parts.limit?.(served.rpc, admitted)
    if (waits !== undefined) await waits
    // An empty key is no key of anybody's: taken for one, it would make one request of all that have it.
    const key = envelope.idempotencyKey
    const idempotencyKey = key === undefined ? undefined : checkKey(bare(key))
    const ctx = contextOf(envelope, admitted, idempotencyKey, parts.log)
    const request = readRequest(served, bytes)
    checkDeadline(ctx)
    return await served.handler(request, ctx)
  } catch (thrown) {
    const error = HoldfastError.from(databaseError(thrown))
    code = error.code
    if (isOurs(error)) {
      const line = { requestId: envelope.requestId, rpc: method, ms: msSince(startedAt), code }
      parts.log.error({ ...line, ...(error.cause !== undefined && { err: error.cause }) }, error.message)
    }
    throw error
  } finally {
    countCall(method, code)
    duration.observe({ method }, (performance.now() - startedAt) / 1000)
  }
}

/** Counts a call that is over; CANCELLED: a stream whose reader went away. */
export function countCall(method: string, code: ErrorCode | 'OK' | 'CANCELLED'): void {
  requests.inc({ method, code })
}

export function contextOf(
  envelope: CallEnvelope,
  admitted: Admitted,
  idempotencyKey: string | undefined,
  serviceLog: Logger,
): CallContext {
  const { requestId, deadline, traceparent } = envelope
  const { actor, userToken, caller, choosesStrategy } = admitted
  let log: Logger | undefined
  return {
    requestId,
    actor,
    userToken,
    caller,
    ...(choosesStrategy === true && { choosesStrategy }),
    deadline,
    idempotencyKey,
    traceparent,
    // Most calls never write a line of their own, and a child of the log costs more than a lookup.
    get log() {
      return (log ??= serviceLog.child({ requestId }))
    },
  }
}

/** In ms, to two places. */
export function msSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) * 100) / 100
}

function isOurs({ code }: HoldfastError): boolean {
  return errorCodes[code].http >= 500
}

/** Bytes that are no message: gRPC by itself would say INTERNAL, and it is the caller's mistake. */
export function readRequest({ rpc, decode }: Pick<ServedRpc, 'rpc' | 'decode'>, bytes: Buffer): unknown {
  try {
    return decode(bytes)
  } catch (error) {
    throw new HoldfastError('INVALID_ARGUMENT', `The message is no request of ${rpc.method}`, { cause: error })
  }
}

/** RFC draft: the key is a structured-field string, so the quotes belong to the header and not to the key. */
function bare(key: string): string {
  return /^".*"$/.test(key) ? key.slice(1, -1) : key
}
