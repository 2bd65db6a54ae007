import type { Logger } from 'pino'
import type { PoolClient } from 'pg'
import { type Database, gauge, readAtScrape } from '@holdfast/service'

import { retryTopic } from './dead-letters'
import type { PublishedEvent } from './event'
import { maintainInbox } from './inbox'
import { Settler } from './settler'
import type { Transport } from './transport'

/** What is known of an event before it is read. */
export interface EventMark {
  /** Empty where a message has none: then it is unreadable, which is a consumer's business if it wants it. */
  type: string
  audit: boolean
}

interface CommonOptions {
  /** The consumer's name: its group, its memory, and a part of its dead letter topics. Never changed once released. */
  name: string
  topics: string[]
  transport: Transport
  database: Database
  log: Logger
  /**
   * Which events concern this consumer, by their types or by what is known of them; all. The others cost no transaction, and
   * are not remembered.
   */
  wants?: readonly string[] | ((event: EventMark) => boolean)
  /** Most events in one transaction; 500. */
  maxBatch?: number
  /** How often an event is tried before it is parked; 5. A database that is away does not count. */
  attempts?: number
}

/**
 * One of the three. Each runs in a transaction of the service's database that holds the effect and the memory of the events, so
 * both happen or neither. It must only touch the database (truth 13), and may run again. It decides about event types that it
 * does not know: mostly, by ignoring them.
 *
 * `handle` and `handleBatch` get only events that this consumer has not handled yet: the inbox remembers for them.
 * `takeBatch` gets all that is delivered, repeats too, and remembers by its effect: a row with the event's id in a unique key,
 * kept for good, which it looks for before it writes, under a lock that all who write it take. That spares the inbox's row. It
 * answers what is to follow the commit.
 *
 * Whether an event is out of date is decided by the handler: it compares `event.version` with the version that its own row
 * took over (`update ... where version < $event`). A memory of versions beside that row would be a second truth.
 */
type Handler =
  | ({
      handle: (client: PoolClient, event: PublishedEvent) => Promise<void>
      handleBatch?: undefined
      takeBatch?: undefined
    } & Told)
  | ({
      handleBatch: (client: PoolClient, events: PublishedEvent[]) => Promise<void>
      handle?: undefined
      takeBatch?: undefined
    } & Told)
  | {
      takeBatch: (client: PoolClient, events: PublishedEvent[]) => Promise<AfterCommit | undefined>
      handle?: undefined
      handleBatch?: undefined
      afterCommit?: undefined
    }

interface Told {
  /** Called after a commit with the events that were new, to wake a relay or a watcher. What it throws is logged. */
  afterCommit?: (events: PublishedEvent[]) => void
}

/** Called once its transaction is committed. What it throws is logged. */
export type AfterCommit = () => void

export type ConsumerOptions = CommonOptions & Handler

export interface Consumer {
  /** How many messages wait, over all its topics. */
  lag(): Promise<number>
  /** Finishes the batch under way. */
  close(): Promise<void>
}

const lagging = gauge('consumer_lag_messages', 'Messages that wait for a consumer', ['consumer'])

const maintenanceMs = 3_600_000

/** Reads the topics, and what was put back from its dead letters, from where the consumer left off. */
export async function startConsumer(options: ConsumerOptions): Promise<Consumer> {
  const home = new Map(options.topics.map((topic) => [topic, topic]))
  for (const topic of options.topics) home.set(retryTopic(topic, options.name), topic)
  const topics = [...home.keys()]

  const maintain = async () => {
    try {
      await maintainInbox(options.database)
    } catch (error) {
      // Without a day's partition its events are remembered in the one for all others: nothing stops.
      options.log.warn({ err: error }, 'the inbox could not be looked after; next time')
    }
  }
  let maintenance = maintain()
  await maintenance
  const timer = setInterval(() => (maintenance = maintain()), maintenanceMs)

  const settler = new Settler(options, (topic) => home.get(topic) ?? topic)
  const subscription = await options.transport.subscribe({
    group: options.name,
    topics,
    types: typeof options.wants === 'function' ? undefined : options.wants,
    maxBatch: options.maxBatch,
    log: options.log,
    onBatch: async (batch) => settler.settle(batch),
  })
  const lag = async () => {
    const lags = await options.transport.lag(options.name, topics)
    return [...lags.values()].reduce((sum, waiting) => sum + waiting, 0)
  }
  const unread = readAtScrape('consumer_lag_messages', async () => [
    { gauge: lagging, labels: { consumer: options.name }, value: await lag() },
  ])
  return {
    lag,
    close: async () => {
      unread()
      clearInterval(timer)
      await subscription.close()
      await maintenance
    },
  }
}
