import { delayAfter } from './retry'

const schedule = [5_000, 30_000]

test('waits as the schedule says, a fifth more or less, and not at all after its end', () => {
  expect([1, 2, 3].map((failures) => delayAfter(failures, schedule, 0, () => 0.5))).toEqual([5_000, 30_000, undefined])
  expect([0, 0.5, 1].map((random) => delayAfter(1, schedule, 0, () => random))).toEqual([4_000, 5_000, 6_000])
})

test('waits longer where the receiver asks for it', () => {
  expect(delayAfter(1, schedule, 60_000, () => 0)).toBe(60_000)
  expect(delayAfter(3, schedule, 60_000, () => 0)).toBeUndefined()
})
