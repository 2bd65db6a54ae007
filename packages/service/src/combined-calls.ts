/** Calls that travelled together, each served as if it had come alone (CombinedCallService). */
import { type CombinedCall, CombinedCallResult, type CombinedCallServiceService } from '@holdfast/contracts/common'

import { type CallContext, saneRequestId } from './context'
import { type ErrorCode, HoldfastError, invalidField } from './errors'
import { toItemError } from './grpc-errors'
import type { Handlers } from './grpc-server'
import { type CallEnvelope, doCall, msSince, type ServedRpc, type ServeParts } from './serve-call'
import { inServerSpan } from './tracing/call-spans'

const mostCalls = 1_000
/** Of the answers to them: one message carries 8 MiB, and around each answer are some bytes more. */
const mostBytes = 6_000_000
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
      const startedAt = performance.now()
      const answers = whatFits(await Promise.all(calls.map(async (call) => answerOne(rpc, call, ctx, parts))))
      parts.log.info({ rpc: rpc.rpc.method, ms: msSince(startedAt), ...idsByOutcome(answers) }, 'combined')
      return { results: answers.map(({ result }) => result) }
    },
  }
}

interface Answer {
  requestId: string
  outcome: ErrorCode | 'ok'
  result: CombinedCallResult
}

async function answerOne(served: ServedRpc, call: CombinedCall, ctx: CallContext, parts: ServeParts): Promise<Answer> {
  const requestId = saneRequestId(call.requestId)
  const envelope: CallEnvelope = {
    requestId,
    userToken: call.userToken === '' ? undefined : call.userToken,
    caller: ctx.caller,
    deadline: Math.min(ctx.deadline, Date.now() + Math.min(call.timeoutMs, longestMs)),
    idempotencyKey: call.idempotencyKey === '' ? undefined : call.idempotencyKey,
    traceparent: call.traceparent === '' ? undefined : call.traceparent,
  }
  try {
    const doOne = async (within: CallEnvelope): Promise<unknown> => doCall(served, asBuffer(call.request), within, parts)
    const response = await inServerSpan(served.rpc, envelope, doOne)
    return { requestId, outcome: 'ok', result: { response: served.encode(response), error: undefined } }
  } catch (thrown) {
    const error = HoldfastError.from(thrown)
    return { requestId, outcome: error.code, result: { response: nothing, error: toItemError(error) } }
  }
}

/** An answer that found no room fails alone: what does not go into one message would fail everybody in it. */
function whatFits(answers: Answer[]): Answer[] {
  // By itself it has the whole message.
  if (answers.length === 1) return answers
  let sum = 0
  return answers.map((answer) => {
    const { requestId, outcome, result } = answer
    const bytes = outcome === 'ok' ? result.response.length : CombinedCallResult.encode(result).finish().length
    if (sum + bytes <= mostBytes) {
      sum += bytes
      return answer
    }
    const error = new HoldfastError(
      'OVERLOADED',
      'The call was served, but with those that came with it there is too much to answer',
    )
    return { requestId, outcome: error.code, result: { response: nothing, error: toItemError(error) } }
  })
}

/** What the one line about a batch says: under each outcome the request ids that had it. */
function idsByOutcome(answers: Answer[]): Record<string, string[]> {
  const ids: Record<string, string[]> = {}
  for (const { outcome, requestId } of answers) (ids[outcome] ??= []).push(requestId)
  return ids
}

const nothing = new Uint8Array(0)

/** The same bytes: nothing is copied. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
