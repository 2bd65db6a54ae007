import { setTimeout as sleep } from 'node:timers/promises'

import { type Admin, KafkaJSAggregateError } from 'kafkajs'
import { eventDescriptors } from '@holdfast/contracts'

import { isDeadLetterTopic, isRetryTopic } from '../dead-letters'
import { parkedDays, topicDays } from '../retention'

/**
 * Of a topic of events. Keys are spread over partitions by their hash, so another number would tear a key's events apart:
 * it is fixed for each version of a topic (`.v1`), and a greater one comes with the next version.
 */
const eventPartitions = 12
/** Parked messages are few, and read by one replay at a time; those put back keep their order among one another. */
const sidePartitions = 1

/** For brokers: their `default.replication.factor`. */
const clusterDefault = -1

const dayMs = 86_400_000
/** As large as a message between the services may be, so that nothing that a service wrote is ever refused, in bytes. */
const maxMessageBytes = 8_388_608

/** How a topic is made where it is not there yet; what an operator has made otherwise is left as it is. */
export function topicSettings(topic: string): { numPartitions: number; config: Record<string, string> } {
  return {
    numPartitions: isDeadLetterTopic(topic) || isRetryTopic(topic) ? sidePartitions : eventPartitions,
    config: {
      // Never compacted: events are a history, and the last one of a key does not tell it.
      'cleanup.policy': 'delete',
      'retention.ms': String((isDeadLetterTopic(topic) ? parkedDays : topicDays) * dayMs),
      'max.message.bytes': String(maxMessageBytes),
    },
  }
}

/** The topics that the services publish on. */
export function publishedTopics(): string[] {
  return [...new Set(eventDescriptors().map((event) => event.topic))].sort()
}

/** Makes topics that are missing. Where somebody else makes them at the same time, or has to, that is well too. */
export class Topics {
  readonly #there = new Set<string>()

  /**
   * @param admin a connected one
   * @param replicas of each topic that is made; undefined: as many as the cluster's own default says
   */
  constructor(
    private readonly admin: () => Promise<Admin>,
    private readonly replicas?: number,
  ) {}

  async ensure(topics: readonly string[]): Promise<void> {
    if (topics.every((topic) => this.#there.has(topic))) return
    const admin = await this.admin()
    for (const topic of await admin.listTopics()) this.#there.add(topic)
    for (const topic of topics) {
      if (this.#there.has(topic)) continue
      await createTopic(admin, topic, this.replicas)
      this.#there.add(topic)
    }
  }

  /** What was there may have gone. */
  forget(): void {
    this.#there.clear()
  }

  /** Those of the given that are there. */
  async existing(topics: readonly string[]): Promise<string[]> {
    if (!topics.every((topic) => this.#there.has(topic))) {
      for (const topic of await (await this.admin()).listTopics()) this.#there.add(topic)
    }
    return topics.filter((topic) => this.#there.has(topic))
  }
}

async function createTopic(admin: Admin, topic: string, replicationFactor = clusterDefault): Promise<void> {
  const { numPartitions, config } = topicSettings(topic)
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
  try {
    await admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor, configEntries }], waitForLeaders: false })
  } catch (error) {
    // Its own message is "Topic creation errors".
    if (!(error instanceof KafkaJSAggregateError)) throw error
    const reasons = error.errors.map((one) => (typeof one === 'string' ? one : one.message)).join('; ')
    throw new Error(`the topic ${topic} could not be made: ${reasons}`, { cause: error })
  }
  await untilServed(admin, topic)
}

const lookMs = 50
const longestWaitMs = 10_000

/** Brokers learn a moment later of a new topic, and that they lead its partitions. */
async function untilServed(admin: Admin, topic: string): Promise<void> {
  const giveUpAt = Date.now() + longestWaitMs
  for (;;) {
    try {
      // Asks the leader of each partition.
      await admin.fetchTopicOffsets(topic)
      return
    } catch (error) {
      if (Date.now() >= giveUpAt) throw error
    }
    await sleep(lookMs)
  }
}
