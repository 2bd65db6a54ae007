import { describeMachine, describeVersions, postgresVersion, readLoad } from './machine'
import { type BenchSettings, isWanted } from './options'
import { showProgress } from './progress'
import type { Results, Run } from './results'
import { makeScenarios, summarize } from './scenarios/index'
import { measureLoad } from './scenarios/load'
import type { MeasureContext, Scenario } from './scenarios/scenario'
import { roundFigure } from './statistics'
import { systems } from './systems/index'
import type { BenchSystem, RunningSystem } from './systems/system'

export interface BenchOptions extends BenchSettings {
  signal: AbortSignal
  /** Told what happens, in lines for people. */
  say: (line: string) => void
}

/** Something that whoever asks can mend; told in one line, without a stack. */
export class BenchProblem extends Error {
  override readonly name = 'BenchProblem'
}

interface Found {
  runs: Run[]
  problems: string[]
  versions: Record<string, string>
}

/** One system in one round, with what is measured on it. */
interface Turn {
  round: number
  system: BenchSystem
  scenarios: Scenario[]
}

/** How long a started system is driven before its first measurement, in s: compilers and caches take their time. */
const firstWarmUpSeconds = 3

/** Starts each system in turn, measures it and stops it, round after round. */
export async function runBench({ signal, say, ...settings }: BenchOptions): Promise<Results> {
  const machine = { ...describeMachine(), loadBefore: readLoad() }
  const asked = systems.filter(({ name, peer }) => peer !== true || settings.peers.includes(name))
  const leftOut = asked.flatMap(({ name, missing }) => {
    const why = missing?.()
    return why === undefined ? [] : [{ system: name, why }]
  })
  for (const { system, why } of leftOut) say(`left out: ${system}, because ${why}`)
  const usable = asked.filter(({ name }) => leftOut.every(({ system }) => system !== name))

  const turns = planTurns(usable, settings)
  if (turns.length === 0) throw new BenchProblem(`nothing is called ${settings.only.join(', ')}`)
  const total = turns.reduce((sum, { scenarios }) => sum + scenarios.length, 0)
  const found: Found = { runs: [], problems: [], versions: {} }
  const beganAt = performance.now()
  const tell = (line: string): void => say(`${showProgress(found.runs.length, total, performance.now() - beganAt)} ${line}`)
  try {
    for (const turn of turns) await takeTurn(turn, found, { signal, say: tell, seconds: settings.seconds })
  } finally {
    for (const { cleanUp } of usable) await cleanUp?.()
  }
  return {
    date: new Date().toISOString(),
    minutes: roundFigure((performance.now() - beganAt) / 60_000),
    machine: { ...machine, loadAfter: readLoad() },
    versions: { ...describeVersions(), ...found.versions },
    options: settings,
    leftOut,
    ...summarize(found.runs, settings),
    problems: found.problems,
    runs: found.runs,
  }
}

/** Another system begins each round, so that none is always the first on a cold or the last on a hot machine. */
export function planTurns(usable: readonly BenchSystem[], settings: BenchSettings): Turn[] {
  const scenarios = makeScenarios(settings)
  return Array.from({ length: settings.rounds }, (_, index) => index + 1).flatMap((round) => {
    const first = (round - 1) % Math.max(1, usable.length)
    return [...usable.slice(first), ...usable.slice(0, first)]
      .map((system) => ({
        round,
        system,
        scenarios: scenarios.filter(
          ({ name, systems: names, once }) =>
            names.includes(system.name) && isWanted(system.name, name, settings.only) && (once !== true || round === 1),
        ),
      }))
      .filter((turn) => turn.scenarios.length > 0)
  })
}

async function takeTurn(
  { round, system, scenarios }: Turn,
  found: Found,
  { signal, say, seconds }: Pick<BenchOptions, 'signal' | 'say' | 'seconds'>,
): Promise<void> {
  signal.throwIfAborted()
  say(`round ${round}: ${system.title} starts ...`)
  const running = await system.start(signal)
  try {
    await readVersions(running, found)
    const context = { running, signal }
    if (Object.keys(running.targets).length > 0) await warmUp(Math.min(firstWarmUpSeconds, seconds), context)
    for (const scenario of scenarios) {
      signal.throwIfAborted()
      const { problems, ...measured } = await scenario.measure(context)
      const run: Run = { system: system.name, scenario: scenario.name, round, ...measured }
      const lines = problems.map((problem) => `${system.name}, ${scenario.name}, round ${round}: ${problem}`)
      found.runs.push(run)
      found.problems.push(...lines)
      say(`${scenario.title}: ${describe(run)}`)
      for (const line of lines) say(`PROBLEM: ${line}`)
    }
  } finally {
    await running.stop()
  }
}

async function readVersions({ databaseUrl, versions }: RunningSystem, found: Found): Promise<void> {
  Object.assign(found.versions, versions)
  if (databaseUrl !== undefined) found.versions.postgres ??= await postgresVersion(databaseUrl)
}

async function warmUp(seconds: number, context: MeasureContext): Promise<void> {
  const shape = { kind: 'closed' as const, seconds }
  await measureLoad({ name: 'warm-up', title: '', systems: [], connections: 100, shape, warmUpSeconds: 0 }, context)
}

function describe({ perSecond, latency, settleSeconds, values = {} }: Run): string {
  const settled = settleSeconds > 0.5 ? [`settled after ${settleSeconds.toFixed(1)} s`] : []
  const ms = (value: number): string => value.toFixed(1)
  const more = Object.entries(values).map(([name, value]) => `${name} ${roundFigure(value)}`)
  return [`${Math.round(perSecond)}/s`, `p50 ${ms(latency.p50)} ms`, `p99 ${ms(latency.p99)} ms`, ...settled, ...more].join(', ')
}
