/** How fast what is due comes back, what that costs those who reserve meanwhile, and how late a short reservation ends. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import { atLeast, below, atMost, figure, p99, ratio, valueOf } from '../goals'
import { generateLoad } from '../load/generate-load'
import type { Phase, PhaseResult } from '../load/task'
import { ms, type Table, whole } from '../report/table'
import { watchMemory } from '../memory'
import type { Results } from '../results'
import { query } from '../systems/query'
import type { RunningSystem } from '../systems/system'
import { costTable, watchCosts } from './costs'
import { writeDueReservations } from './due-reservations'
import { countProblems, makeSkus, settled, targetOf } from './load'
import { type MeasureContext, type Measured, plenty, type Scenario, type ScenarioGroup } from './scenario'

/** Reserve requests a second, before and while the sweeper has its hands full. */
const perSecond = 300
/** So many reservations fall due for each second that is measured: more than can be swept in it. */
const duePerSecond = 12_500
const shortTtlSeconds = 2
/** Writing what will be due must be over by then, in ms: for each, and in any case. */
const writeMs = { each: 0.15, least: 3_000 }

export const expiry: ScenarioGroup = {
  scenarios: ({ seconds }) => [
    ...[1, 100].map((skus) => sweepScenario(seconds, skus)),
    {
      name: 'short',
      title: `${shortTtlSeconds} s reservations, ${perSecond} a second`,
      systems: ['holdfast'],
      apart: true,
      measure: async (context) => measureShort(seconds, context),
    },
  ],
  goals: [
    figure('expiry', 'Holdfast, expired a second while others reserve', atLeast(10_000), [
      'holdfast/expiry',
      valueOf('expiredPerSecond'),
    ]),
    ratio('expiry-reserve', 'Holdfast, p99 of reserving: while 100,000s expire / before', atMost(2), {
      over: ['holdfast/expiry', p99],
      under: ['holdfast/expiry', valueOf('p99Before')],
    }),
    figure('short', `Holdfast, units of a ${shortTtlSeconds} s reservation back after its end, p99 in ms`, below(1_000), [
      'holdfast/short',
      valueOf('unitsBackP99'),
    ]),
  ],
  tables: (results) => [
    ['Expiry', sweepTable(results)],
    [`CPU of what expires, with ${perSecond} reserves a second in it, us`, costTable(results, 'expiry')],
    ['How late a short reservation ends', shortTable(results)],
  ],
}

function sweepScenario(seconds: number, skus: number): Scenario {
  const due = Math.round(seconds * duePerSecond)
  const of = skus === 1 ? 'the SKU that is reserved' : `${skus} SKUs`
  return {
    name: skus === 1 ? 'expiry' : `expiry-skus-${skus}`,
    title: `${whole(due)} holds of ${of} fall due within a second, ${perSecond} reserves a second`,
    systems: ['holdfast'],
    apart: true,
    measure: async (context) => measureSweep(due, skus, seconds, context),
  }
}

async function measureSweep(due: number, skuCount: number, seconds: number, context: MeasureContext): Promise<Measured> {
  const { running, signal } = context
  const prefix = randomUUID().slice(0, 8)
  const skus = makeSkus(skuCount)
  const reserve = await makeLoad(skus, context)
  const warm = await reserve(Math.min(1, seconds / 2))
  const before = await reserve(seconds)
  const dueAt = new Date(Date.now() + due * writeMs.each + writeMs.least)
  await writeDueReservations(running, { count: due, skus, dueAt, idPrefix: prefix })
  const early = dueAt.getTime() - Date.now()
  if (early < 0) throw new Error(`writing what falls due took ${-early} ms longer than it may`)
  await sleep(early, undefined, { signal })
  const costs = await watchCosts(running)
  const watch = running.memory && watchMemory(running.memory, seconds)
  const meanwhile = await reserve(seconds).catch((error: unknown) => {
    watch?.stop()
    throw error
  })
  const memory = watch?.stop()
  const expirySeconds = await untilExpired(running, prefix, due, signal)
  const settleSeconds = (await settled(running)) / 1000
  const costsFound = await costs.of(due)
  return {
    ...meanwhile,
    settleSeconds,
    ...(memory !== undefined && { memory }),
    values: {
      ...costsFound,
      expiredPerSecond: due / expirySeconds,
      expirySeconds,
      p50Before: before.latency.p50,
      p99Before: before.latency.p99,
    },
    problems: [
      ...countProblems([warm, before, meanwhile], await running.reserved?.(skus)),
      ...(await recordProblems(running, prefix, due)),
    ],
  }
}

async function measureShort(seconds: number, context: MeasureContext): Promise<Measured> {
  const { running, signal } = context
  const skus = makeSkus(1)
  const reserve = await makeLoad(skus, context)
  const result = await reserve(seconds, shortTtlSeconds)
  const [units, records] = await latenessOf(running, skus[0] ?? '', result.accepted, signal)
  return {
    ...result,
    settleSeconds: (await settled(running)) / 1000,
    values: { unitsBackP50: units.p50, unitsBackP99: units.p99, recordP50: records.p50, recordP99: records.p99 },
    problems: countProblems(
      [{ ...result, accepted: 0, refused: result.accepted + result.refused }],
      await running.reserved?.(skus),
    ),
  }
}

/** An open loop of reserves of the first SKU. */
async function makeLoad(
  skus: string[],
  { running, signal }: MeasureContext,
): Promise<(seconds: number, ttlSeconds?: number) => Promise<PhaseResult>> {
  const { users } = await running.prepare(skus, plenty)
  return async (seconds, ttlSeconds) => {
    const phase: Phase = {
      shape: { kind: 'open', seconds, perSecond },
      connections: 300,
      skus: skus.slice(0, 1),
      ...(ttlSeconds !== undefined && { ttlSeconds }),
    }
    const [result] = await generateLoad(
      { target: targetOf(running, 'http'), tokens: users, keyPrefix: randomUUID(), phases: [phase] },
      signal,
    )
    if (result === undefined) throw new Error('the load generator left a phase out')
    return result
  }
}

/** Waits for the last of them, and answers the seconds from the first due to the last expired. */
async function untilExpired(running: RunningSystem, prefix: string, due: number, signal: AbortSignal): Promise<number> {
  for (;;) {
    const [row] = await query<{ expired: number; seconds: number }>(
      running,
      'reservation',
      `select count(*)::int as expired, extract(epoch from max(updated_at) - min(expires_at))::float8 as seconds
       from reservations where id between $1 and $2 and status = 'EXPIRED'`,
      [`${prefix}-0000-0000-0000-000000000000`, `${prefix}-ffff-ffff-ffff-ffffffffffff`],
    )
    if (row !== undefined && row.expired >= due) return row.seconds
    await sleep(300, undefined, { signal })
  }
}

/** Each of them is told once. */
async function recordProblems(running: RunningSystem, prefix: string, due: number): Promise<string[]> {
  const [row] = await query<{ records: number; reservations: number }>(
    running,
    'audit',
    `select count(*)::int as records, count(distinct object_id)::int as reservations from audit_records
     where action = 'reservation.expired' and object_id like $1`,
    [`${prefix}-%`],
  )
  const { records = 0, reservations = 0 } = row ?? {}
  return records === due && reservations === due
    ? []
    : [`${due} expired, and there are ${records} audit records of ${reservations} reservations`]
}

interface Lateness {
  count: number
  p50: number
  p99: number
}

/** In ms: of the units in inventory, and of the records that their owners read. */
async function latenessOf(
  running: RunningSystem,
  sku: string,
  count: number,
  signal: AbortSignal,
): Promise<[Lateness, Lateness]> {
  const of = async (service: 'inventory' | 'reservation', late: string): Promise<Lateness> => {
    for (;;) {
      const [row] = await query<Lateness>(
        running,
        service,
        `select count(*)::int as count, 1000 * coalesce(percentile_cont(0.5) within group (order by late), 0) as p50,
                1000 * coalesce(percentile_cont(0.99) within group (order by late), 0) as p99
         from (${late}) as ended`,
        [sku],
      )
      if (row !== undefined && row.count >= count) return row
      await sleep(300, undefined, { signal })
    }
  }
  return [
    await of(
      'inventory',
      `select extract(epoch from h.ended_at - h.expires_at)::float8 as late
       from holds h join hold_lines l on l.hold_id = h.id where h.state = 'EXPIRED' and l.sku = $1`,
    ),
    await of(
      'reservation',
      `select extract(epoch from updated_at - expires_at)::float8 as late
       from reservations where status = 'EXPIRED' and lines -> 0 ->> 'sku' = $1`,
    ),
  ]
}

function sweepTable({ figures }: Results): Table {
  return [
    ['what', 'expired a second', 'reserve p50 ms before', 'meanwhile', 'p99 ms before', 'meanwhile', 'events settled after s'],
    ...figures
      .filter(({ scenario }) => scenario.startsWith('expiry'))
      .map(({ title, p50, p99, settleSeconds, values = {} }) => [
        title,
        whole(values.expiredPerSecond ?? 0),
        ms(values.p50Before ?? 0),
        ms(p50),
        ms(values.p99Before ?? 0),
        ms(p99),
        settleSeconds.toFixed(1),
      ]),
  ]
}

function shortTable({ figures }: Results): Table {
  return [
    ['what', 'units back p50 ms', 'p99 ms', 'record p50 ms', 'p99 ms'],
    ...figures
      .filter(({ scenario }) => scenario === 'short')
      .map(({ title, values = {} }) => [
        title,
        ...[values.unitsBackP50, values.unitsBackP99, values.recordP50, values.recordP99].map((value) => ms(value ?? 0)),
      ]),
  ]
}
