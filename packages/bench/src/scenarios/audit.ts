/** The way of an event from an outbox into the audit log: how many a second, how late each, and what it costs. */
import { randomUUID } from 'node:crypto'

import { atLeast, below, figure, rate, valueOf } from '../goals'
import { generateLoad } from '../load/generate-load'
import { ms, type Table, whole } from '../report/table'
import type { Results } from '../results'
import { systemTitle } from '../systems/index'
import { query } from '../systems/query'
import { AuditWatch } from './audit-watch'
import { costTable, watchCosts } from './costs'
import { countProblems, makeSkus, settled, targetOf } from './load'
import { type MeasureContext, type Measured, plenty, type Scenario, type ScenarioGroup } from './scenario'

/** A backlog has so many events for each second that is measured. */
const eventsPerSecond = 10_000
/** Reservations a second, for the lag. */
const reservationsPerSecond = 500
const systems = ['holdfast', 'holdfast-kafka']

export const audit: ScenarioGroup = {
  scenarios: ({ seconds }) => [backlogScenario(Math.round(seconds * eventsPerSecond)), lagScenario(seconds)],
  goals: systems.flatMap((system) => [
    figure(`audit-${system}`, `${systemTitle(system)}: events from the outbox into the audit log a second`, atLeast(5_000), [
      `${system}/audit`,
      rate,
    ]),
    figure(`audit-lag-${system}`, `${systemTitle(system)}: from a change to its audit record, p99 in ms`, below(500), [
      `${system}/audit-lag`,
      valueOf('lagP99'),
    ]),
  ]),
  tables: (results) => [
    ['The way into the audit log', wayTable(results)],
    ['CPU of an event on its way into the audit log, us', costTable(results, 'audit')],
  ],
}

function backlogScenario(count: number): Scenario {
  return {
    name: 'audit',
    title: `${whole(count)} events in the outbox of the reservation service`,
    systems,
    apart: true,
    measure: async (context) => measureBacklog(count, context),
  }
}

function lagScenario(seconds: number): Scenario {
  return {
    name: 'audit-lag',
    title: `${reservationsPerSecond} reservations a second`,
    systems,
    apart: true,
    measure: async (context) => measureLag(seconds, context),
  }
}

async function measureBacklog(count: number, { running, signal }: MeasureContext): Promise<Measured> {
  await settled(running)
  const watch = await AuditWatch.start(running)
  try {
    await query(running, 'reservation', writeEvents, [count])
    const costs = await watchCosts(running)
    await watch.until(watch.first + BigInt(count), signal)
    const seconds = watch.secondsSinceFirst()
    return {
      ...nothingAsked,
      sent: count,
      accepted: count,
      perSecond: count / seconds,
      settleSeconds: 0,
      values: await costs.of(count),
      problems: [],
    }
  } finally {
    await watch.stop()
  }
}

async function measureLag(seconds: number, { running, signal }: MeasureContext): Promise<Measured> {
  const skus = makeSkus(1)
  const { users } = await running.prepare(skus, plenty)
  await settled(running)
  const watch = await AuditWatch.start(running)
  try {
    const shape = { kind: 'open' as const, perSecond: reservationsPerSecond }
    const [warm, result] = await generateLoad(
      {
        target: targetOf(running, 'http'),
        tokens: users,
        keyPrefix: randomUUID(),
        phases: [
          { shape: { ...shape, seconds: Math.min(1, seconds / 2) }, connections: 300, skus },
          { shape: { ...shape, seconds }, connections: 300, skus },
        ],
      },
      signal,
    )
    if (warm === undefined || result === undefined) throw new Error('the load generator left a phase out')
    await watch.until(watch.first + BigInt(warm.accepted + result.accepted), signal)
    const lags = (await watch.lags(warm.accepted)).summary()
    return {
      ...result,
      settleSeconds: 0,
      values: { lagP50: lags.p50, lagP99: lags.p99, lagMost: lags.max },
      problems: countProblems([warm, result], await running.reserved?.(skus)),
    }
  } finally {
    await watch.stop()
  }
}

/** As the service writes them when reservations are made. */
const writeEvents = `
  insert into outbox (type, topic, key, subject, aggregate_version, audit, actor_id, actor_role, request_id, data)
  select 'holdfast.reservation.created.v1', 'holdfast.reservation.v1', id, id, 1, true, owner, 'USER', gen_random_uuid(),
         json_build_object('after', json_build_object(
           'id', id, 'userId', owner, 'status', 'ACTIVE',
           'lines', json_build_array(json_build_object('sku', 'BENCH-' || n % 10, 'warehouse', 'MAIN', 'quantity', 1,
             'unitPrice', json_build_object('currency', 'USD', 'amountMinor', '1000'))),
           'expiresAt', to_char(now() + interval '5 minutes', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'ttlSeconds', 300,
           'createdAt', to_char(now(), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updatedAt', to_char(now(), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
           'version', 1))
  from generate_series(1, $1::integer) n, lateral (select gen_random_uuid() as id, md5('owner ' || n % 1000)::uuid as owner) o`

const nothingAsked = {
  refused: 0,
  conflicts: 0,
  failed: 0,
  latency: { p50: 0, p95: 0, p99: 0, max: 0 },
  lastAcceptedAfter: 0,
  refusedAfter: 0,
  refusedAfterSeconds: 0,
}

function wayTable({ figures }: Results): Table {
  const of = (system: string, scenario: string) => figures.find((one) => one.system === system && one.scenario === scenario)
  return [
    [
      'over',
      'events a second, from a backlog',
      `ms from change to record at ${reservationsPerSecond} a second, p50`,
      'p99',
      'most',
    ],
    ...systems.flatMap((system) => {
      const [backlog, lag] = [of(system, 'audit'), of(system, 'audit-lag')]
      if (backlog === undefined && lag === undefined) return []
      const lags = [lag?.values?.lagP50, lag?.values?.lagP99, lag?.values?.lagMost]
      return [
        [
          systemTitle(system),
          backlog === undefined ? '–' : whole(backlog.perSecond),
          ...lags.map((value) => (value === undefined ? '–' : ms(value))),
        ],
      ]
    }),
  ]
}
