import { counter, faultPoint, histogram, HoldfastError } from '@holdfast/service'
import type { PoolClient } from 'pg'

import type { AfterCommit, ConsumerOptions, EventMark } from './consumer'
import { toDeadLetter } from './dead-letters'
import { fromMessage } from './envelope'
import { inProcessSpans } from './event-spans'
import type { PublishedEvent } from './event'
import { remember } from './inbox'
import { pause } from './pause'
import { backoffMs, Retrying } from './retrying'
import type { MessageBatch, ReceivedMessage } from './transport'

const parked = counter('dead_letters_total', 'Events that a consumer could not handle and parked', ['consumer'])
const ages = histogram(
  'consumer_event_age_seconds',
  'How long ago the first event of each batch had happened when it was handled',
  ['consumer'],
  [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800],
)

const done = counter(
  'consumer_batches_total',
  'Batches of messages that a consumer is done with, of such as it does not want too',
  ['consumer'],
)

/** A message and the event in it. */
interface Delivery {
  message: ReceivedMessage
  event: PublishedEvent
}

/**
 * Brings every message of a batch to its end: handled once, or parked. All together in one transaction if that works; else
 * each half by itself, and so on, until what fails stands alone. Neighbours of a bad message share no transaction with it
 * in the end, and their order is kept.
 */
export class Settler {
  readonly #retrying: Retrying

  /** @param homeOf where messages of a topic were published at first */
  constructor(
    private readonly options: ConsumerOptions,
    private readonly homeOf: (topic: string) => string,
  ) {
    this.#retrying = new Retrying(options.log, `consumer ${options.name}`)
    parked.inc({ consumer: options.name }, 0)
    done.inc({ consumer: options.name }, 0)
    ages.zero({ consumer: options.name })
  }

  /** @throws when the batch's signal is aborted; what is not settled then will be delivered again */
  async settle(batch: MessageBatch): Promise<void> {
    const readable: Delivery[] = []
    for (const message of batch.messages) {
      if (!this.#wants({ type: message.headers['ce_type'] ?? '', audit: message.headers['ce_audit'] === 'true' })) continue
      const topic = this.homeOf(message.topic)
      try {
        readable.push({ message, event: fromMessage({ ...message, topic }) })
      } catch (error) {
        await this.#park(message, topic, error, 1, batch.signal)
      }
    }
    if (readable.length > 0) await this.#settleAll(readable, batch.signal)
    done.inc({ consumer: this.options.name })
  }

  #wants(mark: EventMark): boolean {
    const { wants } = this.options
    return wants === undefined || (typeof wants === 'function' ? wants(mark) : wants.includes(mark.type))
  }

  async #settleAll(deliveries: Delivery[], signal: AbortSignal): Promise<void> {
    try {
      await this.#untilAvailable(async () => this.#handleOnce(deliveries), signal, isTransient)
    } catch (error) {
      signal.throwIfAborted()
      const [only, ...others] = deliveries
      if (only !== undefined && others.length === 0) {
        await this.#tryAgainOrPark(only, error, signal)
      } else {
        const middle = deliveries.length >> 1
        await this.#settleAll(deliveries.slice(0, middle), signal)
        await this.#settleAll(deliveries.slice(middle), signal)
      }
    }
  }

  async #tryAgainOrPark({ message, event }: Delivery, firstError: unknown, signal: AbortSignal): Promise<void> {
    const attempts = this.options.attempts ?? 5
    let error = firstError
    for (let failures = 1; failures < attempts; failures++) {
      await pause(backoffMs(failures), signal)
      signal.throwIfAborted()
      try {
        await this.#untilAvailable(async () => this.#handleOnce([{ message, event }]), signal, isTransient)
        return
      } catch (nextError) {
        signal.throwIfAborted()
        error = nextError
      }
    }
    await this.#park(message, event.topic, error, attempts, signal)
  }

  /** One transaction: the memory of the events that are new, and their effect. */
  async #handleOnce(deliveries: Delivery[]): Promise<void> {
    const { database, log, name, transport } = this.options
    const events = deliveries.map((delivery) => delivery.event)
    await inProcessSpans(events, { consumer: name, system: transport.system }, async (traced) => {
      const afterCommit = await database.transaction(async (client) => this.#handle(client, traced))
      await faultPoint('consumer.handled')
      this.#tellAge(events)
      try {
        afterCommit?.()
      } catch (error) {
        log.error({ err: error }, 'what should follow the handling of events failed')
      }
    })
  }

  /** Once a batch: the oldest is the one that waited longest. Clocks differ, so it may seem to come from the future. */
  #tellAge(events: PublishedEvent[]): void {
    const oldest = events.reduce((first, { at }) => Math.min(first, at.getTime()), Infinity)
    ages.observe({ consumer: this.options.name }, Math.max(0, Date.now() - oldest) / 1000)
  }

  async #handle(client: PoolClient, events: PublishedEvent[]): Promise<AfterCommit | undefined> {
    const { name, handle, handleBatch, takeBatch, afterCommit } = this.options
    if (takeBatch !== undefined) return takeBatch(client, events)
    const unseen = await remember(client, name, events)
    if (unseen.length === 0) return undefined
    if (handleBatch !== undefined) await handleBatch(client, unseen)
    else for (const event of unseen) await handle(client, event)
    return () => afterCommit?.(unseen)
  }

  async #park(message: ReceivedMessage, topic: string, error: unknown, attempts: number, signal: AbortSignal): Promise<void> {
    const { name, transport, log } = this.options
    const deadLetter = toDeadLetter(message, { error, attempts, topic, consumer: name })
    await this.#untilAvailable(
      async () => transport.publish([deadLetter]),
      signal,
      () => true,
    )
    parked.inc({ consumer: name })
    log.error(
      { err: error, topic: deadLetter.topic, key: message.key, eventId: message.headers['ce_id'], attempts },
      'event parked',
    )
  }

  /** Tries for good while what fails is somebody's absence. */
  async #untilAvailable(work: () => Promise<void>, signal: AbortSignal, passes: (error: unknown) => boolean): Promise<void> {
    for (;;) {
      signal.throwIfAborted()
      try {
        await work()
        this.#retrying.succeeded()
        return
      } catch (error) {
        if (!passes(error)) throw error
        await pause(this.#retrying.failed(error), signal)
      }
    }
  }
}

/** Not the event's fault, and over some time. */
function isTransient(error: unknown): boolean {
  return error instanceof HoldfastError && ['UNAVAILABLE', 'OVERLOADED', 'DEADLINE_EXCEEDED'].includes(error.code)
}
