/** What one of many costs the processors, by process. */
import type { Table } from '../report/table'
import type { Figure, Results } from '../results'
import { type ProcessorTimes, usedBetween } from '../systems/processor-time'
import { systemTitle } from '../systems/index'
import type { RunningSystem } from '../systems/system'

const prefix = 'us '
/** Processes that have used less for each, in us, have no line of their own. */
const leastTold = 0.5

/** Begins to look. `of` answers what each of `count` has cost since, in us, as values of a run. */
export async function watchCosts({
  processorTimes,
}: RunningSystem): Promise<{ of: (count: number) => Promise<Record<string, number>> }> {
  const before: ProcessorTimes | undefined = await processorTimes?.()
  return {
    of: async (count) => {
      const after = await processorTimes?.()
      if (before === undefined || after === undefined || count === 0) return {}
      return Object.fromEntries(Object.entries(usedBetween(before, after)).map(([name, us]) => [`${prefix}${name}`, us / count]))
    },
  }
}

/** The costs that the runs of a scenario have found, one column for each system. */
export function costTable({ figures }: Results, scenario: string): Table {
  const found = figures.filter((figure) => figure.scenario === scenario && costsOf(figure).size > 0)
  const costs = found.map(costsOf)
  const names = [...new Set(costs.flatMap((cost) => [...cost.keys()]))].filter((name) =>
    costs.some((cost) => (cost.get(name) ?? 0) >= leastTold),
  )
  if (names.length === 0) return [[]]
  const sum = (cost: Map<string, number>): number => [...cost.values()].reduce((total, us) => total + us, 0)
  return [
    ['process', ...found.map(({ system }) => systemTitle(system))],
    ...names.map((name) => [name, ...costs.map((cost) => (cost.get(name) ?? 0).toFixed(1))]),
    ['all', ...costs.map((cost) => sum(cost).toFixed(1))],
  ]
}

/** What a figure has found for one process, in us. */
export function costOf(figure: Figure | undefined, process: string): number | undefined {
  return figure?.values?.[`${prefix}${process}`]
}

function costsOf({ values = {} }: Figure): Map<string, number> {
  return new Map(
    Object.entries(values).flatMap(([name, us]): [string, number][] =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), us]] : [],
    ),
  )
}
