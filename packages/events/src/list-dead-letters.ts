import { deadLetterTopic, isDeadLetterTopic, replayGroup } from './dead-letters'
import type { ReceivedMessage, Transport } from './transport'

/** Where a consumer parks what it can't handle of a topic. */
export interface DeadLetterQueue {
  /** The one that the messages were published on. */
  topic: string
  consumer: string
  /** How many were not put back yet. */
  waiting: number
}

/** A parked message, as its headers tell of it; what a message that is no event lacks is empty. */
export interface DeadLetter {
  topic: string
  consumer: string
  key: string
  /** CloudEvents type and id. */
  type: string
  id: string
  error: string
  attempts: number
  /** When it was parked, ISO 8601. */
  failedAt: string
}

/** Every queue in which something waits, by topic and consumer. */
export async function findDeadLetterQueues(transport: Transport): Promise<DeadLetterQueue[]> {
  const queues = (await transport.topics()).sort().flatMap((name) => {
    // A topic ends in its version, a consumer's name may have dots of its own.
    const [, topic, consumer] = (isDeadLetterTopic(name) && /^(.+?\.v\d+)\.(.+)\.dlq$/.exec(name)) || []
    return topic === undefined || consumer === undefined ? [] : [{ topic, consumer }]
  })
  const counted = await Promise.all(
    queues.map(async ({ topic, consumer }) => {
      const parked = deadLetterTopic(topic, consumer)
      const lags = await transport.lag(replayGroup(consumer), [parked])
      return { topic, consumer, waiting: lags.get(parked) ?? 0 }
    }),
  )
  return counted.filter(({ waiting }) => waiting > 0)
}

/** The messages of a queue that were not put back yet, oldest first, `limit` at most. Nothing changes by it. */
export async function listDeadLetters(
  transport: Transport,
  { topic, consumer }: Pick<DeadLetterQueue, 'topic' | 'consumer'>,
  limit: number,
): Promise<DeadLetter[]> {
  const messages = await transport.peek(replayGroup(consumer), deadLetterTopic(topic, consumer), limit)
  return messages.map((message) => ({ topic, consumer, ...described(message) }))
}

function described({ key, headers }: ReceivedMessage): Omit<DeadLetter, 'topic' | 'consumer'> {
  return {
    key,
    type: headers['ce_type'] ?? '',
    id: headers['ce_id'] ?? '',
    error: headers['x-error'] ?? '',
    attempts: Number(headers['x-attempts'] ?? 0),
    failedAt: headers['x-failed-at'] ?? '',
  }
}
