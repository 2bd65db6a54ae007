import type { Kafka, Producer, ProducerBatch } from 'kafkajs'

import type { Message } from '../transport'
import { retry } from './client'
import type { Topics } from './topics'

/** Messages of one request, in bytes: a request for one partition is one batch, which a broker takes up to its limit. */
const maxRequestBytes = 750_000
/** Headers and framing of a message, roughly, in bytes. */
const messageOverhead = 600

/**
 * Publishes one call after the other with an idempotent producer, acknowledged by all replicas in sync.
 *
 * After a failure the producer is thrown away. What it sent may or may not be there, and the numbers that it would go on
 * with could match a batch that the broker has: it would take the next events for a repetition, and drop them.
 */
export class Publisher {
  #producer: Producer | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly kafka: Kafka,
    private readonly topics: Topics,
  ) {}

  async publish(messages: readonly Message[]): Promise<void> {
    const published = this.#last.then(async () => this.#publish(messages))
    this.#last = published.catch(() => undefined)
    return published
  }

  async close(): Promise<void> {
    await this.#last
    await this.#producer?.disconnect()
  }

  async #publish(messages: readonly Message[]): Promise<void> {
    try {
      await this.topics.ensure([...new Set(messages.map((message) => message.topic))])
      const producer = await this.#connected()
      for (const request of requests(messages)) await producer.sendBatch(request)
    } catch (error) {
      const broken = this.#producer
      this.#producer = undefined
      this.topics.forget()
      broken?.disconnect().catch(() => undefined)
      throw error
    }
  }

  async #connected(): Promise<Producer> {
    if (this.#producer === undefined) {
      this.#producer = this.kafka.producer({ idempotent: true, allowAutoTopicCreation: false, retry })
      await this.#producer.connect()
    }
    return this.#producer
  }
}

/** Cut where a request would be too large; sent one after the other, so each key's order is kept. */
function requests(messages: readonly Message[]): ProducerBatch[] {
  const groups: Message[][] = [[]]
  let bytes = 0
  for (const message of messages) {
    const size = Buffer.byteLength(message.value) + messageOverhead
    if (bytes > 0 && bytes + size > maxRequestBytes) {
      groups.push([])
      bytes = 0
    }
    bytes += size
    groups.at(-1)?.push(message)
  }
  return groups.filter((group) => group.length > 0).map(toRequest)
}

function toRequest(messages: readonly Message[]): ProducerBatch {
  const byTopic = Map.groupBy(messages, (message) => message.topic)
  return {
    acks: -1,
    topicMessages: [...byTopic].map(([topic, group]) => ({
      topic,
      messages: group.map(({ key, value, headers }) => ({ key, value, headers })),
    })),
  }
}
