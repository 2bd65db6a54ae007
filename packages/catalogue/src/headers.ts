import type { JsonSchema } from '@holdfast/openapi'

const text = (description: string, more: JsonSchema = {}): JsonSchema => ({ type: 'string', description, ...more })

/** The headers of every message: CloudEvents 1.0 in binary mode. Kafka's headers are bytes; these are UTF-8 text. */
export const headersSchema: JsonSchema = {
  type: 'object',
  required: [
    'ce_specversion',
    'ce_id',
    'ce_source',
    'ce_type',
    'ce_subject',
    'ce_time',
    'ce_partitionkey',
    'ce_requestid',
    'ce_actor',
    'ce_aggregateversion',
    'ce_audit',
    'content-type',
  ],
  properties: {
    ce_specversion: text('of CloudEvents', { const: '1.0' }),
    ce_id: text('of the event; a message that comes again has the same', { format: 'uuid' }),
    ce_source: text('the service that published it', { format: 'uri-reference' }),
    ce_type: text('what happened'),
    ce_subject: text('the id of what changed'),
    ce_time: text('when it happened', { format: 'date-time' }),
    ce_partitionkey: text("the message's key"),
    ce_requestid: text('of the request that made the change'),
    ce_actor: text('who made it, ROLE:id', { pattern: '^(USER|ADMIN|SERVICE|ANONYMOUS):' }),
    ce_aggregateversion: text('grows with each change of the subject: what is not newer than what you know changes nothing', {
      pattern: '^[0-9]+$',
    }),
    ce_audit: text('whether the audit log has a record of it', { enum: ['true', 'false'] }),
    traceparent: text('of the trace, if there is one (W3C Trace Context)'),
    'content-type': text('of the value', { const: 'application/json' }),
  },
}
