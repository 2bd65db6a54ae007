import { createEvent, eventType } from './event'

const input = {
  type: 'holdfast.stock_level.changed.v1',
  data: {},
  key: 'CAMERA001',
  subject: 'CAMERA001/MAIN',
  version: 7n,
  ctx: { requestId: 'request-1', actor: { id: 'inventory', role: 'SERVICE' as const }, traceparent: undefined },
}

test('topic and audit mark of an event are those of the contract', () => {
  expect(createEvent(input)).toMatchObject({ topic: 'holdfast.inventory.v1', audit: false, requestId: 'request-1', version: 7n })
  expect(createEvent({ ...input, type: 'holdfast.reservation.created.v1' })).toMatchObject({
    topic: 'holdfast.reservation.v1',
    audit: true,
  })
})

test('an event type that is not in the contract is refused', () => {
  expect(eventType('holdfast.reservation.forgotten.v1')).toBeUndefined()
  expect(() => createEvent({ ...input, type: 'holdfast.reservation.forgotten.v1' })).toThrow('holdfast.reservation.forgotten.v1')
})
