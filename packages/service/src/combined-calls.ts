/** Calls that travelled together, each served as if it had come alone (CombinedCallService). */
import type { CombinedCall, CombinedCallResult, CombinedCallServiceService } from '@holdfast/contracts/common'

import { type CallContext, saneRequestId } from './context'
import { HoldfastError, invalidField } from './errors'
import { toItemError } from './grpc-errors'
import type { Handlers } from './grpc-server'
import { type ServedRpc, type ServeParts, serveCall } from './serve-call'

const mostCalls = 1_000
/** No caller waits longer, in ms. */
const longestMs = 600_000

/** @param served every RPC of the service by its path; those whose proto says `combined` may come this way */
export function combinedCalls(
  served: ReadonlyMap<string, ServedRpc>,
  parts: ServeParts,
): Handlers<typeof CombinedCallServiceService> {
  return {
    callMany: async ({ method, calls }, ctx) => {
      const rpc = served.get(method)
      if (rpc === undefined || !rpc.rpc.combined) throw invalidField('method', 'is no RPC of this service that is combined')
      if (calls.length < 1 || calls.length > mostCalls) throw invalidField('calls', `must be 1 to ${mostCalls}`)
      return { results: await Promise.all(calls.map(async (call) => serveOne(rpc, call, ctx, parts))) }
    },
  }
}

async function serveOne(served: ServedRpc, call: CombinedCall, ctx: CallContext, parts: ServeParts): Promise<CombinedCallResult> {
  const envelope = {
    requestId: saneRequestId(call.requestId),
    userToken: call.userToken === '' ? undefined : call.userToken,
    caller: ctx.caller,
    deadline: Math.min(ctx.deadline, Date.now() + Math.min(call.timeoutMs, longestMs)),
    idempotencyKey: call.idempotencyKey === '' ? undefined : call.idempotencyKey,
    traceparent: call.traceparent === '' ? undefined : call.traceparent,
  }
  try {
    const response = await serveCall(served, asBuffer(call.request), envelope, parts)
    return { response: served.encode(response), error: undefined }
  } catch (error) {
    return { response: nothing, error: toItemError(HoldfastError.from(error)) }
  }
}

const nothing = new Uint8Array(0)

/** The same bytes: nothing is copied. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
