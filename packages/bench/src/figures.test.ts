import { makeFigures } from './figures'
import type { Run } from './results'

const run = (more: Partial<Run>): Run => ({
  system: 'holdfast',
  scenario: 'closed-300',
  round: 1,
  settleSeconds: 0,
  sent: 10,
  accepted: 10,
  refused: 0,
  conflicts: 0,
  failed: 0,
  perSecond: 10,
  latency: { p50: 1, p95: 2, p99: 3, max: 4 },
  lastAcceptedAfter: 1,
  refusedAfter: 0,
  refusedAfterSeconds: 0,
  ...more,
})

test('a figure is the median of its rounds, with the range of its rates', () => {
  const runs = [90, 10, 50].map((perSecond, index) => run({ perSecond, round: index + 1 }))
  expect(makeFigures(runs, [{ name: 'closed-300', title: '300 connections' }])).toEqual([
    expect.objectContaining({
      system: 'holdfast',
      title: '300 connections',
      runs: 3,
      perSecond: 50,
      perSecondRange: [10, 90],
      p95: 2,
    }),
  ])
})

test('what else a scenario found has its median by name', () => {
  const runs = [1, 9, 2].map((lostRecords, index) => run({ round: index + 1, values: { lostRecords } }))
  expect(makeFigures(runs, [])).toEqual([expect.objectContaining({ values: { lostRecords: 2 } })])
})

test('systems and scenarios keep apart', () => {
  const runs = [run({}), run({ system: 'empty-relay' }), run({ scenario: 'sale' })]
  expect(makeFigures(runs, [])).toHaveLength(3)
})
