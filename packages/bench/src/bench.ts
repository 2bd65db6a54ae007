import { makeFigures } from './figures'
import { findGoals } from './goals'
import { describeMachine, describeVersions, postgresVersion, readLoad } from './machine'
import type { Results, Run } from './results'
import { goals, makeScenarios } from './scenarios/index'
import { measureLoad } from './scenarios/load'
import type { MeasureContext, Scenario } from './scenarios/scenario'
import { roundFigure } from './statistics'
import { systems } from './systems/index'
import type { BenchSystem } from './systems/system'

export interface BenchOptions {
  /** Every figure is the median of so many runs. */
  rounds: number
  /** Of each measurement. */
  seconds: number
  saleRequests: number
  /** Only what has this in `system/scenario`. */
  only?: string
  signal: AbortSignal
  /** Told what happens, in lines for people. */
  say: (line: string) => void
}

interface Found {
  runs: Run[]
  problems: string[]
  postgres?: string
}

/** How long a started system is driven before its first measurement, in s: compilers and caches take their time. */
const firstWarmUpSeconds = 3

/** Starts each system in turn, measures it and stops it, round after round. */
export async function runBench(options: BenchOptions): Promise<Results> {
  const { rounds, seconds, saleRequests, only, say } = options
  const machine = { ...describeMachine(), loadBefore: readLoad() }
  const scenarios = makeScenarios({ seconds, saleRequests })
  const leftOut = systems.flatMap(({ name, missing }) => {
    const why = missing?.()
    return why === undefined ? [] : [{ system: name, why }]
  })
  for (const { system, why } of leftOut) say(`left out: ${system}, because ${why}`)
  const usable = systems.filter(({ name }) => leftOut.every(({ system }) => system !== name))

  const found: Found = { runs: [], problems: [] }
  for (let round = 1; round <= rounds; round++) {
    // Another one begins each time, so that none is always the first on a cold or the last on a hot machine.
    const order = usable.map((_, index) => usable[(index + round - 1) % usable.length])
    for (const system of order) {
      if (system === undefined) continue
      const wanted = scenarios.filter((scenario) => isWanted(system, scenario, only) && (round === 1 || scenario.once !== true))
      if (wanted.length > 0) await measureSystem(system, wanted, round, options, found)
    }
  }
  return {
    date: new Date().toISOString(),
    machine: { ...machine, loadAfter: readLoad() },
    versions: { ...describeVersions(), ...(found.postgres !== undefined && { postgres: found.postgres }) },
    options: { rounds, seconds, saleRequests, ...(only !== undefined && { only }) },
    leftOut,
    figures: makeFigures(found.runs, scenarios),
    goals: findGoals(found.runs, goals),
    problems: found.problems,
    runs: found.runs,
  }
}

function isWanted({ name }: BenchSystem, scenario: Scenario, only: string | undefined): boolean {
  return scenario.systems.includes(name) && (only === undefined || `${name}/${scenario.name}`.includes(only))
}

async function measureSystem(
  system: BenchSystem,
  scenarios: Scenario[],
  round: number,
  { rounds, seconds, signal, say }: BenchOptions,
  found: Found,
): Promise<void> {
  signal.throwIfAborted()
  say(`round ${round} of ${rounds}: ${system.name} starts ...`)
  const running = await system.start()
  const context: MeasureContext = { running, warmUpSeconds: Math.min(1, seconds / 2), signal }
  try {
    if (running.databaseUrl !== undefined) found.postgres ??= await postgresVersion(running.databaseUrl)
    await warmUp(Math.min(firstWarmUpSeconds, seconds), context)
    for (const scenario of scenarios) {
      signal.throwIfAborted()
      const { problems, ...measured } = await scenario.measure(context)
      const run: Run = { system: system.name, scenario: scenario.name, round, ...measured }
      const lines = problems.map((problem) => `${system.name}, ${scenario.name}, round ${round}: ${problem}`)
      found.runs.push(run)
      found.problems.push(...lines)
      say(`  ${describe(scenario, run)}`)
      for (const line of lines) say(`  PROBLEM: ${line}`)
    }
  } finally {
    await running.stop()
  }
}

async function warmUp(seconds: number, context: MeasureContext): Promise<void> {
  const load = { name: 'warm-up', title: '', systems: [], connections: 100, shape: { kind: 'closed' as const, seconds } }
  await measureLoad(load, { ...context, warmUpSeconds: 0 })
}

function describe({ title }: Scenario, { perSecond, latency, settleSeconds, values = {} }: Run): string {
  const settled = settleSeconds > 0.5 ? [`settled after ${settleSeconds.toFixed(1)} s`] : []
  const ms = (value: number): string => value.toFixed(1)
  const more = Object.entries(values).map(([name, value]) => `${name} ${roundFigure(value)}`)
  const parts = [`${Math.round(perSecond)}/s`, `p50 ${ms(latency.p50)} ms`, `p99 ${ms(latency.p99)} ms`, ...settled, ...more]
  return `${title}: ${parts.join(', ')}`
}
