import type { Figure, GoalFound, Results } from '../results'
import { scenarioGroups } from '../scenarios/index'
import { systems, systemTitle } from '../systems/index'
import { ms, type Table, whole } from './table'

/** All tables that have rows, with their headings. */
export function allTables(results: Results): [string, Table][] {
  const tables: [string, Table][] = [
    ['Goals', goalTable(results.goals)],
    ['Figures', figureTable(sortFigures(results.figures.filter(({ apart }) => apart !== true)))],
    ...scenarioGroups.flatMap(({ tables }) => tables?.(results) ?? []),
  ]
  return tables.filter(([, table]) => table.length > 1)
}

function goalTable(goals: readonly GoalFound[]): Table {
  return [
    ['what', 'found', 'goal', 'met'],
    ...goals.map(({ title, value, goal, met }) => [title, value.toFixed(2), goal, met ? 'yes' : 'no']),
  ]
}

function figureTable(figures: readonly Figure[]): Table {
  const head = ['what', 'system', 'a second', 'range', 'p50 ms', 'p95 ms', 'p99 ms', 'settled after s']
  const rows = figures.map((figure) => [
    figure.title,
    systemTitle(figure.system),
    whole(figure.perSecond),
    figure.perSecondRange.map(whole).join(' to '),
    ms(figure.p50),
    ms(figure.p95),
    ms(figure.p99),
    figure.settleSeconds.toFixed(1),
  ])
  return [head, ...rows]
}

/** By scenario: what is compared stands together. */
function sortFigures(figures: readonly Figure[]): Figure[] {
  const scenarios = [...new Set(figures.map(({ scenario }) => scenario))]
  const names = systems.map(({ name }) => name)
  const place = ({ scenario, system }: Figure): number => scenarios.indexOf(scenario) * names.length + names.indexOf(system)
  return figures.toSorted((a, b) => place(a) - place(b))
}
