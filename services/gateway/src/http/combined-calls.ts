/** Calls of one RPC that wait travel together: a gRPC call of its own costs more than the work. */
import { CallManyRequest, CallManyResponse, CombinedCallServiceService } from '@holdfast/contracts/common'
import { Combiner, fromItemError, HoldfastError, type Outcome } from '@holdfast/service'

import type { Call, Upstream } from './upstreams'

const mostCalls = 500
const mostBytes = 2_000_000
const maxQueue = 10_000
/** The next batch is on its way while others are served: a batch takes as long as its slowest call. */
const underWay = 4

/** @returns does a call of that RPC, alone or with others, and answers the response's bytes or throws HoldfastError */
export function combineCalls(upstream: Upstream, path: string): (call: Call) => Promise<Buffer> {
  const combiner = new Combiner<Call, Buffer>({
    name: path,
    run: async (calls) => callMany(upstream, path, calls),
    maxItems: mostCalls,
    maxQueue,
    concurrency: underWay,
    // A create without a key is not repeatable, and what became of a batch that failed is not known.
    split: false,
    weight: { of: (call) => call.request.length + (call.userToken?.length ?? 0), max: mostBytes },
  })
  return async (call) => combiner.submit(call, call.deadline)
}

async function callMany(upstream: Upstream, method: string, calls: Call[]): Promise<Outcome<Buffer>[]> {
  const now = Date.now()
  const request = CallManyRequest.encode({
    method,
    calls: calls.map((call) => ({
      request: call.request,
      userToken: call.userToken ?? '',
      requestId: call.requestId,
      // In quotes, as in the header.
      idempotencyKey: call.idempotencyKey === undefined ? '' : `"${call.idempotencyKey}"`,
      traceparent: call.traceparent ?? '',
      timeoutMs: Math.max(0, call.deadline - now),
    })),
  }).finish()
  const [first] = calls
  const bytes = await upstream
    .call(CombinedCallServiceService.callMany.path, {
      request: asBuffer(request),
      // The batch is the gateway's own call; it may take as long as the most patient of those who wait.
      requestId: first?.requestId ?? '',
      deadline: Math.max(...calls.map((call) => call.deadline)),
      userToken: undefined,
      idempotencyKey: undefined,
      // Where none of them is recorded, the service is told that by it.
      traceparent: first?.traceparent,
    })
    .catch((error: unknown) => {
      throw calls.length > 1 ? ofBatch(error) : error
    })
  const { results } = CallManyResponse.decode(bytes)
  return results.map(({ response, error }) =>
    error === undefined ? { value: asBuffer(response) } : { error: fromItemError(error) },
  )
}

/** That all together are too large, or wrong in any other way, is no mistake of any one of them. */
function ofBatch(error: unknown): unknown {
  if (!(error instanceof HoldfastError) || error.code !== 'INVALID_ARGUMENT') return error
  return new HoldfastError('OVERLOADED', 'Too much was asked for at the same time', { cause: error })
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
