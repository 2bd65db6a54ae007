/**
 * The transport for a machine with nothing but Node: a log of messages in PostgreSQL, in a database of its own. Every topic
 * has one partition and gives its offsets under its row's lock.
 */
import type { Logger } from 'pino'
import { migrate, openDatabase } from '@holdfast/service'

import { logMigrations } from '../migrations'
import type { Subscription, Transport } from '../transport'
import { startRetention } from './retention'
import { appendMessages, listTopics, peekMessages, readLag } from './sql'
import { subscribe } from './subscription'

export interface EmbeddedTransportOptions {
  /** `postgres://...` of the log's database. It exists; its tables are made here, also when several processes open it at once. */
  url: string
  log: Logger
  /** Shown in pg_stat_activity; `event log`. */
  name?: string
}

export async function openEmbeddedTransport(options: EmbeddedTransportOptions): Promise<Transport> {
  const { url, log, name = 'event log' } = options
  const database = await openDatabase({ url, name, log, maxConnections: 4 })
  try {
    await migrate(database, [logMigrations], log)
  } catch (error) {
    await database.close()
    throw error
  }
  const subscriptions = new Set<Subscription>()
  const retention = startRetention(database, log)

  return {
    system: 'postgresql',
    publish: async (messages) => appendMessages(database.pool, messages),
    subscribe: async (subscribeOptions) => {
      const subscription = subscribe({ url, name, ...subscribeOptions })
      subscriptions.add(subscription)
      return Promise.resolve({
        close: async () => {
          await subscription.close()
          subscriptions.delete(subscription)
        },
      })
    },
    lag: async (group, topics) => readLag(database.pool, group, topics),
    topics: async () => listTopics(database.pool),
    peek: async (group, topic, limit) => peekMessages(database.pool, group, topic, limit),
    close: async () => {
      await Promise.all([...subscriptions].map(async (subscription) => subscription.close()))
      await retention.stop()
      await database.close()
    },
  }
}
