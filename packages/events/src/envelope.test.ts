import { fromMessage, toHeaders, toMessage, UnreadableEventError } from './envelope'
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

const data = { after: { id: 'r-1', note: 'für später' } }
const message = toMessage(event, JSON.stringify(data))

function withHeaders(headers: Record<string, string | undefined>) {
  const entries = Object.entries({ ...message.headers, ...headers }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  return { ...message, headers: Object.fromEntries(entries) }
}

test('the attributes of an event are headers by the CloudEvents binding for Kafka', () => {
  expect(message.headers).toEqual({
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_source: '//holdfast/reservation',
    ce_type: 'holdfast.reservation.created.v1',
    ce_subject: 'r-1',
    ce_time: '2026-01-31T23:59:59.999Z',
    ce_partitionkey: 'r-1',
    ce_requestid: 'request-1',
    ce_actor: 'USER:user:with:colons',
    ce_aggregateversion: '9007199254740993',
    ce_audit: 'true',
    traceparent: event.traceparent,
    'content-type': 'application/json',
  })
  expect(message).toMatchObject({ topic: 'holdfast.reservation.v1', key: 'r-1', value: JSON.stringify(data) })
})

test('an event comes back from its message as it was', () => {
  expect(fromMessage(message)).toEqual({ ...event, data })
})

test('an event without a trace has no traceparent header', () => {
  expect(toHeaders({ ...event, traceparent: undefined })).not.toHaveProperty('traceparent')
  expect(fromMessage(withHeaders({ traceparent: undefined })).traceparent).toBeUndefined()
})

test('headers that are not known are left alone', () => {
  expect(fromMessage(withHeaders({ ce_newattribute: '1', 'x-somebody': 'else' }))).toEqual({ ...event, data })
})

test('everything that is missing is named at once', () => {
  expect(() => fromMessage(withHeaders({ ce_id: undefined, ce_time: undefined, ce_audit: undefined }))).toThrow(
    new UnreadableEventError('headers missing: ce_id, ce_time, ce_audit'),
  )
})

test('a message without a partition key attribute has the key of the message', () => {
  expect(fromMessage(withHeaders({ ce_partitionkey: undefined })).key).toBe('r-1')
})

test.each([
  ['ce_specversion', '2.0'],
  ['ce_id', '17'],
  ['ce_time', 'yesterday'],
  ['ce_actor', 'nobody'],
  ['ce_aggregateversion', '-1'],
  ['ce_aggregateversion', 'one'],
  ['ce_audit', 'perhaps'],
])('a message whose %s is %s is refused, and the header named', (name, value) => {
  expect(() => fromMessage(withHeaders({ [name]: value }))).toThrow(UnreadableEventError)
  expect(() => fromMessage(withHeaders({ [name]: value }))).toThrow(name)
})

test('a value that is no JSON is refused', () => {
  expect(() => fromMessage({ ...message, value: '{' })).toThrow(UnreadableEventError)
})

test('a role of a later version does not make an event unreadable', () => {
  expect(fromMessage(withHeaders({ ce_actor: 'ROBOT:7' })).actor).toEqual({ role: 'UNRECOGNIZED', id: '7' })
})
