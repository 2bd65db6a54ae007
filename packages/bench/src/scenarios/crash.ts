/** Everything of a system is killed under load: what does it still know of what it had acknowledged? */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import { generateLoad } from '../load/generate-load'
import type { Phase } from '../load/task'
import { type Table, whole } from '../report/table'
import type { Results } from '../results'
import { systemTitle } from '../systems/index'
import { makeSkus, targetOf } from './load'
import { type MeasureContext, type Measured, plenty, type ScenarioGroup } from './scenario'

/** Load before the end, in s. */
const longestLoad = 2

export const crash: ScenarioGroup = {
  scenarios: ({ seconds }) => [
    {
      name: 'crash',
      title: 'killed under load',
      systems: ['holdfast', 'redis-lua'],
      apart: true,
      measure: async (context) => measureCrash(Math.min(longestLoad, seconds), context),
    },
  ],
  tables: (results) => [['Killed under load', crashTable(results)]],
}

async function measureCrash(seconds: number, { running, signal }: MeasureContext): Promise<Measured> {
  const { crash, afterCrash, reserved } = running
  if (crash === undefined || afterCrash === undefined || reserved === undefined) throw new Error('it can not be killed')
  const skus = makeSkus(1)
  const { users } = await running.prepare(skus, plenty)
  // The load ends with the first connection that breaks.
  const phases: Phase[] = [{ shape: { kind: 'closed', seconds: seconds + 30 }, connections: 100, skus }]
  const load = generateLoad({ target: targetOf(running), tokens: users, keyPrefix: randomUUID(), phases }, signal)
  const underLoad = async (): Promise<void> => {
    while ((await reserved(skus)) === 0) await sleep(20)
    await sleep(seconds * 1000)
    await crash()
  }
  const [[result]] = await Promise.all([load, underLoad()])
  if (result === undefined) throw new Error('the load generator left the phase out')
  const survivors = await afterCrash(skus[0] ?? '')
  return {
    ...result,
    settleSeconds: 0,
    values: {
      lostRecords: Math.max(0, result.accepted - survivors.records),
      freeAgain: Math.max(0, result.accepted - survivors.reserved),
    },
    problems: [],
  }
}

function crashTable({ runs }: Results): Table {
  return [
    ['system', 'acknowledged', 'records lost', 'acknowledged units free to be sold again'],
    ...runs
      .filter(({ scenario }) => scenario === 'crash')
      .map(({ system, accepted, values }) => [
        systemTitle(system),
        ...[accepted, values?.lostRecords ?? 0, values?.freeAgain ?? 0].map(whole),
      ]),
  ]
}
