/**
 * Messages that a consumer could not handle are parked on a topic of that consumer. Putting them back must reach that
 * consumer alone, so they return on a retry topic that it reads beside its topics, not on the topic they came from. The
 * event keeps its id: replayed twice, it is handled once. Later events of the same key have gone by meanwhile; handlers
 * compare the event's version with the one of their own row.
 */
import { HoldfastError } from '@holdfast/service'

import type { Message, ReceivedMessage } from './transport'

export function deadLetterTopic(topic: string, consumer: string): string {
  return `${topic}.${consumer}.dlq`
}

export function retryTopic(topic: string, consumer: string): string {
  return `${topic}.${consumer}.retry`
}

/** Who reads a dead letter topic: what it has done was put back. */
export function replayGroup(consumer: string): string {
  return `${consumer}.replay`
}

export function isDeadLetterTopic(topic: string): boolean {
  return topic.endsWith('.dlq')
}

export function isRetryTopic(topic: string): boolean {
  return topic.endsWith('.retry')
}

const errorHeaders = ['x-error', 'x-original-topic', 'x-original-key', 'x-attempts', 'x-failed-at']

const maxErrorLength = 1_000

export interface Failure {
  error: unknown
  attempts: number
  /** The topic it was published on at first. */
  topic: string
  consumer: string
}

/** The message as it is parked: unchanged, with the failure in headers of its own. */
export function toDeadLetter(message: ReceivedMessage, failure: Failure): Message {
  return {
    topic: deadLetterTopic(failure.topic, failure.consumer),
    key: message.key,
    value: message.value,
    headers: {
      ...message.headers,
      'x-error': describe(failure.error).slice(0, maxErrorLength).toWellFormed(),
      'x-original-topic': failure.topic,
      'x-original-key': message.key,
      'x-attempts': String(failure.attempts),
      'x-failed-at': new Date().toISOString(),
    },
  }
}

/** A parked message as it goes back to its consumer. */
export function toRetry(parked: ReceivedMessage, topic: string, consumer: string): Message {
  const headers = Object.fromEntries(Object.entries(parked.headers).filter(([name]) => !errorHeaders.includes(name)))
  return { topic: retryTopic(topic, consumer), key: parked.key, value: parked.value, headers }
}

function describe(error: unknown): string {
  if (error instanceof HoldfastError) return `${error.code}: ${error.message}`
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
