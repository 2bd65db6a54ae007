/** Other platforms that reserve stock, when `--peer` asks for them; beside `closed-300` of the rest. */
import { atLeast, rate, ratio } from '../goals'
import { loadScenario } from './load'
import type { ScenarioGroup } from './scenario'

/** They answer so few requests a second that a short measurement would say little. */
const leastSeconds = 10

export const peers: ScenarioGroup = {
  scenarios: ({ seconds }) =>
    [
      { name: 'closed-10', title: '1 SKU, 10 connections', connections: 10, skus: 1 },
      { name: 'closed-300', title: '1 SKU, 300 connections', connections: 300, skus: 1 },
      { name: 'closed-300-skus-100', title: '100 SKUs, 300 connections', connections: 300, skus: 100 },
    ].map((load) =>
      loadScenario({
        ...load,
        systems: ['medusa'],
        // On a busy machine it answers some of so many requests with 500.
        mayFail: true,
        shape: { kind: 'closed', seconds: Math.max(leastSeconds, seconds) },
      }),
    ),
  goals: [
    ratio('medusa', 'Holdfast / Medusa 2, 1 SKU, 300 connections', atLeast(60), {
      over: ['holdfast/closed-300', rate],
      under: ['medusa/closed-300', rate],
    }),
  ],
}
