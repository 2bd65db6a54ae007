import { Order_Status, type OrderState } from '@holdfast/contracts/order'
import { type ReservationState, ReservationState_Status } from '@holdfast/contracts/reservation'

import { type Entry, type HoldState, judge, versionsOf } from './judge'

const now = Date.parse('2026-01-01T12:00:00Z')
const later = new Date(now + 60_000)
const graceMs = 10_000
const old = graceMs + 1

const hold = (state: HoldState['state'], more: Partial<HoldState> = {}): HoldState => ({
  id: 'h',
  state,
  version: 2,
  linesVersion: 1,
  expiresAt: later,
  baseExpiresAt: later,
  tombstone: false,
  due: false,
  ageMs: old,
  ...more,
})
const reservation = (status: keyof typeof ReservationState_Status, more: Partial<ReservationState> = {}): ReservationState => ({
  id: 'h',
  status: ReservationState_Status[status],
  version: 1,
  holdVersion: 2,
  expiresAt: later,
  pastMs: -60_000n,
  ...more,
})
const order = (status: keyof typeof Order_Status, more: Partial<OrderState> = {}): OrderState => ({
  id: 'o',
  reservationId: 'h',
  status: Order_Status[status],
  version: 1,
  unreserved: false,
  paying: false,
  returnReference: '',
  returned: false,
  ...more,
})

type Rows = Partial<Omit<Entry, 'id'>>
const entry = (rows: Rows): Entry => ({
  id: 'h',
  hold: undefined,
  reservation: undefined,
  order: undefined,
  returns: undefined,
  ...rows,
})
const verdict = (rows: Rows): string[] =>
  judge(entry(rows), { graceMs }).map((finding) => (finding === 'underWay' ? finding : finding.kind))

const task = { returnReference: 'r' }

test.each<[string, Rows]>([
  ['held and active', { hold: hold('HELD'), reservation: reservation('ACTIVE') }],
  ['behind its hold, by a protection', { hold: hold('HELD', { version: 5 }), reservation: reservation('ACTIVE') }],
  [
    'extended during a payment',
    { hold: hold('HELD', { expiresAt: new Date(now + 90_000) }), reservation: reservation('ACTIVE') },
  ],
  ['sold, with an order', { hold: hold('COMMITTED'), reservation: reservation('COMMITTED'), order: order('DELIVERED') }],
  ['cancelled', { hold: hold('RELEASED'), reservation: reservation('CANCELLED'), order: order('CANCELLED') }],
  ['expired', { hold: hold('EXPIRED'), reservation: reservation('EXPIRED'), order: order('CANCELLED') }],
  ['an orphan that was released', { hold: hold('RELEASED'), reservation: reservation('ABANDONED') }],
  ['an orphan that lapsed by itself', { hold: hold('EXPIRED') }],
  ['a tombstone', { hold: hold('RELEASED', { tombstone: true }) }],
  ['an order that waits for its payment', { hold: hold('HELD'), reservation: reservation('ACTIVE'), order: order('PENDING') }],
  [
    'returned',
    {
      hold: hold('COMMITTED'),
      reservation: reservation('COMMITTED'),
      order: order('CANCELLED', { ...task, returned: true }),
      returns: { sold: 3n, returned: 3n },
    },
  ],
])('%s is in order', (_name, rows) => {
  expect(verdict(rows)).toEqual([])
})

test.each<[string, Rows]>([
  ['a young hold without a reservation', { hold: hold('HELD', { ageMs: 1 }) }],
  [
    'a claim whose hold is about to be released',
    { hold: hold('HELD'), reservation: reservation('ABANDONED', { pastMs: BigInt(graceMs) - 1n }) },
  ],
  [
    'an end that its reservation has not taken over',
    { hold: hold('RELEASED', { ageMs: 1 }), reservation: reservation('ACTIVE') },
  ],
  ['a lapse that the sweep has not taken over', { hold: hold('EXPIRED'), reservation: reservation('ACTIVE', { pastMs: 0n }) }],
  ['an order that waits for its reservation', { order: order('PENDING', { unreserved: true }) }],
  ['a payment', { hold: hold('COMMITTED'), reservation: reservation('COMMITTED'), order: order('PENDING', { paying: true }) }],
  [
    'a lapse that its order has not heard of',
    { hold: hold('EXPIRED', { ageMs: 1 }), reservation: reservation('EXPIRED'), order: order('PENDING') },
  ],
  ['a return', { hold: hold('COMMITTED'), reservation: reservation('COMMITTED'), order: order('CANCELLED', task) }],
  [
    'an order that was told of the lapse first',
    { hold: hold('HELD', { due: true }), reservation: reservation('ACTIVE'), order: order('CANCELLED') },
  ],
])('%s is under way', (_name, rows) => {
  expect(verdict(rows)).toEqual(['underWay'])
})

test.each<[string, Rows, string[]]>([
  ['a hold without a reservation', { hold: hold('HELD') }, ['hold_without_reservation']],
  ['a released hold without one', { hold: hold('RELEASED') }, ['hold_without_reservation']],
  ['a reservation without a hold', { reservation: reservation('ACTIVE') }, ['reservation_without_hold']],
  ['active, and its hold is released', { hold: hold('RELEASED'), reservation: reservation('ACTIVE') }, ['reservation']],
  [
    'cancelled, and its hold is held',
    { hold: hold('HELD', { ageMs: 1 }), reservation: reservation('CANCELLED') },
    ['reservation'],
  ],
  [
    'a claim of what is sold',
    { hold: hold('COMMITTED'), reservation: reservation('ABANDONED'), order: order('CONFIRMED') },
    ['reservation'],
  ],
  [
    'a claim that nobody follows up',
    { hold: hold('HELD'), reservation: reservation('ABANDONED', { pastMs: BigInt(graceMs) }) },
    ['reservation'],
  ],
  [
    'a lapse long before its reservation ends',
    { hold: hold('EXPIRED'), reservation: reservation('ACTIVE', { pastMs: -1n }) },
    ['reservation'],
  ],
  [
    'knows more of its hold than there is',
    { hold: hold('HELD'), reservation: reservation('ACTIVE', { holdVersion: 3 }) },
    ['reservation_expiry'],
  ],
  [
    'another end',
    { hold: hold('HELD'), reservation: reservation('ACTIVE', { expiresAt: new Date(now) }) },
    ['reservation_expiry'],
  ],
  [
    'the same version, and other lines',
    { hold: hold('HELD', { linesVersion: 2 }), reservation: reservation('ACTIVE', { linesVersion: 1 }) },
    ['reservation_lines'],
  ],
  [
    'ended with other lines than its hold',
    { hold: hold('RELEASED', { version: 4, linesVersion: 2 }), reservation: reservation('CANCELLED', { linesVersion: 1 }) },
    ['reservation_lines'],
  ],
  ['sold without an order', { hold: hold('COMMITTED'), reservation: reservation('COMMITTED') }, ['hold_without_order']],
  ['an order of nothing', { order: order('CONFIRMED') }, ['order_without_hold']],
  ['sold and not paid', { hold: hold('COMMITTED'), reservation: reservation('COMMITTED'), order: order('PENDING') }, ['order']],
  ['paid and not sold', { hold: hold('HELD'), reservation: reservation('ACTIVE'), order: order('CONFIRMED') }, ['order']],
  [
    'shipped and given back',
    { hold: hold('RELEASED'), reservation: reservation('CANCELLED'), order: order('SHIPPED') },
    ['order'],
  ],
  [
    'lapsed long ago, and its order waits',
    { hold: hold('EXPIRED'), reservation: reservation('EXPIRED'), order: order('PENDING') },
    ['order'],
  ],
  [
    'cancelled, and its units are set aside',
    { hold: hold('HELD'), reservation: reservation('ACTIVE'), order: order('CANCELLED') },
    ['order'],
  ],
  [
    'cancelled, and its units are sold',
    { hold: hold('COMMITTED'), reservation: reservation('COMMITTED'), order: order('CANCELLED') },
    ['order'],
  ],
  [
    'a return of what was not sold',
    { hold: hold('RELEASED'), reservation: reservation('CANCELLED'), order: order('CANCELLED', task) },
    ['order'],
  ],
  [
    'returned in part',
    {
      hold: hold('COMMITTED'),
      reservation: reservation('COMMITTED'),
      order: order('CANCELLED', { ...task, returned: true }),
      returns: { sold: 3n, returned: 2n },
    },
    ['return'],
  ],
  [
    'two at once',
    { hold: hold('COMMITTED'), reservation: reservation('CANCELLED'), order: order('CANCELLED') },
    ['reservation', 'order'],
  ],
])('%s is a difference', (_name, rows, kinds) => {
  expect(verdict(rows)).toEqual(kinds)
})

test('versions are the same as long as nothing moves, however much time goes by', () => {
  const rows = { hold: hold('HELD'), reservation: reservation('CANCELLED'), order: order('PENDING') }
  const first = versionsOf(entry(rows))
  expect(versionsOf(entry({ ...rows, hold: hold('HELD', { ageMs: 99_999, due: true }) }))).toBe(first)
  expect(versionsOf(entry({ ...rows, hold: hold('HELD', { version: 3 }) }))).not.toBe(first)
  expect(versionsOf(entry({ ...rows, order: order('PENDING', { paying: true }) }))).not.toBe(first)
})
