/** So many requests start every second, however slow the answers are. */
import { figure, p95, below } from '../goals'
import { whole } from '../report/table'
import { loadScenario } from './load'
import type { ScenarioGroup } from './scenario'

export const openLoop: ScenarioGroup = {
  scenarios: ({ seconds }) =>
    [500, 2_000].map((perSecond) =>
      loadScenario({
        name: `open-${perSecond}`,
        title: `1 SKU, ${whole(perSecond)} requests a second, open loop`,
        connections: 300,
        systems: ['holdfast', 'empty-relay', 'for-update', 'redis-lua'],
        shape: { kind: 'open', seconds, perSecond },
      }),
    ),
  goals: [figure('open-500', 'Holdfast, 500 requests a second, open loop: p95 in ms', below(20), ['holdfast/open-500', p95])],
}
