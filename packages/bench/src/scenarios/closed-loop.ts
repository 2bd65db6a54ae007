/** Each connection sends its next request when it has its answer. */
import { atLeast, atMost, p50, rate, ratio } from '../goals'
import { type Bar, drawChart } from '../report/chart'
import type { Results } from '../results'
import { systemTitle } from '../systems/index'
import { costTable } from './costs'
import { loadScenario } from './load'
import type { ScenarioGroup } from './scenario'

const all = ['holdfast', 'empty-relay', 'for-update', 'redis-lua']
/** Started when `--peer` asks for them. */
const replicas = ['holdfast-2', 'holdfast-4']
const hot = 'holdfast/closed-300'

export const closedLoop: ScenarioGroup = {
  scenarios: ({ seconds }) =>
    [1, 10, 100, 300].map((connections) =>
      loadScenario({
        name: `closed-${connections}`,
        title: `1 SKU, ${connections} connection${connections === 1 ? '' : 's'}`,
        connections,
        systems: [...all, ...(connections >= 100 ? ['nothing'] : []), ...(connections >= 300 ? replicas : [])],
        shape: { kind: 'closed', seconds },
        costs: connections === 300,
      }),
    ),
  goals: [
    ratio('relay', 'Holdfast / the empty relay, 1 SKU, 300 connections', atLeast(2.5), {
      over: [hot, rate],
      under: ['empty-relay/closed-300', rate],
    }),
    ratio('for-update', 'Holdfast / SELECT ... FOR UPDATE, 1 SKU, 300 connections', atLeast(1), {
      over: [hot, rate],
      under: ['for-update/closed-300', rate],
    }),
    ratio('redis-lua', 'Holdfast / Redis Lua in one process (not durable), 1 SKU, 300 connections', atLeast(0.33), {
      over: [hot, rate],
      under: ['redis-lua/closed-300', rate],
    }),
    ratio('lone', 'a lone request, p50: Holdfast / the empty relay', atMost(2.5), {
      over: ['holdfast/closed-1', p50],
      under: ['empty-relay/closed-1', p50],
    }),
  ],
  tables: (results) => [['CPU of a reservation, 1 SKU, 300 connections, us', costTable(results, 'closed-300')]],
  charts: ({ figures }: Results) => {
    const hot = figures.filter(({ scenario, system }) => scenario === 'closed-300' && system !== 'nothing')
    const own = figures.filter(({ scenario, system }) => /^(closed|grpc)-\d/.test(scenario) && system === 'holdfast')
    const all: [string, string, Bar[]][] = [
      [
        'one-sku',
        'Reserving one hot SKU over HTTP, 300 connections',
        hot.map(({ system, perSecond }) => ({ label: systemTitle(system), value: perSecond, strong: system === 'holdfast' })),
      ],
      [
        'connections',
        'Holdfast, closed loop',
        own.map(({ title, perSecond, scenario }) => ({ label: title, value: perSecond, strong: scenario.startsWith('closed') })),
      ],
    ]
    return all
      .filter(([, , bars]) => bars.length > 0)
      .map(([name, title, bars]) => [name, drawChart({ title, unit: 'reservations a second', bars })])
  },
}
