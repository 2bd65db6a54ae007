import { makeFigures, makeRatios, round } from './figures'
import type { Run } from './results'
import { makeScenarios } from './scenarios'

const scenarios = makeScenarios({ seconds: 1, saleRequests: 20_000 })

const run = (more: Partial<Run>): Run => ({
  system: 'holdfast',
  scenario: 'closed-300',
  round: 1,
  settleSeconds: 0,
  sent: 10,
  accepted: 10,
  refused: 0,
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
  expect(makeFigures(runs, scenarios)).toEqual([
    expect.objectContaining({ system: 'holdfast', runs: 3, perSecond: 50, perSecondRange: [10, 90], p95: 2 }),
  ])
})

test('a ratio is the median of the ratios within each round, not the ratio of medians', () => {
  const pairs = [
    [300, 100],
    [90, 45],
    [1_000, 100],
  ]
  const runs = pairs.flatMap(([holdfast, relay], index) => [
    run({ round: index + 1, perSecond: holdfast }),
    run({ round: index + 1, perSecond: relay, system: 'empty-relay' }),
  ])
  expect(makeRatios(runs)).toEqual([expect.objectContaining({ name: 'relay', value: 3, met: true })])
})

test('a ratio that lacks a side is left out', () => {
  expect(makeRatios([run({})])).toEqual([])
})

test("a sale's rates are those before and after the last unit was sold", () => {
  const sale = run({ scenario: 'sale', accepted: 5_000, lastAcceptedAfter: 1, refusedAfter: 15_000, refusedAfterSeconds: 2 })
  expect(makeFigures([sale], scenarios)).toEqual([
    expect.objectContaining({ reservesPerSecond: 5_000, refusalsPerSecond: 7_500 }),
  ])
  expect(makeRatios([sale])).toEqual([expect.objectContaining({ name: 'sale', value: 1.5, met: true })])
})

test('numbers are rounded to what is worth reading', () => {
  expect([1234.567, 12.34567, 0.0004].map(round)).toEqual([1235, 12.346, 0])
})
