import type { GoalFound, Run } from './results'
import { groupBy, median, roundFigure } from './statistics'

/** A figure that is to be reached. */
export interface Goal {
  name: string
  title: string
  /** In words, as "at least 2.5". */
  goal: string
  isMet: (value: number) => boolean
  /** From the runs of one round, so that what else the machine does meets both sides of a ratio; undefined when one is missing. */
  valueIn: (find: FindRun) => number | undefined
}

/** By `system/scenario`. */
export type FindRun = (key: string) => Run | undefined

/** A run by its key, and a value of it. */
export type Term = [key: string, value: (run: Run) => number]

type Bound = Pick<Goal, 'goal' | 'isMet'>

export const rate = (run: Run): number => run.perSecond
export const p50 = (run: Run): number => run.latency.p50
export const p95 = (run: Run): number => run.latency.p95
export const p99 = (run: Run): number => run.latency.p99
export const valueOf =
  (name: string) =>
  (run: Run): number =>
    run.values?.[name] ?? Number.NaN

export const atLeast = (least: number): Bound => ({ goal: `at least ${least}`, isMet: (value) => value >= least })
export const atMost = (most: number): Bound => ({ goal: `at most ${most}`, isMet: (value) => value <= most })
export const below = (limit: number): Bound => ({ goal: `below ${limit}`, isMet: (value) => value < limit })
export const between = (from: number, to: number): Bound => ({
  goal: `${from} to ${to}`,
  isMet: (value) => value >= from && value <= to,
})

/** One value over another. */
export function ratio(name: string, title: string, bound: Bound, { over, under }: { over: Term; under: Term }): Goal {
  return {
    name,
    title,
    ...bound,
    valueIn: (find) => {
      const [top, bottom] = [termIn(find, over), termIn(find, under)]
      return top === undefined || bottom === undefined || bottom === 0 ? undefined : top / bottom
    },
  }
}

/** A value by itself. */
export function figure(name: string, title: string, bound: Bound, term: Term): Goal {
  return { name, title, ...bound, valueIn: (find) => termIn(find, term) }
}

function termIn(find: FindRun, [key, value]: Term): number | undefined {
  const run = find(key)
  return run === undefined ? undefined : value(run)
}

/** What became of each goal: the median over the rounds; without those that were not measured. */
export function findGoals(runs: readonly Run[], goals: readonly Goal[]): GoalFound[] {
  const rounds = [...groupBy(runs, ({ round }) => String(round)).values()]
  return goals.flatMap(({ name, title, goal, isMet, valueIn }) => {
    const values = rounds.flatMap((group) => {
      const value = valueIn((key) => group.find(({ system, scenario }) => `${system}/${scenario}` === key))
      return value === undefined || !Number.isFinite(value) ? [] : [value]
    })
    if (values.length === 0) return []
    const value = median(values)
    return [{ name, title, value: roundFigure(value), rounds: values.map(roundFigure), goal, met: isMet(value) }]
  })
}
