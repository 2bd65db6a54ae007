import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import { generateLoad } from '../load/generate-load'
import type { LoadTask, Phase, PhaseResult, Shape, Strategy, Target, Way } from '../load/task'
import { watchMemory } from '../memory'
import type { RunningSystem } from '../systems/system'
import { watchCosts } from './costs'
import { type MeasureContext, type Measured, plenty, type Scenario } from './scenario'

/** A scenario that sends one kind of request for a while. */
export interface LoadScenario {
  name: string
  title: string
  systems: string[]
  /** Over the system's usual way when not given. */
  way?: Way
  /** Of HTTP requests; that of reserving. */
  path?: string
  /** Chosen by an administrator. */
  strategy?: Strategy
  batched?: boolean
  connections: number
  shape: Shape
  /** How many products the requests take in turn; 1. */
  skus?: number
  /** Units of each SKU at the beginning; more than are taken. */
  stock?: number
  /** In the same way, before it is measured; at most a second. */
  warmUpSeconds?: number
  /** Whether requests that fail are a finding of this system, told in `values`, and not a problem of the measurement. */
  mayFail?: boolean
  /** Whether it is told what each request that was accepted has cost, until all that belongs to it was done. */
  costs?: boolean
  /** Looks at what came back, for more values and problems. */
  check?: (result: PhaseResult) => Partial<Pick<Measured, 'values' | 'problems'>>
}

/** Events of one scenario must not be worked off during the next; longer than this is a problem of its own. */
const settleTimeoutMs = 180_000

export function loadScenario(load: LoadScenario): Scenario {
  const { name, title, systems } = load
  return { name, title, systems, measure: async (context) => measureLoad(load, context) }
}

/** Runs the load on a running system, waits until that has settled, and compares its books with the answers. */
export async function measureLoad(load: LoadScenario, { running, signal }: MeasureContext): Promise<Measured> {
  const { connections, shape, strategy, batched, stock = plenty, warmUpSeconds = usualWarmUp(shape) } = load
  const skus = makeSkus(load.skus ?? 1)
  // A sale can't be warmed up on its own units.
  const warmSkus = shape.kind === 'count' ? makeSkus(1) : skus
  const prepared = await running.prepare(skus, stock)
  const warm = warmSkus === skus ? prepared : await running.prepare(warmSkus, plenty)
  const warmUp: Phase['shape'] = { ...(shape.kind === 'open' ? shape : { kind: 'closed' }), seconds: warmUpSeconds }
  const phases = [
    { shape: warmUp, connections, skus: warm.names ?? warmSkus },
    { shape, connections, skus: prepared.names ?? skus },
  ]
  const task: LoadTask = {
    target: atPath(targetOf(running, load.way), load.path),
    tokens: strategy === undefined ? prepared.users : [prepared.admin ?? ''],
    keyPrefix: randomUUID(),
    strategy,
    batched,
    phases,
  }
  const costs = load.costs === true ? await watchCosts(running) : undefined
  const watch = running.memory && watchMemory(running.memory, shape.kind === 'count' ? 0 : shape.seconds)
  const [[first, measured], memory] = await generateLoad(task, signal).then(
    (results) => [results, watch?.stop()] as const,
    (error: unknown) => {
      watch?.stop()
      throw error
    },
  )
  if (first === undefined || measured === undefined) throw new Error('the load generator left a phase out')
  const settledAfterMs = await settled(running)
  const costsFound = await costs?.of(first.accepted + measured.accepted)
  const reserved = await running.reserved?.([...new Set([...skus, ...warmSkus])])
  const { values, problems = [] } =
    load.check?.(measured) ?? (load.mayFail === true ? { values: { failed: measured.failed } } : {})
  return {
    ...measured,
    settleSeconds: settledAfterMs / 1000,
    ...(memory !== undefined && { memory }),
    ...((values ?? costsFound) !== undefined && { values: { ...costsFound, ...values } }),
    problems: [
      ...countProblems([first, measured], reserved, load.mayFail),
      ...problems,
      ...(settledAfterMs >= settleTimeoutMs ? ['had not settled in time'] : []),
    ],
  }
}

function usualWarmUp(shape: Shape): number {
  return shape.kind === 'count' ? 0.5 : Math.min(1, shape.seconds / 4)
}

/** Answers must add up to requests, and the system's books to the answers; an answer that was lost may be in them or not. */
export function countProblems(results: PhaseResult[], reserved: number | undefined, mayFail = false): string[] {
  const sum = (value: (result: PhaseResult) => number): number => results.reduce((total, result) => total + value(result), 0)
  const [sent, accepted, failed] = [sum((r) => r.sent), sum((r) => r.accepted), sum((r) => r.failed)]
  const answered = accepted + failed + sum((r) => r.refused + r.conflicts)
  const firstFailure = results.find((result) => result.firstFailure !== undefined)?.firstFailure
  return [
    ...(sent === answered ? [] : [`${sent} requests, ${answered} answers`]),
    ...(failed === 0 || mayFail ? [] : [`${failed} requests failed, the first: ${firstFailure}`]),
    ...(reserved === undefined || (reserved >= accepted && reserved <= accepted + failed)
      ? []
      : [`${accepted} units given away, ${reserved} in the books`]),
  ]
}

/** @param way its usual one when not given */
export function targetOf({ targets }: RunningSystem, way?: Way): Target {
  const target = way === undefined ? Object.values(targets)[0] : targets[way]
  if (target === undefined) throw new Error(`it can not be asked over ${way ?? 'anything'}`)
  return target
}

function atPath(target: Target, path: string | undefined): Target {
  return path === undefined || target.kind !== 'http' ? target : { ...target, url: new URL(path, target.url).href }
}

/** Waits until all that belongs to what was answered is done; answers how long that took, in ms. */
export async function settled({ settle }: RunningSystem): Promise<number> {
  if (settle === undefined) return 0
  const begunAt = performance.now()
  const late = new AbortController()
  const timeout = sleep(settleTimeoutMs, undefined, { signal: late.signal }).catch(() => undefined)
  await Promise.race([settle(), timeout])
  late.abort()
  return performance.now() - begunAt
}

export function makeSkus(count: number): string[] {
  const prefix = `B${randomUUID().slice(0, 8).toUpperCase()}`
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`)
}
