/** A flash sale: far more requests than units, so nearly all of them are refusals. */
import { atLeast, figure, valueOf } from '../goals'
import type { PhaseResult } from '../load/task'
import { drawChart } from '../report/chart'
import { whole } from '../report/table'
import { systemTitle } from '../systems/index'
import { loadScenario } from './load'
import type { ScenarioGroup } from './scenario'

/** One request in eight finds a unit. */
export const unitsFor = (requests: number): number => Math.ceil(requests / 8)

export const sale: ScenarioGroup = {
  scenarios: ({ saleRequests }) => [
    loadScenario({
      name: 'sale',
      title: `a sale of ${whole(unitsFor(saleRequests))} units, ${whole(saleRequests)} requests, 300 connections`,
      connections: 300,
      stock: unitsFor(saleRequests),
      systems: ['holdfast', 'for-update', 'redis-lua'],
      shape: { kind: 'count', requests: saleRequests },
      check: checkSale,
    }),
  ],
  goals: [
    figure('sale', 'Holdfast, the sale: refusals a second / reserves a second', atLeast(1.3), [
      'holdfast/sale',
      (run) => valueOf('refusalsPerSecond')(run) / valueOf('reservesPerSecond')(run),
    ]),
  ],
  tables: ({ figures }) => [
    [
      'A flash sale',
      [
        ['system', 'sold', 'refused', 'other', 'reserves a second', 'refusals a second'],
        ...figures
          .filter(({ scenario }) => scenario === 'sale')
          .map(({ system, accepted, refused, failed, values }) => [
            systemTitle(system),
            ...[accepted, refused, failed, values?.reservesPerSecond ?? 0, values?.refusalsPerSecond ?? 0].map(whole),
          ]),
      ],
    ],
  ],
  charts: ({ figures }) =>
    figures
      .filter(({ scenario, system }) => scenario === 'sale' && system === 'holdfast')
      .map(({ accepted, values }) => [
        'sale',
        drawChart({
          title: `Holdfast, a flash sale of ${whole(accepted)} units`,
          unit: 'answers a second',
          bars: [
            { label: 'while there is stock', value: values?.reservesPerSecond ?? 0 },
            { label: 'after the last unit', value: values?.refusalsPerSecond ?? 0, strong: true },
          ],
        }),
      ]),
}

/** Reserves a second are those while there was stock, refusals a second those after the last unit was sold. */
export function checkSale(result: PhaseResult): { values: Record<string, number>; problems: string[] } {
  const { accepted, refused, sent, lastAcceptedAfter, refusedAfter, refusedAfterSeconds } = result
  const units = unitsFor(sent)
  return {
    values: {
      reservesPerSecond: lastAcceptedAfter > 0 ? accepted / lastAcceptedAfter : 0,
      refusalsPerSecond: refusedAfterSeconds > 0 ? refusedAfter / refusedAfterSeconds : 0,
    },
    problems: accepted === units && refused === sent - units ? [] : [`${accepted} sold and ${refused} refused of ${units} units`],
  }
}
