/** The two ends of a gRPC call. */
import { status as Grpc } from '@grpc/grpc-js'
import type { RpcDescriptor } from '@holdfast/contracts'

import { errorCodes, HoldfastError } from '../errors'
import type { CallEnvelope } from '../serve-call'
import type { Attributes, Span } from './spans'
import { tracing } from './tracing'

/**
 * Serves a call, alone or one of many that came together, as a part of its caller's trace. What services do by themselves starts no
 * trace: the sweeper asks every second.
 * @param work with the envelope as it goes on: with the span that its events and further calls are a part of
 */
export async function inServerSpan<T>(
  { path }: Pick<RpcDescriptor, 'path'>,
  envelope: CallEnvelope,
  work: (envelope: CallEnvelope) => Promise<T>,
): Promise<T> {
  const spans = tracing()
  if (spans === undefined) return work(envelope)
  const { traceparent: parent, caller, requestId } = envelope
  if (parent === undefined && caller !== undefined) return spans.inside(undefined, async () => work(envelope))
  const attributes = { ...attributesOf(path), 'holdfast.request_id': requestId }
  const span = spans.start({ name: path.slice(1), kind: 'SERVER', parent, attributes })
  const within = { ...envelope, traceparent: spans.traceparent(span) }
  return spans.finish(span, 'SERVER', async () => withStatus(span, async () => work(within)))
}

/**
 * Calls a peer as a step of what is under way here, or else of the trace that the call belongs to.
 * @param parent of that trace; undefined: none, and the call starts none
 * @param call with the `traceparent` that it takes along
 */
export async function inClientSpan<T>(
  path: string,
  peer: string,
  parent: string | undefined,
  call: (traceparent: string | undefined) => Promise<T>,
): Promise<T> {
  const spans = tracing()
  if (spans === undefined) return call(parent)
  const from = spans.current() ?? parent
  if (from === undefined) return call(undefined)
  const attributes = { ...attributesOf(path), 'server.address': peer }
  const span = spans.start({ name: path.slice(1), kind: 'CLIENT', parent: from, attributes })
  return spans.finish(span, 'CLIENT', async () => withStatus(span, async () => call(spans.traceparent(span))))
}

/** Tells the gRPC status that a call ended with. */
async function withStatus<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    const answer = await work()
    span.setAttribute('rpc.status_code', 'OK')
    return answer
  } catch (error) {
    span.setAttribute('rpc.status_code', Grpc[errorCodes[HoldfastError.from(error).code].grpc])
    throw error
  }
}

/** As the semantic conventions of RPC name them. */
function attributesOf(path: string): Attributes {
  return { 'rpc.system.name': 'grpc', 'rpc.method': path.slice(1) }
}
