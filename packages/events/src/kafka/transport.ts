/** The transport over Apache Kafka. Nothing waits for a broker that is away: it is tried again where something is to be done. */
import type { Admin, KafkaConfig } from 'kafkajs'
import type { Logger } from 'pino'

import type { Subscription, Transport } from '../transport'
import { createClient, retry } from './client'
import { readLag } from './lag'
import { peek } from './peek'
import { Publisher } from './publisher'
import { subscribe } from './subscription'
import { publishedTopics, Topics } from './topics'

export interface KafkaTransportOptions {
  /** Brokers, and how to speak to them. */
  connection: KafkaConfig
  /** Shown in the brokers' logs and metrics. */
  clientId: string
  log: Logger
  /** Of each topic that is made; as many as the cluster's own default says. */
  topicReplicas?: number
  /** A reader that has not been heard of for so long is taken for dead, in ms; 10,000. Brokers bound it, mostly from 6 s on. */
  sessionTimeoutMs?: number
}

const defaultSessionTimeoutMs = 10_000

export function openKafkaTransport(options: KafkaTransportOptions): Transport {
  const { log, sessionTimeoutMs = defaultSessionTimeoutMs } = options
  const kafka = createClient(options.connection, options.clientId, log)
  const admin = keepAdmin(() => kafka.admin({ retry }))
  const topics = new Topics(admin.connected, options.topicReplicas)
  const publisher = new Publisher(kafka, topics)
  const subscriptions = new Set<Subscription>()

  // So that they are there for whoever looks before the first event; else they are made when they are needed.
  topics.ensure(publishedTopics()).catch((error: unknown) => {
    log.warn({ err: error }, 'Kafka can not be reached; trying again when there is something to publish or to read')
  })

  return {
    system: 'kafka',
    publish: async (messages) => publisher.publish(messages),
    subscribe: async (subscribeOptions) => {
      const subscription = subscribe({ ...subscribeOptions, kafka, available: topics, sessionTimeoutMs })
      subscriptions.add(subscription)
      return Promise.resolve({
        close: async () => {
          await subscription.close()
          subscriptions.delete(subscription)
        },
      })
    },
    lag: async (group, names) => readLag(admin.connected, topics, group, names),
    topics: async () => (await admin.connected()).listTopics(),
    peek: async (group, topic, limit) => peek({ kafka, admin: await admin.connected(), topics, group, topic, limit }),
    close: async () => {
      await Promise.all([...subscriptions].map(async (subscription) => subscription.close()))
      await publisher.close()
      await admin.close()
    },
  }
}

/** One admin connection, made when it is first needed, and again after that failed. */
function keepAdmin(create: () => Admin): { connected: () => Promise<Admin>; close: () => Promise<void> } {
  let connecting: Promise<Admin> | undefined
  return {
    connected: async () => {
      connecting ??= (async () => {
        const admin = create()
        try {
          await admin.connect()
          return admin
        } catch (error) {
          connecting = undefined
          throw error
        }
      })()
      return connecting
    },
    close: async () => {
      const admin = await connecting?.catch(() => undefined)
      await admin?.disconnect()
    },
  }
}
