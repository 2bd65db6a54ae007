import { setImmediate as nextTurn } from 'node:timers/promises'

import type { Batch, Consumer, EachBatchPayload, IHeaders, Kafka, KafkaMessage } from 'kafkajs'

import { pause } from '../pause'
import { Retrying } from '../retrying'
import type { ReceivedMessage, SubscribeOptions, Subscription } from '../transport'
import { retry } from './client'
import type { Topics } from './topics'

interface KafkaSubscribeOptions extends SubscribeOptions {
  kafka: Kafka
  available: Topics
  /** A member that has not been heard of for so long is taken for dead, and others read its partitions, in ms. */
  sessionTimeoutMs: number
}

/** How long the others wait for a member that is in the middle of a batch before they go on without it, in ms. */
const rebalanceTimeoutMs = 60_000
/** How long a broker keeps an idle reader waiting, in ms; what is published meanwhile is answered at once. */
const maxWaitMs = 500
/** So many of what one fetch brought go together; what it brought of more partitions comes after them. */
const mostPartitions = 128

/** Reads topics as a member of a group, with a new consumer whenever one has failed for good. */
export function subscribe(options: KafkaSubscribeOptions): Subscription {
  const stop = new AbortController()
  const done = keepReading(options, stop.signal)
  return {
    close: async () => {
      stop.abort(new Error('the subscription is closing'))
      await done
    },
  }
}

async function keepReading(options: KafkaSubscribeOptions, stop: AbortSignal): Promise<void> {
  const { kafka, available, group, topics, sessionTimeoutMs, log } = options
  const retrying = new Retrying(log, `group ${group} reading from Kafka`)
  while (!stop.aborted) {
    const consumer = kafka.consumer({
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: sessionTimeoutMs / 5,
      rebalanceTimeout: rebalanceTimeoutMs,
      maxWaitTimeInMs: maxWaitMs,
      allowAutoTopicCreation: false,
      retry,
    })
    try {
      await available.ensure([...topics])
      await consumer.connect()
      await consumer.subscribe({ topics: [...topics], fromBeginning: true })
      await readUntilOver(options, consumer, retrying, stop)
    } catch (error) {
      available.forget()
      if (!stop.aborted) await pause(retrying.failed(error), stop)
    } finally {
      await consumer.disconnect().catch(() => undefined)
    }
  }
}

/** @throws what the consumer crashed of */
async function readUntilOver(
  options: KafkaSubscribeOptions,
  consumer: Consumer,
  retrying: Retrying,
  stop: AbortSignal,
): Promise<void> {
  const { CRASH, GROUP_JOIN } = consumer.events
  const over = new Promise<void>((resolve, reject) => {
    stop.addEventListener('abort', () => resolve())
    consumer.on(CRASH, ({ payload }) => reject(payload.error))
  })
  // Whoever awaits it comes later.
  over.catch(() => undefined)
  const reader = new Reader(options, stop)
  consumer.on(GROUP_JOIN, () => {
    reader.joined()
    retrying.succeeded()
  })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: mostPartitions,
    eachBatch: async (payload) => reader.read(payload),
  })
  await over
}

/** What one fetch brought of a partition and is not done yet. */
interface Fetched {
  payload: EachBatchPayload
  left: KafkaMessage[]
  done: () => void
  failed: (reason: unknown) => void
}

/**
 * Hands over what a consumer fetched. A fetch brings messages of many partitions, each in a call of its own; what waits goes
 * together, so that it costs one transaction and one commit of offsets and not one for each partition. For as long as that
 * takes, the group hears that this member is alive.
 */
class Reader {
  /** Aborted when the group takes the partitions away: what was fetched for this membership is not begun any more. */
  #place = new AbortController()
  #waiting: Fetched[] = []
  #working = false
  readonly #handling: Retrying

  constructor(
    private readonly options: KafkaSubscribeOptions,
    private readonly stop: AbortSignal,
  ) {
    this.#handling = new Retrying(options.log, `group ${options.group} handling messages`)
  }

  joined(): void {
    this.#place = new AbortController()
  }

  /** Resolves when all of it is done, or this member stops; rejects when it has lost its place: the consumer joins again. */
  async read(payload: EachBatchPayload): Promise<void> {
    this.#place.signal.throwIfAborted()
    const { messages } = payload.batch
    if (messages.length === 0) return
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ payload, left: messages, done: resolve, failed: reject })
    })
    if (!this.#working) void this.#work(this.#place, payload)
    return done
  }

  async #work(place: AbortController, payload: EachBatchPayload): Promise<void> {
    this.#working = true
    const beat = setInterval(() => {
      payload.heartbeat().catch((error: unknown) => place.abort(error))
    }, this.options.sessionTimeoutMs / 5)
    try {
      // The calls for the other partitions of this fetch come in the same turn.
      await nextTurn()
      while (this.#waiting.length > 0 && !this.stop.aborted) {
        if (!(await this.#hand(this.#take(), place.signal))) break
        await payload.heartbeat()
      }
      // The consumer learns why, and joins the group again.
      place.signal.throwIfAborted()
    } catch (error) {
      place.abort(error)
    }
    clearInterval(beat)
    this.#working = false
    // Also what else was fetched is then left to whoever gets it next.
    for (const { done, failed } of this.#waiting.splice(0)) {
      if (place.signal.aborted) failed(place.signal.reason)
      else done()
    }
  }

  /** As many as a batch may have; of a partition that has more, the next come after the other partitions had their turn. */
  #take(): Map<Fetched, KafkaMessage[]> {
    const taken = new Map<Fetched, KafkaMessage[]>()
    let room = this.options.maxBatch ?? 500
    for (const fetched of this.#waiting) {
      if (room === 0) break
      const messages = fetched.left.slice(0, room)
      taken.set(fetched, messages)
      room -= messages.length
    }
    return taken
  }

  /** @returns false: it was not done before this member lost its place, or had to stop */
  async #hand(taken: Map<Fetched, KafkaMessage[]>, place: AbortSignal): Promise<boolean> {
    const signal = AbortSignal.any([place, this.stop])
    const batch = { messages: [...taken].flatMap(([{ payload }, messages]) => messages.map(received(payload.batch))), signal }
    for (;;) {
      try {
        await this.options.onBatch(batch)
        break
      } catch (error) {
        if (signal.aborted) return false
        await pause(this.#handling.failed(error), signal)
      }
    }
    this.#handling.succeeded()
    await commit(taken)
    const rest: Fetched[] = []
    for (const [fetched, { length }] of taken) {
      fetched.left = fetched.left.slice(length)
      if (fetched.left.length === 0) fetched.done()
      else rest.push(fetched)
    }
    this.#waiting = [...this.#waiting.filter((fetched) => !taken.has(fetched)), ...rest]
    return true
  }
}

/** One call for all partitions. */
async function commit(taken: Map<Fetched, KafkaMessage[]>): Promise<void> {
  const offsets = [...taken].flatMap(([{ payload }, messages]) => {
    const last = messages.at(-1)
    if (last === undefined) return []
    payload.resolveOffset(last.offset)
    const { topic, partition } = payload.batch
    return [{ topic, partitions: [{ partition, offset: String(BigInt(last.offset) + 1n) }] }]
  })
  const [first] = taken.keys()
  await first?.payload.commitOffsetsIfNecessary({ topics: offsets })
}

/** Messages as every transport hands them over. */
export function received({ topic, partition }: Batch): (message: KafkaMessage) => ReceivedMessage {
  return (message) => ({
    topic,
    partition,
    offset: BigInt(message.offset),
    key: message.key?.toString() ?? '',
    value: message.value?.toString() ?? '',
    headers: headersOf(message.headers ?? {}),
  })
}

/** A header given more than once has its first value; CloudEvents has each once. */
function headersOf(headers: IHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, given]) => {
      const value = Array.isArray(given) ? given[0] : given
      return value === undefined ? [] : [[name, value.toString()]]
    }),
  )
}
