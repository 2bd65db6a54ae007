import { waitFor } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'
import { Client } from 'pg'

import { checkOut, one, openShop, reserve, reserved, type Shop, type Shopper, statusOf, times } from './shop'

describe('with the sweeper', () => {
  let shop: Shop
  let shopper: Shopper
  beforeAll(async () => {
    shop = await openShop()
    shopper = await shop.shopper()
  })
  afterAll(async () => shop.close())
  afterEach(async () => shop.expectBalanced())

  test('a 2 s reservation lapses: the unit is free, the record says EXPIRED, the audit log too', async () => {
    const sku = await shop.product(1)
    const made = await reserved(shopper, one(sku), { ttlSeconds: 2 })
    expect(made.status).toBe('ACTIVE')
    await waitFor(async () => (await statusOf(shopper, made.id)) === 'EXPIRED', {
      what: 'the reservation to lapse',
    })
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(made.expiresAt) - 50)
    expect(await shop.available(sku)).toEqual({ onHand: 1, reserved: 0, available: 1 })
    const record = await waitFor(
      async () => (await auditOf(shop, made.id)).find(({ action }) => action === 'reservation.expired'),
      {
        what: 'the audit record',
      },
    )
    expect(record).toMatchObject({
      actor: { id: 'reservation', role: 'SERVICE' },
      before: { status: 'ACTIVE' },
      after: { status: 'EXPIRED' },
    })
  })

  test('the reservation of a placed order lapses, and the order is cancelled', async () => {
    const sku = await shop.product(1)
    const { body } = await shopper.post<{ order: { id: string } }>('/v1/orders', { lines: one(sku), ttlSeconds: 1 })
    const read = async () =>
      (await shopper.get<{ order: { status: string; cancelReason: string } }>(`/v1/orders/${body.order.id}`)).body.order
    await waitFor(async () => (await read()).status === 'CANCELLED', { what: 'the order to be cancelled' })
    expect(await read()).toMatchObject({ cancelReason: 'reservation_expired' })
    expect(await shop.available(sku)).toEqual({ onHand: 1, reserved: 0, available: 1 })
  })

  test('a lapsed reservation can not be extended, cancelled or checked out', async () => {
    const sku = await shop.product(1)
    const made = await reserved(shopper, one(sku), { ttlSeconds: 1 })
    await waitFor(async () => (await statusOf(shopper, made.id)) === 'EXPIRED', {
      what: 'the reservation to lapse',
    })
    const late = [
      await shopper.post(`/v1/reservations/${made.id}:extend`, { ttlSeconds: 60 }),
      await shopper.post(`/v1/reservations/${made.id}:cancel`),
      await checkOut(shopper, made.id),
    ]
    expect(late.map(({ status, body }) => [status, (body as { code?: string }).code])).toEqual(
      Array.from({ length: 3 }, () => [409, 'RESERVATION_EXPIRED']),
    )
  })

  test('expiry against checkout, extend and cancel at the same moment: each reservation ends in one way, many times', async () => {
    const sku = await shop.product(1_000)
    const outcomes = await times(60, async (index) => {
      const made = await reserved(shopper, one(sku), { ttlSeconds: 1 })
      const moment = Date.parse(made.expiresAt) + (index % 20) * 5 - 50
      await waitFor(() => Date.now() >= moment, { what: 'the moment' })
      const action = index % 3
      const reply =
        action === 0
          ? await checkOut(shopper, made.id)
          : await shopper.post(
              `/v1/reservations/${made.id}:${action === 1 ? 'extend' : 'cancel'}`,
              action === 1 ? { ttlSeconds: 600 } : undefined,
            )
      return { id: made.id, action, won: reply.status === 200 || reply.status === 201, reply }
    })
    for (const { id, action, won, reply } of outcomes) {
      if (!won) expect(reply).toMatchObject({ status: 409, body: { code: 'RESERVATION_EXPIRED' } })
      const expected = won ? (['COMMITTED', 'ACTIVE', 'CANCELLED'][action] ?? '') : 'EXPIRED'
      await waitFor(async () => (await statusOf(shopper, id)) === expected, {
        what: `reservation ${id} to be ${expected}`,
      })
    }
    const sold = outcomes.filter(({ action, won }) => action === 0 && won).length
    const extended = outcomes.filter(({ action, won }) => action === 1 && won).length
    await waitFor(async () => (await shop.available(sku)).reserved === extended, {
      what: 'the units to be back',
    })
    expect(await shop.available(sku)).toMatchObject({ onHand: 1_000 - sold })
  })

  test('the one-shot sweep is for admins', async () => {
    expect((await shopper.post('/v1/reservations:sweep', {})).status).toBe(403)
    expect(await shop.admin.post('/v1/reservations:sweep', {})).toMatchObject({
      status: 200,
      body: { expired: expect.any(Number) },
    })
  })
})

describe('a backlog', () => {
  const backlog = 3_000
  let shop: Shop
  beforeAll(async () => {
    shop = await openShop({ env: { RATE_LIMIT_RESERVE_PER_USER: '0' } })
  })
  afterAll(async () => shop.close())

  test('of one SKU comes back while others reserve it; each is expired once, and told once', async () => {
    const sku = await shop.product(backlog + 200)
    const shopper = await shop.shopper()
    const made = Promise.all(Array.from({ length: 100 }, async () => reserve(shopper, one(sku))))
    await writeDue(shop, sku, backlog)
    const others = await Promise.all(Array.from({ length: 100 }, async () => reserve(shopper, one(sku))))
    expect(new Set([...(await made), ...others].map(({ status }) => status))).toEqual(new Set([201]))
    await waitFor(async () => (await count(shop, 'reservation', `reservations where status = 'EXPIRED'`)) === backlog, {
      what: 'the backlog to be worked off',
      timeoutMs: 40_000,
    })
    expect(await shop.available(sku)).toEqual({ onHand: backlog + 200, reserved: 200, available: backlog })
    const told = `audit_records where action = 'reservation.expired'`
    await waitFor(async () => (await count(shop, 'audit', told)) >= backlog, { what: 'the audit records', timeoutMs: 40_000 })
    expect(await count(shop, 'audit', told)).toBe(backlog)
    expect(await count(shop, 'audit', `(select distinct object_id from ${told}) as reservations`)).toBe(backlog)
    await shop.expectBalanced()
  }, 120_000)
})

describe('with the sweeper stopped', () => {
  let shop: Shop
  beforeAll(async () => {
    shop = await openShop({ envFor: { reservation: { SWEEPER: 'off' } } })
  })
  afterAll(async () => shop.close())

  test('a hold falls due, counts as free, and the next shopper gets the unit; one sweep by hand then settles the record', async () => {
    const sku = await shop.product(1)
    const [first, next] = [await shop.shopper(), await shop.shopper()]
    const made = await reserved(first, one(sku), { ttlSeconds: 4 })
    expect(await reserve(next, one(sku))).toMatchObject({ status: 409, body: { code: 'INSUFFICIENT_STOCK' } })
    await waitFor(async () => (await shop.available(sku)).available === 1, {
      what: 'the unit to count as free',
    })
    expect(await statusOf(first, made.id)).toBe('EXPIRED')
    expect((await reserve(next, one(sku))).status).toBe(201)
    expect(await shop.available(sku)).toEqual({ onHand: 1, reserved: 1, available: 0 })
    expect(await auditOf(shop, made.id)).not.toContainEqual(expect.objectContaining({ action: 'reservation.expired' }))
    await shop.admin.post('/v1/reservations:sweep', {})
    await waitFor(async () => (await auditOf(shop, made.id)).some(({ action }) => action === 'reservation.expired'), {
      what: 'the record',
    })
    await shop.expectBalanced()
  })
})

async function auditOf(shop: Shop, objectId: string): Promise<{ action: string }[]> {
  return (await shop.admin.get<{ records: { action: string }[] }>(`/v1/audit/records?objectId=${objectId}`)).body.records
}

/** Reservations that are due, a unit each, written as the services would have: asking for so many, and waiting, takes long. */
async function writeDue(shop: Shop, sku: string, due: number): Promise<void> {
  const values = [randomUUID(), due, sku]
  const id = `md5($1::text || n)::uuid`
  await query(
    shop,
    'inventory',
    `with series as (select ${id} as id, now() + interval '1 second' as ends from generate_series(1, $2::integer) n),
     made as (
       insert into holds (id, owner, fingerprint, state, expires_at, base_expires_at, created_at)
       select id, 'a-user', '', 'HELD', ends, ends, now() from series
     ), lines as (
       insert into hold_lines (hold_id, line, sku, warehouse, quantity, price_minor, currency, expires_at, held, created_at)
       select id, 1, $3, 'MAIN', 1, 1000, 'USD', ends, true, now() from series
     )
     update stock_levels set reserved = reserved + $2::integer, version = version + 1 where sku = $3`,
    values,
  )
  await query(
    shop,
    'reservation',
    `insert into reservations (id, user_id, status, fingerprint, lines, expires_at, ttl_seconds, created_at, updated_at, hold_version, sweep_after)
     select ${id}, 'a-user', 'ACTIVE', '', jsonb_build_array(jsonb_build_object('sku', $3::text, 'warehouse', 'MAIN', 'quantity', 1)),
            now() + interval '1 second', 60, now(), now(), 1, now() + interval '1 second'
     from generate_series(1, $2::integer) n`,
    values,
  )
}

async function count(shop: Shop, service: 'reservation' | 'audit', rows: string): Promise<number> {
  return (await query<{ n: number }>(shop, service, `select count(*)::int as n from ${rows}`))[0]?.n ?? -1
}

async function query<Row extends object>(
  shop: Shop,
  service: 'inventory' | 'reservation' | 'audit',
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new Client({ connectionString: shop.system.databaseUrl(service) })
  await client.connect()
  try {
    return (await client.query<Row>(text, values)).rows
  } finally {
    await client.end()
  }
}
