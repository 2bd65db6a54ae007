/**
 * Answers that are kept and given again, of RPCs whose proto allows it (option `cached`), for as long as nothing they show is known
 * to have changed, and that is known to the second (docs/decisions/030-kept-answers.md).
 */
import { randomUUID } from 'node:crypto'

import type { RpcDescriptor } from '@holdfast/contracts'
import type { Cached } from '@holdfast/contracts/common'
import { counter, gauge, type Logger } from '@holdfast/service'
import { LRUCache } from 'lru-cache'

import { jsonToWire } from '../json-to-wire'
import type { Send } from '../senders'
import type { Call } from '../upstreams'
import { wireToJson } from '../wire-to-json'
import { answerShape, type AnswerShape } from './answer-shape'
import { type Changes, KnownChanges } from './known-changes'

export interface AnswerCacheOptions {
  /** Of all answers that are kept, with what it costs to keep them. */
  maxBytes: number
  /** Calls a service by its name. */
  call: (service: string, path: string, call: Call) => Promise<Buffer>
  log: Logger
  /** A clock that never goes back, in ms. */
  now?: () => number
}

interface Kept {
  known: KnownChanges
  /** Of what it shows; undefined: it shows many. */
  name: string | undefined
  version: number | undefined
  /** Without the id of the request that it answered. */
  bytes: Buffer
}

/** The second line of defence, in ms: whatever else goes wrong, nothing is kept longer. */
const longestMs = 60_000
/** Besides its bytes and its key an entry takes some; an estimate. */
const overheadBytes = 300
/** One answer may take this part of all the room. */
const largestPart = 8
/** How long a question about changes may take, in ms. */
const askTimeoutMs = 1_000

const reads = counter('answer_cache_reads_total', 'Reads of what may be kept: `hit` was answered by the gateway itself', [
  'method',
  'result',
])
const size = gauge('answer_cache_bytes', 'What the answers that are kept take, about')

export class AnswerCache {
  private readonly kept: LRUCache<string, Kept>
  /** By the path of the RPC that tells what has changed. */
  private readonly known = new Map<string, KnownChanges>()
  private readonly now: () => number

  constructor(private readonly options: AnswerCacheOptions) {
    const { maxBytes, now = () => performance.now() } = options
    this.now = now
    this.kept = new LRUCache({
      maxSize: maxBytes,
      maxEntrySize: Math.ceil(maxBytes / largestPart),
      sizeCalculation: ({ bytes }, key) => bytes.length + key.length + overheadBytes,
      ttl: longestMs,
      // Else it goes by a time of its own, which a timer makes younger.
      ttlResolution: 0,
      perf: { now },
    })
    size.set(0)
  }

  /** How calls of an RPC go out: those that read look here first, and what changes something is known here when it is answered. */
  around(rpc: RpcDescriptor, send: Send): Send {
    if (rpc.cached !== undefined) return this.readThrough(rpc, rpc.cached, send)
    return rpc.mutates ? this.noteChanges(rpc, send) : send
  }

  private readThrough(rpc: RpcDescriptor, cached: Cached, send: Send): Send {
    const { method, path } = rpc
    const known = this.changesOf(rpc, cached.changes)
    const shape = answerShape(rpc.desc.output, cached.name)
    for (const result of ['hit', 'miss']) reads.inc({ method, result }, 0)
    return async (call, response) => {
      const key = `${path} ${call.request.toString('latin1')}`
      const complete = known.areComplete()
      const found = complete ? this.kept.get(key) : undefined
      reads.inc({ method, result: found === undefined ? 'miss' : 'hit' })
      if (found !== undefined) return shape.withRequestId(found.bytes, call.requestId)
      const { told } = known
      const bytes = await send(call, response)
      // A change that was told while this was on its way may be newer than what it has seen.
      if (known.told === told) this.keep(key, known, shape, bytes)
      return bytes
    }
  }

  private keep(key: string, known: KnownChanges, shape: AnswerShape, answer: Buffer): void {
    const read = shape.read(answer)
    if (read === undefined) return
    const before = this.kept.peek(key)
    // Two that were on their way together: the older never takes the newer's place.
    if (before?.version !== undefined && read.version !== undefined && before.version > read.version) return
    this.kept.set(key, { known, ...read })
    size.set(this.kept.calculatedSize)
  }

  private noteChanges(rpc: RpcDescriptor, send: Send): Send {
    const ofService = `/${rpc.service}/`
    return async (call, response) => {
      try {
        return await send(call, response)
      } finally {
        // One that failed may have been done all the same.
        for (const [path, known] of this.known) if (path.startsWith(ofService)) known.changedHere()
      }
    }
  }

  /** @throws Error where the contract has no such RPC */
  private changesOf({ service, desc }: RpcDescriptor, name: string): KnownChanges {
    const teller = desc.parent.methods.find((method) => method.name === name)
    if (teller === undefined) throw new Error(`${service} has no ${name}`)
    const path = `/${service}/${name}`
    const before = this.known.get(path)
    if (before !== undefined) return before
    const ask = async (after: string): Promise<Changes> => {
      const request = jsonToWire(teller.input, { after })
      if (request === undefined) throw new Error(`${path} does not take a position`)
      const bytes = await this.options.call(service, path, questionOf(request))
      return JSON.parse(wireToJson(teller.output, bytes)) as Changes
    }
    const known: KnownChanges = new KnownChanges(ask, (names) => this.drop(known, names), this.options.log, this.now)
    this.known.set(path, known)
    return known
  }

  /** Goes through all of them: changes are rare, and come together. */
  private drop(known: KnownChanges, names: ReadonlySet<string> | undefined): void {
    const gone = [...this.kept.entries()].filter(
      ([, kept]) => kept.known === known && (names === undefined || kept.name === undefined || names.has(kept.name)),
    )
    for (const [key] of gone) this.kept.delete(key)
    size.set(this.kept.calculatedSize)
  }
}

/** A call of the gateway's own. */
function questionOf(request: Buffer): Call {
  return {
    request,
    requestId: randomUUID(),
    deadline: Date.now() + askTimeoutMs,
    userToken: undefined,
    idempotencyKey: undefined,
    traceparent: undefined,
  }
}
