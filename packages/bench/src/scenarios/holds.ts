/**
 * inventory.Hold on one SKU, 200 holds in flight: what a service gets that sends what waits in one call, and one that makes a
 * call for each. Beside it the same RPC served by a transaction with `SELECT ... FOR UPDATE` for each hold.
 */
import { atLeast, rate, ratio } from '../goals'
import { loadScenario } from './load'
import type { ScenarioGroup } from './scenario'

export const holds: ScenarioGroup = {
  scenarios: ({ seconds }) =>
    [true, false].map((batched) =>
      loadScenario({
        name: batched ? 'holds-batched' : 'holds-each',
        title: `gRPC, holds on 1 SKU, 200 in flight, ${batched ? 'those that wait in one call' : 'a call for each'}`,
        connections: 200,
        way: 'holds',
        batched,
        systems: ['holdfast', 'for-update-grpc'],
        shape: { kind: 'closed', seconds },
      }),
    ),
  goals: [
    ratio('holds', 'gRPC, batch hold on 1 SKU, 200 in flight / SELECT ... FOR UPDATE with a call for each', atLeast(25), {
      over: ['holdfast/holds-batched', rate],
      under: ['for-update-grpc/holds-each', rate],
    }),
  ],
}
