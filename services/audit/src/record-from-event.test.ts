import type { PublishedEvent } from '@holdfast/events'

import { actionOf, recordFromEvent, statesOf } from './record-from-event'

describe('actionOf', () => {
  it('leaves out the project and the version', () => {
    expect(actionOf('holdfast.reservation.created.v1')).toBe('reservation.created')
    expect(actionOf('holdfast.user.logged_in.v12')).toBe('user.logged_in')
  })

  it('keeps a type of another form as it is', () => {
    expect(actionOf('com.example.thing')).toBe('com.example.thing')
  })
})

describe('statesOf', () => {
  it('keeps before and after as the event has them', () => {
    const data = { before: { status: 'ACTIVE' }, after: { status: 'EXPIRED' } }
    expect(statesOf(data)).toEqual(data)
    expect(statesOf({ after: { id: 'x' } })).toEqual({ before: null, after: { id: 'x' } })
    expect(statesOf({ before: { id: 'x' }, after: null })).toEqual({ before: { id: 'x' }, after: null })
  })

  it('puts what else the event says into after, under its own name', () => {
    expect(statesOf({ before: { onHand: 1 }, after: { onHand: 3 }, movement: { delta: 2, reason: 'delivery' } })).toEqual({
      before: { onHand: 1 },
      after: { onHand: 3, movement: { delta: 2, reason: 'delivery' } },
    })
    expect(statesOf({ stock: 5 })).toEqual({ before: null, after: { stock: 5 } })
  })

  it('loses nothing where a name is taken', () => {
    expect(statesOf({ after: { stock: 'resource' }, stock: 'event' })).toEqual({
      before: null,
      after: { stock: 'resource', _stock: 'event' },
    })
  })

  it('keeps data that is no object, and states that are none', () => {
    expect(statesOf([1, 2])).toEqual({ before: null, after: { data: [1, 2] } })
    expect(statesOf('text')).toEqual({ before: null, after: { data: 'text' } })
    expect(statesOf(null)).toEqual({ before: null, after: null })
    expect(statesOf({ before: 'A', after: 'B' })).toEqual({ before: null, after: { before: 'A', after: 'B' } })
  })
})

describe('recordFromEvent', () => {
  it('takes action and object from the type, the rest from the attributes', () => {
    const at = new Date('2026-01-31T10:20:30.456Z')
    const event: PublishedEvent = {
      id: '0B6F0F0E-7F2F-4A7E-9D3B-2F1F8A0C1D2E',
      source: '//holdfast/order',
      type: 'holdfast.order.payment_declined.v1',
      topic: 'holdfast.order.v1',
      key: 'o1',
      subject: 'o1',
      version: 2n,
      audit: true,
      actor: { id: 'u1', role: 'USER' },
      requestId: 'req-1',
      traceparent: undefined,
      at,
      data: { before: { version: 1 }, after: { version: 2 } },
    }
    expect(recordFromEvent(event)).toEqual({
      eventId: '0b6f0f0e-7f2f-4a7e-9d3b-2f1f8a0c1d2e',
      at,
      action: 'order.payment_declined',
      actorId: 'u1',
      actorRole: 'USER',
      objectType: 'order',
      objectId: 'o1',
      before: { version: 1 },
      after: { version: 2 },
      requestId: 'req-1',
    })
  })
})
