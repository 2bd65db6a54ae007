/** What we publish, read by the CloudEvents project's own SDK. */
import { CloudEvent, Kafka } from 'cloudevents'

import { toMessage } from './envelope'
import type { EventAttributes } from './event'

const event: EventAttributes = {
  id: '0b9f8d6e-3c1a-4f7e-9a54-6d2c8b1e0f3a',
  source: '//holdfast/reservation',
  type: 'holdfast.reservation.created.v1',
  topic: 'holdfast.reservation.v1',
  key: 'r-1',
  subject: 'r-1',
  version: 9_007_199_254_740_993n,
  audit: true,
  actor: { id: 'user:with:colons', role: 'USER' },
  requestId: 'request-1',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  at: new Date('2026-01-31T23:59:59.999Z'),
}

test.each([
  ['with a trace', event],
  ['without one', { ...event, traceparent: undefined }],
])('an event %s is a valid CloudEvent in the Kafka binding’s binary mode', (_which, attributes) => {
  const data = { after: { id: 'r-1', note: 'für später' } }
  const { key, value, headers } = toMessage(attributes, JSON.stringify(data))
  const message = { key, value, headers, body: value }
  expect(Kafka.isEvent(message)).toBe(true)
  const parsed = Kafka.toEvent(message)
  if (!(parsed instanceof CloudEvent)) throw new Error('not one event')
  expect(parsed.validate()).toBe(true)
  expect(parsed).toMatchObject({
    specversion: '1.0',
    id: event.id,
    source: '//holdfast/reservation',
    type: 'holdfast.reservation.created.v1',
    subject: 'r-1',
    time: '2026-01-31T23:59:59.999Z',
    datacontenttype: 'application/json',
    partitionkey: 'r-1',
    requestid: 'request-1',
    actor: 'USER:user:with:colons',
    aggregateversion: '9007199254740993',
    audit: 'true',
    data,
  })
})
