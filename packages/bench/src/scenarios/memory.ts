/** How much memory Holdfast's processes take under load, and with `--soak` whether that stays as it is. */
import { atMost, below, figure } from '../goals'
import { growth, mostBytes } from '../memory'
import { drawLineChart } from '../report/line-chart'
import { type Table, whole } from '../report/table'
import type { Results, Run } from '../results'
import { loadScenario } from './load'
import type { ScenarioGroup } from './scenario'

const megabyte = 1e6
const soak = 'soak'
const load = 'closed-300'

export const memory: ScenarioGroup = {
  scenarios: ({ soakMinutes }) =>
    soakMinutes === undefined
      ? []
      : [
          {
            ...loadScenario({
              name: soak,
              title: `1 SKU, 300 connections, for ${soakMinutes} minute${soakMinutes === 1 ? '' : 's'}`,
              connections: 300,
              systems: ['holdfast'],
              shape: { kind: 'closed', seconds: soakMinutes * 60 },
            }),
            once: true,
          },
        ],
  goals: [
    figure('memory', 'Holdfast, 300 connections: memory of its largest process in MB', below(250), [`holdfast/${load}`, largest]),
    figure('soak-memory', 'Holdfast, the soak: memory of its largest process in MB', below(250), [`holdfast/${soak}`, largest]),
    figure('soak-growth', 'Holdfast, the soak: memory of a process, last quarter / second quarter', atMost(1.1), [
      `holdfast/${soak}`,
      (run) => Math.max(...Object.values(run.memory?.bytes ?? {}).map((values) => growth(values) ?? Number.NaN)),
    ]),
  ],
  tables: (results) => [['Memory of each process of Holdfast in MB', memoryTable(results)]],
  charts: ({ runs }) =>
    runs
      .filter(({ scenario, memory }) => scenario === soak && memory !== undefined)
      .map(({ memory = { everySeconds: 1, bytes: {} } }) => [
        'memory',
        drawLineChart({
          title: 'Memory of each process of Holdfast, 300 connections',
          unit: 'MB resident, by minutes',
          step: memory.everySeconds / 60,
          lines: Object.entries(memory.bytes).map(([label, values]) => ({
            label,
            values: values.map((value) => value / megabyte),
          })),
        }),
      ]),
}

function largest({ memory }: Run): number {
  return memory === undefined ? Number.NaN : mostBytes(memory) / megabyte
}

function memoryTable({ runs }: Results): Table {
  const seriesOf = (wanted: (run: Run) => boolean, name: string): number[] =>
    runs.filter((run) => run.system === 'holdfast' && wanted(run)).flatMap(({ memory }) => memory?.bytes[name] ?? [])
  const most = (values: number[]): string => (values.length === 0 ? '–' : whole(Math.max(...values) / megabyte))
  const names = Object.keys(runs.find(({ system, memory }) => system === 'holdfast' && memory !== undefined)?.memory?.bytes ?? {})
  return [
    ['process', 'most at 300 connections', 'most of all', 'most in the soak', 'last / second quarter of the soak'],
    ...names.map((name) => {
      const inSoak = seriesOf(({ scenario }) => scenario === soak, name)
      return [
        name,
        most(seriesOf(({ scenario }) => scenario === load, name)),
        most(seriesOf(() => true, name)),
        most(inSoak),
        growth(inSoak)?.toFixed(2) ?? '–',
      ]
    }),
  ]
}
