import { atLeast, below, between, figure, findGoals, rate, ratio, valueOf } from './goals'
import type { Run } from './results'

const run = (system: string, round: number, perSecond: number, values?: Record<string, number>): Run => ({
  system,
  scenario: 'closed-300',
  round,
  settleSeconds: 0,
  sent: 10,
  accepted: 10,
  refused: 0,
  conflicts: 0,
  failed: 0,
  perSecond,
  latency: { p50: 1, p95: 2, p99: 3, max: 4 },
  lastAcceptedAfter: 1,
  refusedAfter: 0,
  refusedAfterSeconds: 0,
  values,
})

const overRelay = ratio('relay', 'Holdfast / the relay', atLeast(2.5), {
  over: ['holdfast/closed-300', rate],
  under: ['empty-relay/closed-300', rate],
})

test('a ratio is the median of the ratios within each round, not the ratio of medians', () => {
  const pairs = [
    [300, 100],
    [90, 45],
    [1_000, 100],
  ] as const
  const runs = pairs.flatMap(([own, relay], round) => [run('holdfast', round, own), run('empty-relay', round, relay)])
  expect(findGoals(runs, [overRelay])).toEqual([
    { name: 'relay', title: 'Holdfast / the relay', value: 3, rounds: [3, 2, 10], goal: 'at least 2.5', met: true },
  ])
})

test('a goal of which a side was not measured in any one round is left out', () => {
  expect(findGoals([run('holdfast', 1, 10), run('empty-relay', 2, 10)], [overRelay])).toEqual([])
  expect(
    findGoals([run('holdfast', 1, 10)], [figure('lost', 'lost', atLeast(1), ['holdfast/closed-300', valueOf('lost')])]),
  ).toEqual([])
})

test('a goal is met or not by its bound', () => {
  const found = (bound: ReturnType<typeof below>): boolean | undefined =>
    findGoals([run('holdfast', 1, 10)], [figure('x', 'x', bound, ['holdfast/closed-300', rate])])[0]?.met
  expect([found(below(10)), found(below(11)), found(between(9, 10)), found(atLeast(10)), found(atLeast(10.1))]).toEqual([
    false,
    true,
    true,
    true,
    false,
  ])
})
