/**
 * What carries messages from the relay to the consumers: a log of topics that keeps order per key, delivers at least once
 * and remembers how far each group has read. The same contract tests run over every transport.
 */
import type { Logger } from 'pino'

export interface Message {
  topic: string
  /** Messages of one key stay in order. */
  key: string
  value: string
  headers: Record<string, string>
}

export interface ReceivedMessage extends Message {
  partition: number
  offset: bigint
}

/** Messages of one or several partitions, those of each partition in order. */
export interface MessageBatch {
  messages: ReceivedMessage[]
  /** Aborted when the subscription closes or loses its place: whoever waits or tries again gives up by throwing. */
  signal: AbortSignal
}

export interface SubscribeOptions {
  /** Each message reaches one member of every group. A new group starts at the oldest message kept. */
  group: string
  /** A topic that does not exist yet is waited for. */
  topics: string[]
  /** A transport may spare itself the way of messages whose `ce_type` is none of these, but it need not. */
  types?: readonly string[]
  /**
   * Resolved: all of the batch is done for this group. Rejected: the batch comes again, after a pause. Batches of one
   * partition come one after the other.
   */
  onBatch: (batch: MessageBatch) => Promise<void>
  /** Most messages in a batch; 500. */
  maxBatch?: number
  log: Logger
}

export interface Subscription {
  /** Finishes the batch under way, then leaves the group. */
  close(): Promise<void>
}

export interface EventPublisher {
  /** What it is made of, as the semantic conventions of messaging name it. */
  readonly system: 'kafka' | 'postgresql'
  /** Resolves when all messages are durable, in the order given per key. Rejected: any of them may be there or not. */
  publish(messages: Message[]): Promise<void>
}

export interface Transport extends EventPublisher {
  subscribe(options: SubscribeOptions): Promise<Subscription>
  /** How many messages a group has not done yet, per topic. */
  lag(group: string, topics: string[]): Promise<Map<string, number>>
  /** The topics that are there. */
  topics(): Promise<string[]>
  /** The first messages that a group has not done, `limit` at most, each partition in order; the group's place stays. */
  peek(group: string, topic: string, limit: number): Promise<ReceivedMessage[]>
  /** Closes its subscriptions too. */
  close(): Promise<void>
}
