import { Tally } from './tally'

const taken = { status: 201, body: '' }
const refused = { status: 409, body: '' }

test('answers after the time count, but not towards the rate', () => {
  const tally = new Tally(0, 1_000)
  tally.sent = 3
  for (const now of [100, 1_000, 1_100]) tally.add(taken, 0, now)
  expect(tally.result()).toMatchObject({ sent: 3, accepted: 3, perSecond: 2 })
  expect(tally.result().latency.max / 1_100).toBeCloseTo(1, 2)
})

test('an answer that is neither accepted nor refused, or none, is a failure and no latency', () => {
  const tally = new Tally(0, 1_000)
  tally.add({ status: 503, body: 'busy' }, 0, 10)
  tally.add({ error: 'reset' }, 0, 10)
  expect(tally.result()).toMatchObject({ failed: 2, firstFailure: '503 busy', perSecond: 0, latency: { max: 0 } })
})

test('a conflict is neither an answer nor a failure, and told from a refusal by its code', () => {
  const tally = new Tally(0, 1_000)
  tally.add({ status: 409, body: '{"code":"CONFLICT"}' }, 0, 10)
  tally.add({ status: 409, body: '{"code":"INSUFFICIENT_STOCK"}' }, 0, 10)
  expect(tally.answered).toBe(2)
  expect(tally.result()).toMatchObject({ conflicts: 1, refused: 1, failed: 0, perSecond: 1 })
})

test('a sale: refusals are timed from the last unit sold', () => {
  const tally = new Tally(0, Infinity)
  tally.add(taken, 0, 1_000)
  tally.add(refused, 0, 1_500)
  tally.add(taken, 0, 2_000)
  for (const now of [2_500, 3_000]) tally.add(refused, 0, now)
  const { lastAcceptedAfter, refusedAfter, refusedAfterSeconds, perSecond } = tally.result()
  expect({ lastAcceptedAfter, refusedAfter, refusedAfterSeconds }).toEqual({
    lastAcceptedAfter: 2,
    refusedAfter: 2,
    refusedAfterSeconds: 1,
  })
  expect(perSecond).toBeCloseTo(5 / 3)
})
