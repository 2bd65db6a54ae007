import type { Figure, Run } from './results'
import type { Scenario } from './scenarios/scenario'
import { groupBy, median, roundFigure } from './statistics'

/** One figure for each system and scenario: the medians over its rounds. */
export function makeFigures(runs: readonly Run[], scenarios: readonly Pick<Scenario, 'name' | 'title' | 'apart'>[]): Figure[] {
  const groups = groupBy(runs, ({ scenario, system }) => `${scenario} ${system}`)
  return [...groups.values()].map((group) => figureOf(group, scenarios))
}

function figureOf(runs: Run[], scenarios: readonly Pick<Scenario, 'name' | 'title' | 'apart'>[]): Figure {
  const [first] = runs
  if (first === undefined) throw new Error('a figure without a run')
  const scenario = scenarios.find(({ name }) => name === first.scenario)
  const of = (value: (run: Run) => number): number => roundFigure(median(runs.map(value)))
  const rates = runs.map(({ perSecond }) => roundFigure(perSecond))
  const names = Object.keys(first.values ?? {})
  return {
    system: first.system,
    scenario: first.scenario,
    title: scenario?.title ?? first.scenario,
    ...(scenario?.apart === true && { apart: true }),
    runs: runs.length,
    perSecond: of((run) => run.perSecond),
    perSecondRange: [Math.min(...rates), Math.max(...rates)],
    p50: of((run) => run.latency.p50),
    p95: of((run) => run.latency.p95),
    p99: of((run) => run.latency.p99),
    accepted: of((run) => run.accepted),
    refused: of((run) => run.refused),
    failed: of((run) => run.failed),
    settleSeconds: of((run) => run.settleSeconds),
    ...(names.length > 0 && { values: Object.fromEntries(names.map((name) => [name, of((run) => run.values?.[name] ?? 0)])) }),
  }
}
