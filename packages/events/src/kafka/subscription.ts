import type { Consumer, EachBatchPayload, IHeaders, Kafka, KafkaMessage } from 'kafkajs'

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
  await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async (payload) => reader.read(payload) })
  await over
}

/** Hands over what a consumer fetched, in batches; for as long as that takes, the group hears that this member is alive. */
class Reader {
  /** Aborted when the group takes the partitions away: what was fetched for this membership is not begun any more. */
  #place = new AbortController()
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

  async read(payload: EachBatchPayload): Promise<void> {
    const { maxBatch = 500, sessionTimeoutMs } = this.options
    const { messages } = payload.batch
    const place = this.#place
    place.signal.throwIfAborted()
    const beat = setInterval(() => {
      payload.heartbeat().catch((error: unknown) => place.abort(error))
    }, sessionTimeoutMs / 5)
    try {
      for (let from = 0; from < messages.length && !this.stop.aborted; from += maxBatch) {
        if (!(await this.#hand(payload, messages.slice(from, from + maxBatch), place.signal))) break
        await payload.heartbeat()
      }
      // The consumer learns why, and joins the group again.
      place.signal.throwIfAborted()
    } catch (error) {
      // Also what else was fetched is then left to whoever gets it next.
      place.abort(error)
      throw error
    } finally {
      clearInterval(beat)
    }
  }

  /** @returns false: it was not done before this member lost its place, or had to stop */
  async #hand(payload: EachBatchPayload, messages: KafkaMessage[], place: AbortSignal): Promise<boolean> {
    const { topic, partition } = payload.batch
    const signal = AbortSignal.any([place, this.stop])
    const batch = { topic, partition, messages: messages.map((message) => received(topic, partition, message)), signal }
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
    const last = batch.messages.at(-1)
    if (last === undefined) return true
    payload.resolveOffset(String(last.offset))
    const offset = String(last.offset + 1n)
    await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] })
    return true
  }
}

function received(topic: string, partition: number, message: KafkaMessage): ReceivedMessage {
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    key: message.key?.toString() ?? '',
    value: message.value?.toString() ?? '',
    headers: headersOf(message.headers ?? {}),
  }
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
