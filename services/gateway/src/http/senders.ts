import type { ServerResponse } from 'node:http'

import type { RpcDescriptor } from '@holdfast/contracts'

import type { AnswerCache } from './answers/answer-cache'
import { ClientGoneError } from './body'
import { combineCalls } from './combined-calls'
import type { Call, Upstream, Upstreams } from './upstreams'

/**
 * Does a call.
 * @param response that of the request which it is for: a client that goes away takes its call with it
 * @throws HoldfastError, ClientGoneError
 */
export type Send = (call: Call, response: ServerResponse) => Promise<Buffer>

/**
 * How calls of each unary RPC go out, whatever they came in as: calls that wait travel together with those of every protocol, and
 * what is kept of answers is for all of them.
 * @throws Error when nobody serves one of the services
 */
export class Senders {
  private readonly byPath: ReadonlyMap<string, Send>

  /** @param answers undefined: none are kept */
  constructor(upstreams: Upstreams, rpcs: readonly RpcDescriptor[], answers?: AnswerCache) {
    this.byPath = new Map(
      rpcs.map((rpc) => {
        const send = senderOf(rpc, upstreams.of(rpc.service))
        return [rpc.path, answers?.around(rpc, send) ?? send]
      }),
    )
  }

  of(rpc: RpcDescriptor): Send {
    const send = this.byPath.get(rpc.path)
    if (send === undefined) throw new Error(`${rpc.path} has no sender`)
    return send
  }
}

/** Alone, where a client that goes away takes its call with it; or together with others, if the proto says so. */
function senderOf(rpc: RpcDescriptor, upstream: Upstream): Send {
  if (rpc.combined) return combineCalls(upstream, rpc.path)
  return async (call, response) => {
    const gone = new AbortController()
    const abort = (): void => gone.abort()
    response.on('close', abort)
    if (response.destroyed) abort()
    try {
      return await upstream.call(rpc.path, call, gone.signal)
    } catch (error) {
      throw gone.signal.aborted ? new ClientGoneError('the client did not wait for its answer', { cause: error }) : error
    } finally {
      response.off('close', abort)
    }
  }
}
