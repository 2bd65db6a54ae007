import type { IncomingHttpHeaders } from 'node:http'

import type { RpcDescriptor } from '@holdfast/contracts'
import { bearerToken } from '@holdfast/service'

import { idempotencyKeyOf } from './idempotency-key'
import type { Call } from './upstreams'

export type Credentials = Pick<Call, 'userToken' | 'traceparent' | 'idempotencyKey'>

const traceparentForm = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/

/**
 * What goes with a call from the headers of its request.
 * @param keyed whether it may have an idempotency key: what only reads has no use for one
 * @throws UNAUTHENTICATED for an Authorization that is no bearer token, INVALID_ARGUMENT for what is no key
 */
export function credentialsOf(rpc: RpcDescriptor, headers: IncomingHttpHeaders, keyed: boolean): Credentials {
  const { authorization, traceparent } = headers
  return {
    userToken: authorization === undefined || rpc.access.who === 'PUBLIC' ? undefined : bearerToken(authorization),
    traceparent: typeof traceparent === 'string' && traceparentForm.test(traceparent) ? traceparent : undefined,
    idempotencyKey: keyed ? idempotencyKeyOf(headers) : undefined,
  }
}
