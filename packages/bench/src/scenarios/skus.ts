/** The same load spread over several products: where there is no one row to wait for. */
import { between, rate, ratio } from '../goals'
import { whole } from '../report/table'
import { loadScenario } from './load'
import type { ScenarioGroup } from './scenario'

export const skus: ScenarioGroup = {
  scenarios: ({ seconds }) =>
    [10, 1_000].map((count) =>
      loadScenario({
        name: `closed-100-skus-${count}`,
        title: `${whole(count)} SKUs, 100 connections`,
        connections: 100,
        skus: count,
        systems: ['holdfast', 'for-update', 'redis-lua', 'holdfast-2', 'holdfast-4'],
        shape: { kind: 'closed', seconds },
      }),
    ),
  goals: [
    ratio('skus', 'Holdfast, 100 connections: 1,000 SKUs / 1 SKU', between(0.7, 1.3), {
      over: ['holdfast/closed-100-skus-1000', rate],
      under: ['holdfast/closed-100', rate],
    }),
  ],
}
