/** CreateReservation over gRPC, without the gateway: the same loads as over HTTP. */
import { whole } from '../report/table'
import { loadScenario } from './load'
import type { ScenarioGroup } from './scenario'

const systems = ['holdfast']
const way = 'grpc'

export const grpc: ScenarioGroup = {
  scenarios: ({ seconds }) => [
    ...[1, 10, 100, 300].map((connections) =>
      loadScenario({
        name: `grpc-${connections}`,
        title: `gRPC, 1 SKU, ${connections} in flight`,
        connections,
        way,
        systems,
        shape: { kind: 'closed', seconds },
      }),
    ),
    ...[10, 1_000].map((skus) =>
      loadScenario({
        name: `grpc-100-skus-${skus}`,
        title: `gRPC, ${whole(skus)} SKUs, 100 in flight`,
        connections: 100,
        skus,
        way,
        systems,
        shape: { kind: 'closed', seconds },
      }),
    ),
    ...[500, 2_000].map((perSecond) =>
      loadScenario({
        name: `grpc-open-${perSecond}`,
        title: `gRPC, 1 SKU, ${whole(perSecond)} requests a second, open loop`,
        connections: 300,
        way,
        systems,
        shape: { kind: 'open', seconds, perSecond },
      }),
    ),
  ],
}
