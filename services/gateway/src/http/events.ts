/** Streams as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
import { type DescMessage, fromBinary, toJson } from '@bufbuild/protobuf'
import { registry } from '@holdfast/contracts'
import { errorCodes, HoldfastError, type Logger } from '@holdfast/service'

import { ClientGoneError } from './body'
import { isJsonObject } from './json-problems'
import { toProblem } from './problem'
import type { StreamReply } from './stream-reply'

/** A client that lost its stream comes back after so long, in ms: at least, and at most. */
const retryMs = [1_000, 3_000] as const

const headers = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // nginx would collect the events and hand them over in lumps.
  'x-accel-buffering': 'no',
}

export interface EventStreamOptions {
  requestId: string
  /** As in {@link StreamReply}. */
  stallMs: number
  log: Logger
}

/**
 * Each message as an event whose id is its resume token, if it has one; a message without any field, which says no more than that the
 * stream lives, as a comment; an error as the last event, with the problem.
 */
export function eventStream(output: DescMessage, messages: AsyncIterable<Buffer>, options: EventStreamOptions): StreamReply {
  const { requestId, stallMs, log } = options
  return { status: 200, headers: { ...headers }, pieces: events(), lasts: true, stallMs }

  async function* events(): AsyncGenerator<string> {
    // Each client its own time: those that were cut off together don't come back together.
    yield `retry: ${Math.round(retryMs[0] + Math.random() * (retryMs[1] - retryMs[0]))}\n\n`
    try {
      for await (const message of messages) yield message.length === 0 ? ': still here\n\n' : eventOf(output, message)
    } catch (thrown) {
      if (thrown instanceof ClientGoneError) return
      const error = HoldfastError.from(thrown)
      // A process that stops ends thousands: nothing that anybody has to look into.
      const level = error.code === 'UNAVAILABLE' ? 'info' : 'error'
      if (errorCodes[error.code].http >= 500) log[level]({ requestId, code: error.code, err: error.cause }, error.message)
      yield `event: error\ndata: ${toProblem(error, requestId).body}\n\n`
    }
  }
}

/** The last event of each kind: in a sale thousands are sent the same bytes, which are made into text once. */
const latest = new Map<DescMessage, { bytes: Buffer; text: string }>()

function eventOf(output: DescMessage, bytes: Buffer): string {
  const known = latest.get(output)
  if (known?.bytes.equals(bytes) === true) return known.text
  const json = toJson(output, fromBinary(output, bytes), { registry: registry(), alwaysEmitImplicit: true })
  const id = isJsonObject(json) ? json['resumeToken'] : undefined
  const idLine = typeof id === 'string' && /^[\x20-\x7e]+$/.test(id) ? `id: ${id}\n` : ''
  const text = `${idLine}event: message\ndata: ${JSON.stringify(json)}\n\n`
  latest.set(output, { bytes, text })
  return text
}

/** The query of a client that comes back: the id of the last event it has takes the place of a resume token. */
export function resumedQuery(input: DescMessage, query: string, lastEventId: string | string[] | undefined): string {
  const resumable = input.fields.some((field) => field.name === 'resume_token')
  if (!resumable || typeof lastEventId !== 'string' || lastEventId === '') return query
  const others = query.split('&').filter((pair) => pair !== '' && !/^resume(T|_t)oken=/.test(pair))
  return [...others, `resumeToken=${encodeURIComponent(lastEventId)}`].join('&')
}
