/** The two strategies that do not combine, through the whole of Holdfast, beside the default (`closed-300`). */
import { atLeast, rate, ratio } from '../goals'
import { loadScenario } from './load'
import type { ScenarioGroup } from './scenario'

export const strategies: ScenarioGroup = {
  scenarios: ({ seconds }) =>
    (['PESSIMISTIC', 'OPTIMISTIC'] as const).map((strategy) =>
      loadScenario({
        name: `${strategy.toLowerCase()}-300`,
        title: `1 SKU, 300 connections, ${strategy}`,
        connections: 300,
        strategy,
        systems: ['holdfast'],
        shape: { kind: 'closed', seconds },
        check: ({ conflicts }) => ({ values: { conflicts } }),
      }),
    ),
  goals: [
    ratio('pessimistic', 'Holdfast, 1 SKU, 300 connections: COMBINING / PESSIMISTIC', atLeast(10), {
      over: ['holdfast/closed-300', rate],
      under: ['holdfast/pessimistic-300', rate],
    }),
  ],
}
