import { Random } from '../random'
import { faultKinds } from './fault'
import { makeSchedule } from './schedule'

const tenMinutes = 600_000

test('the same seed makes the same schedule, another one another', () => {
  const make = (seed: number) => makeSchedule(new Random(seed, 'schedule'), tenMinutes, faultKinds)
  expect(make(7)).toEqual(make(7))
  expect(make(8)).not.toEqual(make(7))
})

test('ten minutes have every kind that was asked for, and no other; all end in time', () => {
  const schedule = makeSchedule(new Random(1, 'schedule'), tenMinutes, faultKinds)
  expect([...new Set(schedule.map(({ fault }) => fault.kind))].sort()).toEqual([...faultKinds].sort())
  for (const { atMs, forMs } of schedule) expect(atMs + forMs).toBeLessThanOrEqual(tenMinutes)
  const killsAlone = makeSchedule(new Random(1, 'schedule'), tenMinutes, ['kill'])
  expect(new Set(killsAlone.map(({ fault }) => fault.kind))).toEqual(new Set(['kill']))
})

test('a kind that lasts is over before it begins again', () => {
  const schedule = makeSchedule(new Random(2, 'schedule'), tenMinutes, faultKinds)
  for (const kind of faultKinds.filter((one) => one !== 'kill')) {
    const ofKind = schedule.filter(({ fault }) => fault.kind === kind)
    for (const [index, next] of ofKind.entries()) {
      const before = ofKind[index - 1]
      if (before !== undefined) expect(next.atMs).toBeGreaterThanOrEqual(before.atMs + before.forMs)
    }
  }
})
