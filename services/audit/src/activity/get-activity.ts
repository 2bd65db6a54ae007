import {
  type ActivityFigures,
  type ActivityProjection,
  type GetActivityRequest,
  GetActivityRequest_Bucket as Bucket,
  type GetActivityRequest_TopBy as TopBy,
  type GetActivityResponse,
} from '@holdfast/contracts/audit'
import { type CallContext, checkTime, type Database, invalidField } from '@holdfast/service'

import {
  type BucketUnit,
  type FiguresRow,
  type Measure,
  type MoneyRow,
  openFigures,
  type SkuRow,
  sumMinutes,
  sumMoney,
  topSkus,
} from '../sql/activity-figures'
import type { Projection } from '../sql/activity-projections'
import { readHead } from '../sql/checkpoints'

/** A day by the minute fits. */
const mostBuckets = 1_500
const mostTop = 100
const dayMs = 86_400_000

const units: Record<Bucket, { unit: BucketUnit; ms: number; bucket: Bucket } | undefined> = {
  BUCKET_UNSPECIFIED: { unit: 'hour', ms: 3_600_000, bucket: Bucket.HOUR },
  MINUTE: { unit: 'minute', ms: 60_000, bucket: Bucket.MINUTE },
  HOUR: { unit: 'hour', ms: 3_600_000, bucket: Bucket.HOUR },
  DAY: { unit: 'day', ms: dayMs, bucket: Bucket.DAY },
  UNRECOGNIZED: undefined,
}

const measures: Record<TopBy, Measure | undefined> = {
  TOP_BY_UNSPECIFIED: 'revenue',
  REVENUE: 'revenue',
  UNITS_SOLD: 'unitsSold',
  UNITS_RESERVED: 'unitsReserved',
  UNRECOGNIZED: undefined,
}

interface Asked {
  /** Both are ends of buckets. */
  from: Date
  to: Date
  unit: BucketUnit
  bucket: Bucket
  /** Where each bucket begins, in ms since 1970. */
  starts: number[]
  top: number
  measure: Measure
}

/** The figures as of one moment. @throws INVALID_ARGUMENT */
export async function getActivity(
  database: Database,
  request: GetActivityRequest,
  ctx: CallContext,
): Promise<GetActivityResponse> {
  const asked = checkAsked(request, new Date())
  const { from, to, unit, bucket, starts, top, measure } = asked
  return database.transaction(async (client) => {
    const { live, building } = await openFigures(client)
    const { sequence: head } = await readHead(client)
    const range = { generation: live.generation, from, to }
    const counts = await sumMinutes(client, range, unit)
    const money = await sumMoney(client, range, unit)
    const skus = await topSkus(client, range, measure, top)
    const countsOf = groupByStart(counts)
    const moneyOf = groupByStart(money)
    return {
      from,
      to,
      bucket,
      totals: figuresOf(counts, money),
      buckets: starts.map((start) => ({
        start: new Date(start),
        figures: figuresOf(countsOf.get(start) ?? [], moneyOf.get(start) ?? []),
      })),
      topSkus: skus.map(skuOf),
      projection: projectionOf(live, head),
      rebuilding: building && projectionOf(building, head),
      requestId: ctx.requestId,
    }
  })
}

function checkAsked(request: GetActivityRequest, now: Date): Asked {
  const asked = units[request.bucket]
  if (asked === undefined) throw invalidField('bucket', 'must be MINUTE, HOUR or DAY')
  const measure = measures[request.topBy]
  if (measure === undefined) throw invalidField('topBy', 'must be REVENUE, UNITS_SOLD or UNITS_RESERVED')
  const { top } = request
  if (top < 0 || top > mostTop) throw invalidField('top', `must be from 1 to ${mostTop}`)

  const to = request.to === undefined ? now : checkTime('to', request.to)
  const from = request.from === undefined ? new Date(to.getTime() - dayMs) : checkTime('from', request.from)
  if (from >= to) throw invalidField('from', request.to === undefined ? 'must be in the past' : 'must be earlier than "to"')
  const { ms, unit, bucket } = asked
  const first = Math.floor(from.getTime() / ms) * ms
  const end = Math.ceil(to.getTime() / ms) * ms
  const count = (end - first) / ms
  if (count > mostBuckets) {
    throw invalidField(
      'from',
      `begins ${count} buckets before "to": at most ${mostBuckets}, so ask for less or for longer buckets`,
    )
  }
  return {
    from: checkTime('from', new Date(first)),
    to: checkTime('to', new Date(end)),
    unit,
    bucket,
    starts: Array.from({ length: count }, (_, index) => first + index * ms),
    top: top === 0 ? 10 : top,
    measure,
  }
}

function groupByStart<Row extends { start: Date }>(rows: Row[]): Map<number, Row[]> {
  return Map.groupBy(rows, ({ start }) => start.getTime())
}

function figuresOf(counts: FiguresRow[], money: MoneyRow[]): ActivityFigures {
  const sum = (count: (row: FiguresRow) => bigint): bigint => counts.reduce((total, row) => total + count(row), 0n)
  const created = sum((row) => row.created)
  const committed = sum((row) => row.committed)
  const cancelled = sum((row) => row.cancelled)
  const expired = sum((row) => row.expired)
  return {
    reservationsCreated: created,
    unitsReserved: sum((row) => row.units),
    reservationsCommitted: committed,
    reservationsCancelled: cancelled,
    reservationsExpired: expired,
    reservationsActive: created - committed - cancelled - expired,
    conversionRate: rate(committed, created),
    expiryRate: rate(expired, created),
    ordersConfirmed: sum((row) => row.confirmed),
    ordersCancelled: sum((row) => row.ordersCancelled),
    revenue: amounts(money, ({ revenue }) => revenue),
    refunds: amounts(money, ({ refunds }) => refunds),
  }
}

function rate(part: bigint, all: bigint): number | undefined {
  return all > 0n ? Number(part) / Number(all) : undefined
}

const mostMinor = 2n ** 63n - 1n

/** Rows come by currency. */
function amounts(rows: MoneyRow[], amount: (row: MoneyRow) => bigint): ActivityFigures['revenue'] {
  const sums = new Map<string, bigint>()
  for (const row of rows) sums.set(row.currency, (sums.get(row.currency) ?? 0n) + amount(row))
  return [...sums].flatMap(([currency, sum]) =>
    sum === 0n ? [] : [{ currency, amountMinor: sum > mostMinor ? mostMinor : sum }],
  )
}

function skuOf({ sku, currency, unitsReserved, unitsSold, revenue }: SkuRow) {
  return { sku, unitsReserved, unitsSold, revenue: { currency, amountMinor: revenue } }
}

function projectionOf({ generation, sequence }: Projection, headSequence: bigint): ActivityProjection {
  return { generation, sequence, headSequence }
}
