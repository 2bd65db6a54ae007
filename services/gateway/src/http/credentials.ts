import type { RpcDescriptor } from '@holdfast/contracts'
import { bearerToken } from '@holdfast/service'

import type { Exchange } from './exchange'
import { idempotencyKeyOf } from './idempotency-key'
import type { Call } from './upstreams'

export type Credentials = Pick<Call, 'userToken' | 'traceparent' | 'idempotencyKey'>

/**
 * What goes with a call from its request.
 * @param keyed whether it may have an idempotency key: what only reads has no use for one
 * @throws UNAUTHENTICATED for an Authorization that is no bearer token, INVALID_ARGUMENT for what is no key
 */
export function credentialsOf(
  rpc: RpcDescriptor,
  { request: { headers }, traceparent }: Pick<Exchange, 'request' | 'traceparent'>,
  keyed: boolean,
): Credentials {
  const { authorization } = headers
  return {
    userToken: authorization === undefined || rpc.access.who === 'PUBLIC' ? undefined : bearerToken(authorization),
    traceparent,
    idempotencyKey: keyed ? idempotencyKeyOf(headers) : undefined,
  }
}
