/** What the gateway itself costs: requests that it makes one gRPC call of each, and such as travel together. */
import { atLeast, atMost, figure, rate, ratio } from '../goals'
import { growth } from '../memory'
import type { Table } from '../report/table'
import type { Results, Run } from '../results'
import { frontName } from '../systems/edge'
import { costOf } from './costs'
import { loadScenario } from './load'
import type { ScenarioGroup } from './scenario'

const routes = [
  { name: 'edge-plain', path: '/v1/orders', title: 'a gRPC call for each request' },
  { name: 'edge-combined', path: '/v1/reservations', title: 'calls that wait travel together' },
] as const
const connections = [100, 300] as const
const systems = ['gateway', 'by-hand']
const longLoad = 'edge-memory'

export const edge: ScenarioGroup = {
  scenarios: ({ seconds }) => [
    ...routes.flatMap(({ name, path, title }) =>
      connections.map((count) =>
        loadScenario({
          name: `${name}-${count}`,
          title: `edge alone, ${title}, ${count} connections`,
          connections: count,
          path,
          systems,
          costs: true,
          shape: { kind: 'closed', seconds },
        }),
      ),
    ),
    {
      ...loadScenario({
        name: longLoad,
        title: 'edge alone, a gRPC call for each request, 300 connections, for longer',
        connections: 300,
        path: routes[0].path,
        systems: ['gateway'],
        shape: { kind: 'closed', seconds: seconds * 15 },
      }),
      once: true,
      apart: true,
    },
  ],
  goals: [
    ...routes.flatMap(({ name, title }) =>
      connections.map((count) =>
        ratio(`${name}-${count}`, `the gateway / a handler by hand, ${title}, ${count} connections`, atLeast(0.8), {
          over: [`gateway/${name}-${count}`, rate],
          under: [`by-hand/${name}-${count}`, rate],
        }),
      ),
    ),
    figure('edge-growth', 'the gateway under that load: memory, last quarter / second quarter', atMost(1.1), [
      `gateway/${longLoad}`,
      ({ memory }: Run) => growth(memory?.bytes[frontName] ?? []) ?? Number.NaN,
    ]),
  ],
  tables: (results) => [['CPU of the edge alone for a request, us', costsOf(results)]],
}

/** Beside the rates, which others on the machine disturb more. */
function costsOf({ figures }: Results): Table {
  const rows = routes.flatMap(({ name, title }) =>
    connections.flatMap((count) => {
      const [own, other] = systems.map((system) =>
        costOf(
          figures.find((figure) => figure.system === system && figure.scenario === `${name}-${count}`),
          frontName,
        ),
      )
      if (own === undefined || other === undefined) return []
      return [[`${title}, ${count} connections`, own.toFixed(1), other.toFixed(1), (other / own).toFixed(2)]]
    }),
  )
  return rows.length === 0 ? [[]] : [['what', 'the gateway', 'a handler by hand', 'by hand / the gateway'], ...rows]
}
