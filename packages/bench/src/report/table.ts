import type { CrashFound, Figure, Ratio, Results } from '../results'
import { systemTitles } from '../systems/index'

/** A table's first row is its head. */
export type Table = string[][]

export function figureTable(figures: readonly Figure[]): Table {
  const head = ['what', 'system', 'a second', 'range', 'p50 ms', 'p95 ms', 'p99 ms', 'settled after s']
  const rows = figures.map((figure) => [
    figure.title,
    systemTitles[figure.system],
    whole(figure.perSecond),
    figure.perSecondRange.map(whole).join(' to '),
    ms(figure.p50),
    ms(figure.p95),
    ms(figure.p99),
    figure.settleSeconds.toFixed(1),
  ])
  return [head, ...rows]
}

export function saleTable(figures: readonly Figure[]): Table {
  const head = ['system', 'sold', 'refused', 'other', 'reserves a second', 'refusals a second']
  const rows = figures.flatMap(({ system, accepted, refused, failed, reservesPerSecond, refusalsPerSecond }) =>
    reservesPerSecond === undefined || refusalsPerSecond === undefined
      ? []
      : [[systemTitles[system], ...[accepted, refused, failed, reservesPerSecond, refusalsPerSecond].map(whole)]],
  )
  return [head, ...rows]
}

export function ratioTable(ratios: readonly Ratio[]): Table {
  return [
    ['ratio', 'found', 'goal', 'met'],
    ...ratios.map(({ title, value, goal, met }) => [title, value.toFixed(2), goal, met ? 'yes' : 'no']),
  ]
}

export function crashTable(crashes: readonly CrashFound[]): Table {
  return [
    ['system', 'acknowledged', 'records lost', 'acknowledged units free to be sold again'],
    ...crashes.map((crash) => [
      systemTitles[crash.system],
      ...[crash.acknowledged, crash.lostRecords, crash.freeAgain].map(whole),
    ]),
  ]
}

/** All tables that have rows, with their headings. */
export function allTables({ figures, ratios, crashes }: Pick<Results, 'figures' | 'ratios' | 'crashes'>): [string, Table][] {
  const tables: [string, Table][] = [
    ['Figures', figureTable(sortFigures(figures))],
    ['A flash sale', saleTable(figures)],
    ['Ratios', ratioTable(ratios)],
    ['Killed under load', crashTable(crashes)],
  ]
  return tables.filter(([, table]) => table.length > 1)
}

/** By scenario: what is compared stands together. */
function sortFigures(figures: readonly Figure[]): Figure[] {
  const scenarios = [...new Set(figures.map(({ scenario }) => scenario))]
  const names = Object.keys(systemTitles)
  const place = ({ scenario, system }: Figure): number => scenarios.indexOf(scenario) * names.length + names.indexOf(system)
  return figures.toSorted((a, b) => place(a) - place(b))
}

/** For a terminal: columns as wide as what stands in them, numbers to the right. */
export function toText([head = [], ...rows]: Table): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)))
  const numeric = head.map((_, column) => isNumeric(rows, column))
  const line = (cells: string[]): string =>
    widths
      .map((width, column) => (numeric[column] ? (cells[column] ?? '').padStart(width) : (cells[column] ?? '').padEnd(width)))
      .join('  ')
      .trimEnd()
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}

export function toMarkdown([head = [], ...rows]: Table): string {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`
  const rule = `|${head.map((_, column) => (isNumeric(rows, column) ? '---:' : '---')).join('|')}|`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

function isNumeric(rows: string[][], column: number): boolean {
  return rows.length > 0 && rows.every((row) => /^[\d,.]+( to [\d,.]+)?$/.test(row[column] ?? ''))
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-GB')
}

function ms(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1)
}
