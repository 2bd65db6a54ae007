import { clockText, durationText } from './use-remaining.ts'

test('a second that has begun counts', () => {
  expect([0, 1, 1_000, 59_001, 61_000, 3_600_000, 3_661_000].map(clockText)).toEqual([
    '0:00',
    '0:01',
    '0:01',
    '1:00',
    '1:01',
    '1:00:00',
    '1:01:01',
  ])
})

test('a duration is told in its largest unit', () => {
  expect([1, 10, 60, 300, 3_600, 7_200].map(durationText)).toEqual([
    '1 second',
    '10 seconds',
    '1 minute',
    '5 minutes',
    '1 hour',
    '2 hours',
  ])
})
