import { waitFor } from '@holdfast/testing'

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
    expect(await statusOf(shopper, made.id)).toBe('ACTIVE')
    await waitFor(async () => (await statusOf(shopper, made.id)) === 'EXPIRED', {
      what: 'the reservation to lapse',
      timeoutMs: 10_000,
    })
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(made.expiresAt) - 50)
    expect(await shop.available(sku)).toEqual({ onHand: 1, reserved: 0, available: 1 })
    const record = await waitFor(
      async () => (await auditOf(shop, made.id)).find(({ action }) => action === 'reservation.expired'),
      {
        what: 'the audit record',
        timeoutMs: 20_000,
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
    await waitFor(async () => (await read()).status === 'CANCELLED', { what: 'the order to be cancelled', timeoutMs: 20_000 })
    expect(await read()).toMatchObject({ cancelReason: 'reservation_expired' })
    expect(await shop.available(sku)).toEqual({ onHand: 1, reserved: 0, available: 1 })
  })

  test('a lapsed reservation can not be extended, cancelled or checked out', async () => {
    const sku = await shop.product(1)
    const made = await reserved(shopper, one(sku), { ttlSeconds: 1 })
    await waitFor(async () => (await statusOf(shopper, made.id)) === 'EXPIRED', {
      what: 'the reservation to lapse',
      timeoutMs: 10_000,
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
      await waitFor(() => Date.now() >= moment, { what: 'the moment', timeoutMs: 5_000 })
      const action = index % 3
      const reply =
        action === 0
          ? await checkOut(shopper, made.id)
          : await shopper.post(
              `/v1/reservations/${made.id}:${action === 1 ? 'extend' : 'cancel'}`,
              action === 1 ? { ttlSeconds: 30 } : undefined,
            )
      return { id: made.id, action, won: reply.status === 200 || reply.status === 201, reply }
    })
    for (const { id, action, won, reply } of outcomes) {
      if (!won) expect(reply).toMatchObject({ status: 409, body: { code: 'RESERVATION_EXPIRED' } })
      const expected = won ? (['COMMITTED', 'ACTIVE', 'CANCELLED'][action] ?? '') : 'EXPIRED'
      await waitFor(async () => (await statusOf(shopper, id)) === expected, {
        what: `reservation ${id} to be ${expected}`,
        timeoutMs: 10_000,
      })
    }
    const sold = outcomes.filter(({ action, won }) => action === 0 && won).length
    const extended = outcomes.filter(({ action, won }) => action === 1 && won).length
    await waitFor(async () => (await shop.available(sku)).reserved === extended, {
      what: 'the units to be back',
      timeoutMs: 10_000,
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

describe('with the sweeper stopped', () => {
  let shop: Shop
  beforeAll(async () => {
    shop = await openShop({ envFor: { reservation: { SWEEPER: 'off' } } })
  })
  afterAll(async () => shop.close())

  test('a hold falls due, counts as free, and the next shopper gets the unit; one sweep by hand then settles the record', async () => {
    const sku = await shop.product(1)
    const [first, next] = [await shop.shopper(), await shop.shopper()]
    const made = await reserved(first, one(sku), { ttlSeconds: 1 })
    expect(await reserve(next, one(sku))).toMatchObject({ status: 409, body: { code: 'INSUFFICIENT_STOCK' } })
    await waitFor(async () => (await shop.available(sku)).available === 1, {
      what: 'the unit to count as free',
      timeoutMs: 10_000,
    })
    expect(await statusOf(first, made.id)).toBe('EXPIRED')
    expect((await reserve(next, one(sku))).status).toBe(201)
    expect(await shop.available(sku)).toEqual({ onHand: 1, reserved: 1, available: 0 })
    expect(await auditOf(shop, made.id)).not.toContainEqual(expect.objectContaining({ action: 'reservation.expired' }))
    await shop.admin.post('/v1/reservations:sweep', {})
    await waitFor(async () => (await auditOf(shop, made.id)).some(({ action }) => action === 'reservation.expired'), {
      what: 'the record',
      timeoutMs: 20_000,
    })
    await shop.expectBalanced()
  })
})

async function auditOf(shop: Shop, objectId: string): Promise<{ action: string }[]> {
  return (await shop.admin.get<{ records: { action: string }[] }>(`/v1/audit/records?objectId=${objectId}`)).body.records
}
