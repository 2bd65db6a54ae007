import { makeFigures, makeRatios } from './figures'
import { describeMachine, describeVersions, postgresVersion, readLoad } from './machine'
import { measure, measureCrash, type MeasureOptions } from './measure'
import type { CrashFound, Results, Run } from './results'
import { makeScenarios, type Scenario } from './scenarios'
import { systems } from './systems/index'
import type { BenchSystem, RunningSystem } from './systems/system'

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
  crashes: CrashFound[]
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

  const found: Found = { runs: [], crashes: [], problems: [] }
  for (let round = 1; round <= rounds; round++) {
    // Another one begins each time, so that none is always the first on a cold or the last on a hot machine.
    const order = usable.map((_, index) => usable[(index + round - 1) % usable.length])
    for (const system of order) {
      if (system === undefined) continue
      const wanted = scenarios.filter((scenario) => isWanted(system, scenario, only))
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
    ratios: makeRatios(found.runs),
    crashes: found.crashes,
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
  { rounds, seconds, only, signal, say }: BenchOptions,
  found: Found,
): Promise<void> {
  signal.throwIfAborted()
  say(`round ${round} of ${rounds}: ${system.name} starts ...`)
  const options: MeasureOptions = { round, warmUpSeconds: Math.min(1, seconds / 2), signal }
  const running = await system.start()
  try {
    if (running.databaseUrl !== undefined) found.postgres ??= await postgresVersion(running.databaseUrl)
    await warmUp(system, running, Math.min(firstWarmUpSeconds, seconds), options)
    for (const scenario of scenarios) {
      signal.throwIfAborted()
      const { run, problems } = await measure(system, running, scenario, options)
      found.runs.push(run)
      found.problems.push(...problems)
      say(`  ${describe(scenario, run)}`)
      for (const problem of problems) say(`  PROBLEM: ${problem}`)
    }
    if (only === undefined) {
      const crash = await measureCrash(system, running, Math.min(2, seconds), options)
      if (crash !== undefined) {
        found.crashes.push(crash)
        say(`  killed under load: ${crash.lostRecords} of ${crash.acknowledged} lost, ${crash.freeAgain} units free again`)
      }
    }
  } finally {
    await running.stop()
  }
}

async function warmUp(system: BenchSystem, running: RunningSystem, seconds: number, options: MeasureOptions): Promise<void> {
  const [scenario] = makeScenarios({ seconds, saleRequests: 0 }).filter(({ name }) => name === 'closed-100')
  if (scenario !== undefined) await measure(system, running, scenario, { ...options, warmUpSeconds: 0 })
}

function describe({ title }: Scenario, { perSecond, latency, settleSeconds }: Run): string {
  const settled = settleSeconds > 0.5 ? `, settled after ${settleSeconds.toFixed(1)} s` : ''
  const ms = (value: number): string => value.toFixed(1)
  return `${title}: ${Math.round(perSecond)}/s, p50 ${ms(latency.p50)} ms, p99 ${ms(latency.p99)} ms${settled}`
}
