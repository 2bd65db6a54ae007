/** The catalogue of events as an AsyncAPI 3 document, made from the protos. */
import { type EventDescriptor, eventDescriptors, topicDescriptors } from '@holdfast/contracts'
import { commentOf } from '@holdfast/contracts/comments'
import { topicSettings } from '@holdfast/events'
import type { JsonSchema } from '@holdfast/openapi'

import { headersSchema } from './headers'
import { messageSchemas, referenceTo } from './json-schema'
import type { Sample } from './samples'

const kafkaBinding = '0.5.0'
const headersName = 'CloudEventHeaders'

/** @param samples by event type; an event without one has no example */
export function asyncApi(samples: ReadonlyMap<string, Sample>): JsonSchema {
  const events = [...eventDescriptors()].sort((a, b) => (a.type < b.type ? -1 : 1))
  const channels = topicDescriptors().map(({ name, key }) => [name, channel(name, key, events)] as const)
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Holdfast events',
      version: '1.0.0',
      description:
        'Every change that Holdfast makes, as CloudEvents 1.0 on Apache Kafka. Messages of one key come in order, at least once. ' +
        'Types and fields that you do not know are to be passed over: a release adds some, and takes none away.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      kafka: { host: 'localhost:9092', protocol: 'kafka', description: 'The brokers that KAFKA_BROKERS names.' },
    },
    channels: Object.fromEntries(channels),
    operations: Object.fromEntries(
      channels.map(([name]) => [`publish.${name}`, { action: 'send', channel: { $ref: `#/channels/${name}` } }]),
    ),
    components: {
      messages: Object.fromEntries(events.map((event) => [event.type, message(event, samples.get(event.type))])),
      schemas: { [headersName]: headersSchema, ...messageSchemas(events.map((event) => event.desc)) },
    },
  }
}

function channel(topic: string, key: string, events: readonly EventDescriptor[]): JsonSchema {
  const { numPartitions, config } = topicSettings(topic)
  const mine = events.filter((event) => event.topic === topic)
  return {
    address: topic,
    description: `Keyed by ${key}.`,
    servers: [{ $ref: '#/servers/kafka' }],
    messages: Object.fromEntries(mine.map(({ type }) => [type, { $ref: `#/components/messages/${type}` }])),
    bindings: {
      kafka: {
        topic,
        partitions: numPartitions,
        topicConfiguration: {
          'cleanup.policy': [config['cleanup.policy']],
          'retention.ms': Number(config['retention.ms']),
          'max.message.bytes': Number(config['max.message.bytes']),
        },
        bindingVersion: kafkaBinding,
      },
    },
  }
}

function message(event: EventDescriptor, sample: Sample | undefined): JsonSchema {
  const { type, audit, desc, topic } = event
  const summary = commentOf(desc)
  const key = topicDescriptors().find(({ name }) => name === topic)?.key
  return {
    name: type,
    title: desc.name,
    ...(summary === '' ? {} : { summary }),
    headers: {
      type: 'object',
      allOf: [
        { $ref: `#/components/schemas/${headersName}` },
        { properties: { ce_type: { const: type }, ce_audit: { const: String(audit) } } },
      ],
    },
    payload: referenceTo(desc),
    bindings: { kafka: { key: { type: 'string', description: key }, bindingVersion: kafkaBinding } },
    ...(sample === undefined ? {} : { examples: [{ headers: sample.headers, payload: sample.value }] }),
  }
}
