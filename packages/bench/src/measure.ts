import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import { generateLoad } from './load/generate-load'
import type { LoadTask, Phase, PhaseResult } from './load/task'
import type { CrashFound, Run } from './results'
import type { Scenario } from './scenarios'
import type { BenchSystem, RunningSystem } from './systems/system'

export interface MeasureOptions {
  round: number
  /** Before each measurement, in the way of the measurement. */
  warmUpSeconds: number
  signal: AbortSignal
}

type MeasuredRun = { run: Run; problems: string[] }

/** Events of one scenario must not be worked off during the next; longer than this is a problem of its own. */
const settleTimeoutMs = 180_000

/** Runs one scenario on a running system, waits until it has settled, and compares its books with the answers. */
export async function measure(
  system: BenchSystem,
  running: RunningSystem,
  scenario: Scenario,
  options: MeasureOptions,
): Promise<MeasuredRun> {
  const { connections, shape } = scenario
  const skus = makeSkus(scenario.skus)
  // A sale can't be warmed up on its own units.
  const warmSkus = shape.kind === 'count' ? makeSkus(1) : skus
  const tokens = await running.prepare(skus, scenario.stock)
  if (warmSkus !== skus) await running.prepare(warmSkus, 1_000_000_000)
  const warmUp: Phase['shape'] = { ...(shape.kind === 'open' ? shape : { kind: 'closed' }), seconds: options.warmUpSeconds }
  const phases = [
    { shape: warmUp, connections, skus: warmSkus },
    { shape, connections, skus },
  ]
  const task: LoadTask = { url: running.url, tokens, keyPrefix: randomUUID(), phases }
  const [warm, measured] = await generateLoad(task, options.signal)
  if (warm === undefined || measured === undefined) throw new Error('the load generator left a phase out')
  const memory = running.memory?.()
  const settledAfterMs = await settled(running)
  const run: Run = {
    system: system.name,
    scenario: scenario.name,
    round: options.round,
    ...measured,
    settleSeconds: settledAfterMs / 1000,
    ...(memory !== undefined && { memory }),
  }
  const all = [...new Set([...skus, ...warmSkus])]
  const reserved = await running.reserved?.(all)
  const where = `${system.name}, ${scenario.name}, round ${options.round}`
  const problems = [
    ...countProblems([warm, measured], reserved),
    ...saleProblems(scenario, measured),
    ...(settledAfterMs >= settleTimeoutMs ? ['had not settled in time'] : []),
  ]
  return { run, problems: problems.map((problem) => `${where}: ${problem}`) }
}

/** Answers must add up to requests, and the system's books to the answers; an answer that was lost may be in them or not. */
export function countProblems(results: PhaseResult[], reserved: number | undefined): string[] {
  const sum = (value: (result: PhaseResult) => number): number => results.reduce((total, result) => total + value(result), 0)
  const [sent, accepted, failed] = [sum((r) => r.sent), sum((r) => r.accepted), sum((r) => r.failed)]
  const answered = accepted + failed + sum((r) => r.refused)
  const firstFailure = results.find((result) => result.firstFailure !== undefined)?.firstFailure
  return [
    ...(sent === answered ? [] : [`${sent} requests, ${answered} answers`]),
    ...(failed === 0 ? [] : [`${failed} requests failed, the first: ${firstFailure}`]),
    ...(reserved === undefined || (reserved >= accepted && reserved <= accepted + failed)
      ? []
      : [`${accepted} units given away, ${reserved} in the books`]),
  ]
}

function saleProblems({ shape, stock }: Scenario, { accepted, refused, sent }: PhaseResult): string[] {
  if (shape.kind !== 'count') return []
  const wanted = Math.min(stock, sent)
  return accepted === wanted && refused === sent - wanted ? [] : [`${accepted} sold and ${refused} refused of ${stock} units`]
}

/** Kills everything of a system under load and looks at what it still knows of what it had acknowledged. */
export async function measureCrash(
  system: BenchSystem,
  running: RunningSystem,
  seconds: number,
  options: MeasureOptions,
): Promise<CrashFound | undefined> {
  const { crash, afterCrash, reserved } = running
  if (crash === undefined || afterCrash === undefined || reserved === undefined) return undefined
  const skus = makeSkus(1)
  const tokens = await running.prepare(skus, 1_000_000_000)
  // The load ends with the first connection that breaks.
  const phases: Phase[] = [{ shape: { kind: 'closed', seconds: seconds + 30 }, connections: 100, skus }]
  const load = generateLoad({ url: running.url, tokens, keyPrefix: randomUUID(), phases }, options.signal)
  const underLoad = async (): Promise<void> => {
    while ((await reserved(skus)) === 0) await sleep(20)
    await sleep(seconds * 1000)
    await crash()
  }
  const [[result]] = await Promise.all([load, underLoad()])
  const survivors = await afterCrash(skus[0] ?? '')
  const acknowledged = result?.accepted ?? 0
  return {
    system: system.name,
    round: options.round,
    acknowledged,
    ...survivors,
    lostRecords: Math.max(0, acknowledged - survivors.records),
    freeAgain: Math.max(0, acknowledged - survivors.reserved),
  }
}

async function settled({ settle }: RunningSystem): Promise<number> {
  if (settle === undefined) return 0
  const begunAt = performance.now()
  const late = new AbortController()
  const timeout = sleep(settleTimeoutMs, undefined, { signal: late.signal }).catch(() => undefined)
  await Promise.race([settle(), timeout])
  late.abort()
  return performance.now() - begunAt
}

function makeSkus(count: number): string[] {
  const prefix = `B${randomUUID().slice(0, 8).toUpperCase()}`
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`)
}
