import {
  afterAuthorize,
  afterCapture,
  afterFirstAnswer,
  afterGivingBack,
  type AttemptState,
  type Decision,
  endingOf,
  type EndState,
  failureMessages,
  type Failure,
  isOpen,
  mayFollow,
} from './payment-attempt'

const open: AttemptState[] = ['STARTED', 'AUTHORIZING', 'WAITING', 'AUTHORIZED', 'COMMITTED', 'VOIDING']
const ends: EndState[] = ['SUCCEEDED', 'DECLINED', 'FAILED', 'VOIDED', 'REFUNDED', 'UNCAPTURED']
const failures = [null, ...Object.keys(failureMessages)] as (Failure | null)[]

test('an attempt that is over stays over', () => {
  for (const end of ends) {
    expect(isOpen(end)).toBe(false)
    expect([...open, ...ends].some((state) => mayFollow(end, state))).toBe(false)
  }
})

test('every open state leads to an end', () => {
  const reaches = (state: AttemptState, seen: AttemptState[] = []): boolean =>
    !isOpen(state) ||
    [...open, ...ends].some((next) => mayFollow(state, next) && !seen.includes(next) && reaches(next, [...seen, state]))
  for (const state of open) expect(reaches(state)).toBe(true)
})

test.each([
  ['AUTHORIZING', afterFirstAnswer],
  ['AUTHORIZING', afterAuthorize],
  ['WAITING', afterAuthorize],
  ['COMMITTED', afterCapture],
  ['VOIDING', afterGivingBack],
] as [AttemptState, Record<string, Decision>][])(
  'whatever the provider says in %s leads where the attempt may go',
  (state, decisions) => {
    for (const decision of Object.values(decisions)) {
      expect(decision === 'ask again' || mayFollow(state, decision.to)).toBe(true)
    }
  },
)

test('money that is set aside is never just forgotten: it is taken or given back', () => {
  expect(mayFollow('AUTHORIZED', 'DECLINED')).toBe(false)
  expect(mayFollow('AUTHORIZED', 'FAILED')).toBe(false)
  expect(afterGivingBack.captured).toBe('ask again')
  expect(afterGivingBack.authorized).toBe('ask again')
})

test('only a captured payment confirms an order', () => {
  expect(Object.entries(afterCapture).filter(([, decision]) => decision !== 'ask again' && decision.to === 'SUCCEEDED')).toEqual([
    ['captured', { to: 'SUCCEEDED' }],
  ])
  for (const end of ends) {
    for (const failure of failures) expect(endingOf(end, failure)?.status === 'CONFIRMED').toBe(end === 'SUCCEEDED')
  }
})

test('an order is cancelled with its attempt only when its reservation is over or its sold units must come back', () => {
  const cancelling = ends.flatMap((end) =>
    failures.filter((failure) => endingOf(end, failure)?.status === 'CANCELLED').map((failure) => `${end} ${failure}`),
  )
  expect(cancelling.filter((name) => !name.startsWith('UNCAPTURED'))).toEqual([
    'VOIDED RESERVATION_EXPIRED',
    'VOIDED RESERVATION_NOT_ACTIVE',
    'REFUNDED RESERVATION_EXPIRED',
    'REFUNDED RESERVATION_NOT_ACTIVE',
  ])
  expect(endingOf('UNCAPTURED', 'PAYMENT_DECLINED')?.returnStock).toBe(true)
})
