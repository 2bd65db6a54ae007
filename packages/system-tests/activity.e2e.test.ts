/** Activity figures come from events alone: the services' own tables must say the same. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { type ActivityFigures, GetActivityResponse, RebuildActivityResponse } from '@holdfast/contracts/audit'
import { type OrderReply, waitFor } from '@holdfast/testing'
import { Client, type QueryResultRow } from 'pg'

import { checkOut, one, openShop, reserved, type Shop, type Shopper, times } from './shop'

let shop: Shop
let shopper: Shopper
beforeAll(async () => {
  shop = await openShop()
  shopper = await shop.shopper()
})
afterAll(async () => shop.close())

const from = new Date(Date.now() - 3_600_000).toISOString()

async function activity(query = ''): Promise<GetActivityResponse> {
  // A later minute than any event of this test.
  const to = new Date(Date.now() + 600_000).toISOString()
  const { status, body } = await shop.admin.get(`/v1/activity?bucket=MINUTE&top=100&from=${from}&to=${to}${query}`)
  expect(status).toBe(200)
  return GetActivityResponse.fromJSON(body)
}

async function rows<Row extends QueryResultRow>(service: 'reservation' | 'order' | 'audit', sql: string): Promise<Row[]> {
  const database = new Client({ connectionString: shop.system.databaseUrl(service) })
  await database.connect()
  try {
    return (await database.query<Row>(sql)).rows
  } finally {
    await database.end()
  }
}

/** Everything that a shopper may do with stock, some of each, over several products and currencies. */
async function aMixture(): Promise<void> {
  const [lamp, chair] = [await shop.product(1_000, 1_099), await shop.product(1_000, 25_000)]
  const teapot = 'TEAPOT-EUR'
  const price = { currency: 'EUR', amountMinor: '700' }
  await shop.admin.post('/v1/products', { sku: teapot, name: 'Teapot', price, stock: 1_000 })
  const both = [...one(lamp, 2), ...one(chair)]
  const place = async (lines: unknown, more = {}) =>
    (await shopper.post<OrderReply>('/v1/orders', { lines, ...more })).body.order.id

  await times(3, async () => reserved(shopper, both))
  await times(2, async () => reserved(shopper, one(teapot, 5), { ttlSeconds: 1 }))
  await times(2, async () => {
    const { id } = await reserved(shopper, one(chair, 3))
    await shopper.post(`/v1/reservations/${id}:extend`, { ttlSeconds: 900 })
    await shopper.post(`/v1/reservations/${id}:cancel`)
  })
  await times(4, async () => checkOut(shopper, (await reserved(shopper, both)).id))
  await times(2, async () => {
    const { id } = await reserved(shopper, one(teapot, 2))
    expect((await checkOut(shopper, id, 'tok_declined')).status).toBe(402)
    expect((await checkOut(shopper, id)).status).toBe(200)
  })
  await times(3, async () => {
    const { body } = await checkOut(shopper, (await reserved(shopper, both)).id)
    expect((await shopper.post(`/v1/orders/${body.order.id}:cancel`)).status).toBe(200)
  })
  await times(2, async () => shopper.post(`/v1/orders/${await place(one(lamp, 7))}:confirm`, {}))
  await times(2, async () => shopper.post(`/v1/orders/${await place(one(lamp))}:cancel`))
  await times(2, async () => place(one(lamp), { ttlSeconds: 1 }))
  const shipped = await place(both)
  await shopper.post(`/v1/orders/${shipped}:confirm`, {})
  await shop.admin.post(`/v1/orders/${shipped}:transition`, { status: 'PROCESSING' })
}

/** What is due is swept, what was lapsed is cancelled, what is owed is refunded. */
async function settled(): Promise<void> {
  const open = async () => {
    const [reservations] = await rows<{ open: number }>(
      'reservation',
      `select count(*)::int as open from reservations where status = 'ACTIVE' and expires_at < now() + interval '30 seconds'`,
    )
    const [orders] = await rows<{ open: number }>(
      'order',
      `select count(*)::int as open from orders where status = 'PENDING' or payment_status = 'REFUND_PENDING'`,
    )
    return (reservations?.open ?? 1) + (orders?.open ?? 1)
  }
  await waitFor(async () => (await open()) === 0, { what: 'reservations to lapse and orders to be refunded', timeoutMs: 60_000 })
}

/** Each version of a row was told in one event. */
async function caughtUp(): Promise<void> {
  const versions = async (service: 'reservation' | 'order', sql: string) =>
    Number((await rows<{ sum: string | null }>(service, sql))[0]?.sum ?? 0)
  const told =
    (await versions('reservation', `select sum(version) from reservations where status <> 'ABANDONED'`)) +
    (await versions('order', 'select sum(version) from orders'))
  const recorded = async () => {
    const [row] = await rows<{ count: number }>(
      'audit',
      `select count(*)::int as count from audit_records where object_type in ('reservation', 'order')`,
    )
    return row?.count
  }
  await waitFor(async () => (await recorded()) === told, { what: `${told} events to be recorded`, timeoutMs: 60_000 })
  await waitFor(
    async () => {
      const { projection } = await activity()
      return projection !== undefined && projection.sequence >= projection.headSequence
    },
    { what: 'the activity to catch up', timeoutMs: 60_000 },
  )
}

const reservationsSql = `
  select date_trunc('minute', created_at) as start, count(*)::int as created,
         count(*) filter (where status = 'COMMITTED')::int as committed,
         count(*) filter (where status = 'CANCELLED')::int as cancelled,
         count(*) filter (where status = 'EXPIRED')::int as expired,
         count(*) filter (where status = 'ACTIVE')::int as active,
         sum((select sum((line->>'quantity')::int) from jsonb_array_elements(lines) line))::int as units
  from reservations where status <> 'ABANDONED' group by 1 order by 1`

const unitsReservedSql = `
  select line->>'sku' as sku, sum((line->>'quantity')::int)::int as units
  from reservations, jsonb_array_elements(lines) line where status <> 'ABANDONED' group by 1 order by 1`

/** A payment ends in the transaction that confirms its order. */
const paid = `orders o join payment_attempts a on a.order_id = o.id and a.state = 'SUCCEEDED'`

const confirmedSql = `select date_trunc('minute', a.ended_at) as start, count(*)::int as confirmed from ${paid} group by 1 order by 1`

const revenueSql = `
  select date_trunc('minute', a.ended_at) as start, o.currency, sum(o.total_minor)::int as amount
  from ${paid} group by 1, 2 order by 1, 2`

/** That it is refunded is the last that happens to an order. */
const refundsSql = `
  select date_trunc('minute', updated_at) as start, currency, sum(total_minor)::int as amount
  from orders where payment_status = 'REFUNDED' group by 1, 2 order by 1, 2`

const cancelledSql = `select count(*)::int as count from ${paid} where o.status = 'CANCELLED'`

const soldSql = `
  select line->>'sku' as sku, line->>'currency' as currency, sum((line->>'quantity')::int)::int as units,
         sum((line->>'quantity')::int * (line->>'amountMinor')::bigint)::int as revenue
  from ${paid}, jsonb_array_elements(o.lines) line group by 1, 2 order by 1`

async function expectWhatTablesSay(): Promise<void> {
  const { buckets, totals, topSkus } = await activity('&topBy=UNITS_RESERVED')
  const each = <Row>(rowsOf: (start: Date | undefined, figures: ActivityFigures) => Row[]): Row[] =>
    buckets.flatMap(({ start, figures }) => (figures === undefined ? [] : rowsOf(start, figures)))
  const minutes = await rows<{ created: number; committed: number; expired: number }>('reservation', reservationsSql)
  const reservations = each((start, figures) => [
    {
      start,
      created: Number(figures.reservationsCreated),
      committed: Number(figures.reservationsCommitted),
      cancelled: Number(figures.reservationsCancelled),
      expired: Number(figures.reservationsExpired),
      active: Number(figures.reservationsActive),
      units: Number(figures.unitsReserved),
    },
  ])
  expect(reservations.filter(({ created }) => created > 0)).toEqual(minutes)
  const confirmed = each((start, figures) => [{ start, confirmed: Number(figures.ordersConfirmed) }])
  expect(confirmed.filter((row) => row.confirmed > 0)).toEqual(await rows('order', confirmedSql))
  for (const [name, sql] of [
    ['revenue', revenueSql],
    ['refunds', refundsSql],
  ] as const) {
    const amounts = each((start, figures) =>
      figures[name].map(({ currency, amountMinor }) => ({ start, currency, amount: Number(amountMinor) })),
    )
    expect(amounts).toEqual(await rows('order', sql))
    expect(amounts.length).toBeGreaterThan(0)
  }
  expect([{ count: Number(totals?.ordersCancelled) }]).toEqual(await rows('order', cancelledSql))

  const created = minutes.reduce((sum, row) => sum + row.created, 0)
  expect(totals?.conversionRate).toBeCloseTo(minutes.reduce((sum, row) => sum + row.committed, 0) / created, 10)
  expect(totals?.expiryRate).toBeCloseTo(minutes.reduce((sum, row) => sum + row.expired, 0) / created, 10)

  const skus = topSkus.toSorted((one, other) => (one.sku < other.sku ? -1 : 1))
  expect(skus.map(({ sku, unitsReserved }) => ({ sku, units: Number(unitsReserved) }))).toEqual(
    await rows('reservation', unitsReservedSql),
  )
  expect(
    skus.map(({ sku, unitsSold, revenue }) => {
      return { sku, currency: revenue?.currency, units: Number(unitsSold), revenue: Number(revenue?.amountMinor) }
    }),
  ).toEqual(await rows('order', soldSql))
}

test('the activity of a mixture is what the tables of reservation and order say, also when it was made again', async () => {
  await aMixture()
  await settled()
  await caughtUp()
  await expectWhatTablesSay()
  const before = await activity()
  expect(before.totals).toMatchObject({ reservationsCreated: 23n, reservationsActive: 3n, ordersCancelled: 3n })

  const { url, credentials } = shop.system
  const cli = join(__dirname, '..', 'cli', 'dist', 'src', 'main.js')
  const { email, password } = credentials.admin
  const { stdout } = await promisify(execFile)(process.execPath, [cli, 'rebuild-activity', '--url', url], {
    env: { ...process.env, HOLDFAST_ADMIN_EMAIL: email, HOLDFAST_ADMIN_PASSWORD: password },
  })
  expect(stdout).toMatch(/generation 2 is shown, made of \d+ audit records\n$/)
  await caughtUp()
  const after = await activity()
  expect(after.projection?.generation).toBe(2)
  expect(after.totals).toEqual(before.totals)
  await expectWhatTablesSay()
})

test('it is for admins, and a rate of nothing is absent', async () => {
  expect((await shopper.get('/v1/activity')).status).toBe(403)
  expect((await shopper.post('/v1/activity:rebuild', {})).status).toBe(403)
  const { status, body } = await shop.admin.get<{ totals: object; buckets: object[] }>(
    '/v1/activity?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z',
  )
  expect(status).toBe(200)
  expect(body.buckets).toHaveLength(24)
  expect(body.totals).toMatchObject({ reservationsCreated: '0', revenue: [] })
  expect(Object.keys(body.totals)).not.toContain('conversionRate')
  const refused = await shop.admin.get('/v1/activity?bucket=MINUTE&from=2020-01-01T00:00:00Z&to=2021-01-01T00:00:00Z')
  expect(refused).toMatchObject({ status: 400, body: { errors: [{ field: 'from' }] } })
})

test('a rebuild is begun once for its key', async () => {
  const begin = async () => {
    const { status, body } = await shop.admin.post('/v1/activity:rebuild', {}, { idempotencyKey: 'nightly' })
    expect(status).toBe(200)
    return RebuildActivityResponse.fromJSON(body)
  }
  const first = await begin()
  const { generation } = first.projection ?? { generation: 0 }
  expect(first.replayed).toBe(false)
  await waitFor(async () => (await activity()).projection?.generation === generation, { what: 'the rebuild', timeoutMs: 60_000 })
  expect(await begin()).toMatchObject({ replayed: true, projection: { generation } })
})
