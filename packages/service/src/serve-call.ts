import type { RpcDescriptor } from '@holdfast/contracts'

import { admitCaller } from './access'
import { type CallContext, checkDeadline, checkKey } from './context'
import { databaseError } from './database'
import { errorCodes, HoldfastError } from './errors'
import type { Logger } from './log'
import { counter, histogram } from './metrics'
import type { ServiceTokens, UserTokens } from './tokens'

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
}

const requests = counter('grpc_requests_total', 'Calls served, also those that came together with others', ['method', 'code'])
const duration = histogram('grpc_request_duration_seconds', 'How long serving a call took', ['method'])

/** Lets the caller in or not, does the call, and logs one line about it. Throws nothing but HoldfastError. */
export async function serveCall(served: ServedRpc, bytes: Buffer, envelope: CallEnvelope, parts: ServeParts): Promise<unknown> {
  const startedAt = performance.now()
  const { method } = served.rpc
  const log = parts.log.child({ requestId: envelope.requestId })
  /** Counts the call; what the log says of it. */
  const over = (code: string, more: object) => {
    const ms = performance.now() - startedAt
    requests.inc({ method, code })
    duration.observe({ method }, ms / 1000)
    return { rpc: method, ms: Math.round(ms * 100) / 100, ...more }
  }
  try {
    const admitted = await admitCaller(served.rpc, envelope, parts.users)
    // An empty key is no key of anybody's: taken for one, it would make one request of all that have it.
    const key = envelope.idempotencyKey
    const idempotencyKey = key === undefined ? undefined : checkKey(bare(key))
    const ctx: CallContext = { ...envelope, ...admitted, log, idempotencyKey }
    const request = read(served, bytes)
    checkDeadline(ctx)
    const response = await served.handler(request, ctx)
    log.info(over('OK', {}), 'ok')
    return response
  } catch (thrown) {
    const error = HoldfastError.from(databaseError(thrown))
    // Refusals are the caller's affair; what is ours is logged with its cause.
    const ours = errorCodes[error.code].http >= 500
    const { code, cause } = error
    if (ours) log.error(over(code, { code, ...(cause !== undefined && { err: cause }) }), error.message)
    else log.info(over(code, { code }), error.message)
    throw error
  }
}

/** Bytes that are no message: gRPC by itself would say INTERNAL, and it is the caller's mistake. */
function read({ rpc, decode }: ServedRpc, bytes: Buffer): unknown {
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
