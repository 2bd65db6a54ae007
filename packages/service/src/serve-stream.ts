/** RPCs whose answer is a stream: let in like any other, cut where their reader does not read, ended when the service stops. */
import { type handleServerStreamingCall, Metadata, type ServerWritableStream } from '@grpc/grpc-js'
import type { RpcDescriptor } from '@holdfast/contracts'

import { admitCaller } from './access'
import { type CallContext, checkDeadline, metadataNames, saneRequestId } from './context'
import { databaseError } from './database'
import { type ErrorCode, errorCodes, HoldfastError } from './errors'
import { toGrpcStatus } from './grpc-errors'
import { counter, gauge } from './metrics'
import { type CallEnvelope, contextOf, countCall, msSince, readRequest, type ServeParts } from './serve-call'

/** What a stream's handler is given beside the request. */
export interface StreamContext extends CallContext {
  /** Aborted when the stream is over, whoever ended it: what the handler answers must end then. */
  signal: AbortSignal
}

/** An RPC whose answer is a stream. */
export interface ServedStream {
  rpc: RpcDescriptor
  decode: (bytes: Buffer) => unknown
  encode: (response: unknown) => Buffer
  /** What it throws is told before the stream begins. */
  handler: (request: unknown, ctx: StreamContext) => Promise<AsyncIterable<unknown>>
}

export interface StreamTimes {
  /** After so long without a message an empty one is sent, in ms: proxies cut what is silent, and who has gone is noticed. */
  heartbeatMs: number
  /** A reader that takes nothing for so long is cut off, in ms. */
  stallMs: number
  /** No stream lives longer, in ms (some a tenth less, so that they don't come back all at once): replicas share the load. */
  longestMs: number
}

export const streamTimes: StreamTimes = { heartbeatMs: 15_000, stallMs: 30_000, longestMs: 900_000 }

const open = gauge('grpc_streams_open', 'Streams that are being served', ['method'])
const messages = counter('grpc_stream_messages_total', 'Messages sent in streams, heartbeats included', ['method'])

const heartbeat = Buffer.alloc(0)

/** The streams of one server. */
export class OpenStreams {
  private readonly ends = new Set<(reason: HoldfastError) => void>()

  constructor(
    private readonly parts: ServeParts,
    private readonly times: StreamTimes = streamTimes,
  ) {}

  /** Tells every reader to come again elsewhere. */
  end(): void {
    const reason = new HoldfastError('UNAVAILABLE', 'The service stops; the stream can be had again')
    for (const end of this.ends) end(reason)
  }

  serve(served: ServedStream, readEnvelope: (call: StreamCall, requestId: string) => CallEnvelope): Handler {
    const { method } = served.rpc
    open.set({ method }, 0)
    return (call) => {
      const requestId = saneRequestId(call.metadata.get(metadataNames.requestId)[0])
      open.inc({ method })
      void this.answer(served, call, requestId, readEnvelope)
        .then(
          () => call.end(),
          (error: unknown) => call.emit('error', withStatus(HoldfastError.from(error), requestId)),
        )
        .finally(() => open.dec({ method }))
    }
  }

  /** Logs one line, as for any call. Throws nothing but HoldfastError. */
  private async answer(
    served: ServedStream,
    call: StreamCall,
    requestId: string,
    readEnvelope: (call: StreamCall, requestId: string) => CallEnvelope,
  ): Promise<void> {
    const startedAt = performance.now()
    const { method } = served.rpc
    const { log } = this.parts
    let code: ErrorCode | 'OK' | 'CANCELLED' = 'OK'
    let sent = 0
    const line = (): object => ({ requestId, rpc: method, ms: msSince(startedAt), messages: sent })
    const stream = new Stream(call, this.times)
    this.ends.add(stream.end)
    try {
      const envelope = readEnvelope(call, requestId)
      const admitted = await admitCaller(served.rpc, envelope, this.parts.users)
      const ctx = contextOf(envelope, admitted, undefined, log)
      const request = readRequest(served, call.request)
      checkDeadline(ctx)
      const answer = await served.handler(request, Object.assign(ctx, { signal: stream.signal }))
      const headers = new Metadata()
      headers.set(metadataNames.requestId, requestId)
      call.sendMetadata(headers)
      sent = await stream.send(answer, (message) => {
        messages.inc({ method })
        return served.encode(message)
      })
      if (stream.reason !== undefined) throw stream.reason
      if (stream.isGone) code = 'CANCELLED'
      log.info(line(), code === 'OK' ? 'ok' : 'the reader went away')
    } catch (thrown) {
      const error = HoldfastError.from(databaseError(thrown))
      code = error.code
      const cause = error.cause === undefined ? {} : { err: error.cause }
      if (errorCodes[code].http >= 500 && stream.reason === undefined) log.error({ ...line(), code, ...cause }, error.message)
      else log.info({ ...line(), code }, error.message)
      throw error
    } finally {
      this.ends.delete(stream.end)
      stream.close()
      countCall(method, code)
    }
  }
}

type StreamCall = ServerWritableStream<Buffer, unknown>
type Handler = handleServerStreamingCall<Buffer, unknown>

/** One stream and all that may end it. */
class Stream {
  private readonly over = new AbortController()
  private readonly timers: NodeJS.Timeout[] = []
  private writing: Promise<void> = Promise.resolve()
  /** Why we ended it; undefined: it came to its end, or its reader left. */
  reason: HoldfastError | undefined

  constructor(
    private readonly call: StreamCall,
    private readonly times: StreamTimes,
  ) {
    call.on('cancelled', this.close)
    if (call.cancelled) this.close()
  }

  get signal(): AbortSignal {
    return this.over.signal
  }

  get isGone(): boolean {
    return this.call.cancelled
  }

  readonly end = (reason: HoldfastError): void => {
    this.reason ??= reason
    this.close()
  }

  readonly close = (): void => {
    for (const timer of this.timers.splice(0)) clearTimeout(timer)
    this.over.abort()
  }

  /**
   * Sends what there is, each message when the one before has left: nothing is kept for a reader that is slow.
   * @returns how many
   */
  async send(answer: AsyncIterable<unknown>, encode: (message: unknown) => Buffer): Promise<number> {
    const silence = setTimeout(() => void this.write(heartbeat).then(() => silence.refresh()), this.times.heartbeatMs)
    const age = setTimeout(this.close, this.times.longestMs * (1 - Math.random() / 10))
    this.timers.push(silence, age)
    if (this.signal.aborted) this.close()
    let sent = 0
    for await (const message of answer) {
      if (this.signal.aborted) break
      await this.write(encode(message))
      if (this.signal.aborted) break
      sent++
      silence.refresh()
    }
    return sent
  }

  /** Resolves when the bytes have left, or the stream is over. */
  private async write(bytes: Buffer): Promise<void> {
    await this.writing
    if (this.signal.aborted) return
    this.writing = new Promise((resolve) => {
      const stalled = setTimeout(() => {
        this.end(new HoldfastError('OVERLOADED', 'The reader of the stream took nothing for too long'))
      }, this.times.stallMs)
      const done = (): void => {
        clearTimeout(stalled)
        this.signal.removeEventListener('abort', done)
        resolve()
      }
      this.signal.addEventListener('abort', done)
      this.call.write(bytes, done)
    })
    await this.writing
  }
}

/** grpc-js takes a stream's status from the error that it emits. */
function withStatus(error: HoldfastError, requestId: string): Error {
  return Object.assign(new Error(error.message), toGrpcStatus(error, requestId))
}
