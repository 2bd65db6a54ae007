import type { Figure, Ratio, Run } from './results'
import type { Scenario } from './scenarios'
import { groupBy, median } from './statistics'

/** One figure for each system and scenario: the medians over its rounds. */
export function makeFigures(runs: readonly Run[], scenarios: readonly Scenario[]): Figure[] {
  const groups = groupBy(runs, ({ scenario, system }) => `${scenario} ${system}`)
  return [...groups.values()].map((group) => figureOf(group, scenarios))
}

function figureOf(runs: Run[], scenarios: readonly Scenario[]): Figure {
  const [first] = runs
  if (first === undefined) throw new Error('a figure without a run')
  const scenario = scenarios.find(({ name }) => name === first.scenario)
  const of = (value: (run: Run) => number): number => round(median(runs.map(value)))
  const rates = runs.map(({ perSecond }) => round(perSecond))
  return {
    system: first.system,
    scenario: first.scenario,
    title: scenario?.title ?? first.scenario,
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
    ...(scenario?.shape.kind === 'count' && {
      reservesPerSecond: of(reservesPerSecond),
      refusalsPerSecond: of(refusalsPerSecond),
    }),
  }
}

/** While there was stock. */
export function reservesPerSecond({ accepted, lastAcceptedAfter }: Run): number {
  return lastAcceptedAfter > 0 ? accepted / lastAcceptedAfter : 0
}

/** After the last unit was sold. */
export function refusalsPerSecond({ refusedAfter, refusedAfterSeconds }: Run): number {
  return refusedAfterSeconds > 0 ? refusedAfter / refusedAfterSeconds : 0
}

interface RatioRule {
  name: string
  title: string
  goal: string
  isMet: (value: number) => boolean
  over: [string, (run: Run) => number]
  under: [string, (run: Run) => number]
}

const rate = (run: Run): number => run.perSecond
const p50 = (run: Run): number => run.latency.p50
const atLeast = (goal: number) => ({ goal: `at least ${goal}`, isMet: (value: number) => value >= goal })
const atMost = (goal: number) => ({ goal: `at most ${goal}`, isMet: (value: number) => value <= goal })

/** `system/scenario` of each side. */
const rules: RatioRule[] = [
  {
    name: 'relay',
    title: 'Holdfast / the empty relay, 1 SKU, 300 connections',
    ...atLeast(2.5),
    over: ['holdfast/closed-300', rate],
    under: ['empty-relay/closed-300', rate],
  },
  {
    name: 'for-update',
    title: 'Holdfast / SELECT ... FOR UPDATE, 1 SKU, 300 connections',
    ...atLeast(1),
    over: ['holdfast/closed-300', rate],
    under: ['for-update/closed-300', rate],
  },
  {
    name: 'redis-lua',
    title: 'Holdfast / Redis Lua in one process (not durable), 1 SKU, 300 connections',
    ...atLeast(0.33),
    over: ['holdfast/closed-300', rate],
    under: ['redis-lua/closed-300', rate],
  },
  {
    name: 'lone',
    title: 'a lone request, p50: Holdfast / the empty relay',
    ...atMost(2.5),
    over: ['holdfast/closed-1', p50],
    under: ['empty-relay/closed-1', p50],
  },
  {
    name: 'skus',
    title: 'Holdfast, 100 connections: 1,000 SKUs / 1 SKU',
    goal: '0.7 to 1.3',
    isMet: (value) => value >= 0.7 && value <= 1.3,
    over: ['holdfast/closed-100-skus-1000', rate],
    under: ['holdfast/closed-100', rate],
  },
  {
    name: 'sale',
    title: 'Holdfast, the sale: refusals a second / reserves a second',
    ...atLeast(1.3),
    over: ['holdfast/sale', refusalsPerSecond],
    under: ['holdfast/sale', reservesPerSecond],
  },
]

/** Ratios of runs of the same round, so that what else the machine does meets both; without those that lack a side. */
export function makeRatios(runs: readonly Run[]): Ratio[] {
  return rules.flatMap(({ name, title, goal, isMet, over, under }) => {
    const values = [...groupBy(runs, (run) => String(run.round)).values()].flatMap((group) => {
      const [top, bottom] = [valueIn(group, over), valueIn(group, under)]
      return top === undefined || bottom === undefined || bottom === 0 ? [] : [top / bottom]
    })
    if (values.length === 0) return []
    const value = round(median(values))
    return [{ name, title, value, goal, met: isMet(value) }]
  })
}

function valueIn(runs: readonly Run[], [key, value]: RatioRule['over']): number | undefined {
  const run = runs.find(({ system, scenario }) => `${system}/${scenario}` === key)
  return run === undefined ? undefined : value(run)
}

/** To what is worth reading: whole numbers from 100 on, else three digits after the point. */
export function round(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 1000) / 1000
}
