import type { KafkaConfig, SASLOptions } from 'kafkajs'
import type { Logger } from 'pino'
import { ConfigError, databaseUrl, pem, text, wholeNumber } from '@holdfast/service'

import { openEmbeddedTransport } from './embedded/transport'
import type * as KafkaTransport from './kafka/transport'
import type { Transport } from './transport'

const saslMechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const

/** Where a service's events go; a part of every service's configuration. */
export const eventsShape = {
  /** The embedded event log's database; needed unless there are brokers. */
  EVENTS_DATABASE_URL: databaseUrl().optional(),
  /** `host:port,host:port`: events on Kafka instead. */
  KAFKA_BROKERS: text()
    .transform((value) => value.split(',').map((broker) => broker.trim()))
    .refine((brokers) => brokers.every((broker) => /^\S+:\d{1,5}$/.test(broker)), 'must be host:port, several with commas')
    .optional(),
  /** Brokers that keep a copy of each topic that is made here; unset: as many as their own default says. */
  KAFKA_TOPIC_REPLICAS: wholeNumber(1, 100).optional(),
  /** Whether brokers are spoken to over TLS. */
  KAFKA_SSL: text('off')
    .refine((value) => ['on', 'off', 'true', 'false'].includes(value), 'must be on or off')
    .transform((value) => value === 'on' || value === 'true'),
  /** Whom to trust (PEM); the system's authorities otherwise. */
  KAFKA_SSL_CA: pem().optional(),
  /** A certificate and its key (PEM), where brokers ask for one. */
  KAFKA_SSL_CERT: pem().optional(),
  KAFKA_SSL_KEY: pem().optional(),
  KAFKA_SASL_MECHANISM: text()
    .transform((value) => saslMechanisms.find((mechanism) => mechanism === value.toLowerCase()))
    .refine((mechanism) => mechanism !== undefined, `must be one of ${saslMechanisms.join(', ')}`)
    .optional(),
  KAFKA_USERNAME: text().optional(),
  KAFKA_PASSWORD: text().optional(),
}

export interface EventsConfig {
  EVENTS_DATABASE_URL?: string
  KAFKA_BROKERS?: string[]
  KAFKA_TOPIC_REPLICAS?: number
  KAFKA_SSL: boolean
  KAFKA_SSL_CA?: string
  KAFKA_SSL_CERT?: string
  KAFKA_SSL_KEY?: string
  KAFKA_SASL_MECHANISM?: (typeof saslMechanisms)[number]
  KAFKA_USERNAME?: string
  KAFKA_PASSWORD?: string
}

/**
 * Kafka where brokers are named, else the embedded log. Brokers that are away hold up nothing: publishing and reading begin
 * when they are there.
 * @param service its name, shown to brokers and in pg_stat_activity
 * @throws ConfigError when values do not go together
 */
export async function openTransport(
  config: EventsConfig,
  { service, log }: { service: string; log: Logger },
): Promise<Transport> {
  if (config.KAFKA_BROKERS !== undefined) {
    // Only now: kafkajs is a seventh of what a service loads, and the embedded log does without it.
    const { openKafkaTransport } = require('./kafka/transport') as typeof KafkaTransport
    const connection = { brokers: config.KAFKA_BROKERS, ...security(config) }
    return openKafkaTransport({ connection, clientId: service, topicReplicas: config.KAFKA_TOPIC_REPLICAS, log })
  }
  if (config.EVENTS_DATABASE_URL === undefined) throw new ConfigError('EVENTS_DATABASE_URL: is needed, or KAFKA_BROKERS')
  return openEmbeddedTransport({ url: config.EVENTS_DATABASE_URL, name: `${service} events`, log })
}

function security(config: EventsConfig): Pick<KafkaConfig, 'ssl' | 'sasl'> {
  const { KAFKA_SSL: encrypted, KAFKA_SSL_CA: ca, KAFKA_SSL_CERT: cert, KAFKA_SSL_KEY: key } = config
  if (!encrypted && (ca ?? cert ?? key) !== undefined)
    throw new ConfigError('KAFKA_SSL: must be on for KAFKA_SSL_CA, _CERT and _KEY')
  if ((cert === undefined) !== (key === undefined)) {
    throw new ConfigError('KAFKA_SSL_CERT and KAFKA_SSL_KEY: both are needed, or neither')
  }
  return { ssl: encrypted && { ca, cert, key }, sasl: credentials(config) }
}

function credentials(config: EventsConfig): SASLOptions | undefined {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_USERNAME: username, KAFKA_PASSWORD: password } = config
  if (mechanism === undefined && username === undefined && password === undefined) return undefined
  if (mechanism === undefined || username === undefined || password === undefined) {
    throw new ConfigError('KAFKA_SASL_MECHANISM, KAFKA_USERNAME and KAFKA_PASSWORD: all are needed, or none')
  }
  // One of the three by itself each: the type of kafkajs does not take a union.
  if (mechanism === 'plain') return { mechanism, username, password }
  return mechanism === 'scram-sha-256' ? { mechanism, username, password } : { mechanism, username, password }
}
