/** The books of three services: every kind of row spoiled by hand is named, and work under way never is. */
import { type ConsistencyReply, type OrderReply, type ProblemReply, waitFor } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'
import { Client } from 'pg'

import { checkOut, one, openShop, reserved, type Shop, type Shopper, statusOf, times } from './shop'

const check = async (shop: Shop): Promise<ConsistencyReply> => {
  const { status, body } = await shop.admin.get<ConsistencyReply>('/v1/consistency')
  expect(status).toBe(200)
  return body
}

type DatabaseName = 'inventory' | 'reservation' | 'order'

async function spoil(shop: Shop, name: DatabaseName, sql: string, ...values: unknown[]): Promise<void> {
  const database = new Client({ connectionString: shop.system.databaseUrl(name) })
  await database.connect()
  try {
    const { rowCount } = await database.query(sql, values)
    expect(rowCount).toBeGreaterThan(0)
  } finally {
    await database.end()
  }
}

describe('rows that were spoiled by hand', () => {
  let shop: Shop
  let shopper: Shopper
  beforeAll(async () => {
    // Nothing heals by itself while the test looks.
    shop = await openShop({ envFor: { inventory: { CONSISTENCY_GRACE_MS: '0' }, reservation: { SWEEPER: 'off' } } })
    shopper = await shop.shopper()
  })
  afterAll(async () => shop.close())

  const active = async () => (await reserved(shopper, one(await shop.product(5), 2))).id
  const sold = async () => {
    const id = await active()
    return { id, order: (await checkOut(shopper, id)).body.order.id }
  }
  const placed = async () => {
    const { order } = (await shopper.post<OrderReply>('/v1/orders', { lines: one(await shop.product(5)) })).body
    return { id: order.reservationId, order: order.id }
  }
  const returned = async () => {
    const { id, order } = await sold()
    expect((await shopper.post(`/v1/orders/${order}:cancel`)).status).toBe(200)
    const refunded = async () => (await shopper.get<OrderReply>(`/v1/orders/${order}`)).body.order.paymentStatus === 'REFUNDED'
    await waitFor(refunded, { what: 'units and money to be back' })
    return { id, order }
  }

  /** Each spoils rows of one database, and answers the id that has to be named. */
  const damages: Record<string, [kind: string, spoilOne: () => Promise<string>][]> = {
    inventory: [
      [
        'reserved',
        async () => {
          const sku = await shop.product(5)
          await spoil(shop, 'inventory', 'update stock_levels set reserved = 1 where sku = $1', sku)
          return `${sku}/MAIN`
        },
      ],
      [
        'on_hand',
        async () => {
          const sku = await shop.product(5)
          await spoil(shop, 'inventory', 'update ledger set quantity = 6 where sku = $1', sku)
          return `${sku}/MAIN`
        },
      ],
      [
        'hold_line',
        async () => {
          const id = await active()
          await spoil(shop, 'inventory', 'update hold_lines set held = false where hold_id = $1', id)
          return `${id}/1`
        },
      ],
      [
        'reservation',
        async () => {
          const id = await active()
          await spoil(shop, 'inventory', `update holds set state = 'RELEASED', ended_at = now(), version = 2 where id = $1`, id)
          return id
        },
      ],
      [
        'reservation_expiry',
        async () => {
          const id = await active()
          await spoil(
            shop,
            'inventory',
            `update holds set expires_at = expires_at + interval '1 s', base_expires_at = base_expires_at + interval '1 s' where id = $1`,
            id,
          )
          return id
        },
      ],
      [
        'reservation_without_hold',
        async () => {
          const id = await active()
          await spoil(shop, 'inventory', 'delete from holds where id = $1', id)
          return id
        },
      ],
      [
        'order_without_hold',
        async () => {
          const { id, order } = await placed()
          await spoil(shop, 'inventory', 'delete from holds where id = $1', id)
          return order
        },
      ],
      [
        'return',
        async () => {
          const { order } = await returned()
          await spoil(shop, 'inventory', `update ledger set quantity = 1 where kind = 'RETURN' and reason like $1`, `%${order}%`)
          return order
        },
      ],
    ],
    reservation: [
      [
        'reservation',
        async () => {
          const id = await active()
          await spoil(shop, 'reservation', `update reservations set status = 'EXPIRED' where id = $1`, id)
          return id
        },
      ],
      [
        'reservation',
        async () => {
          const { id } = await sold()
          await spoil(shop, 'reservation', `update reservations set status = 'ABANDONED' where id = $1`, id)
          return id
        },
      ],
      [
        'reservation_expiry',
        async () => {
          const id = await active()
          await spoil(shop, 'reservation', 'update reservations set hold_version = 9 where id = $1', id)
          return id
        },
      ],
      [
        'hold_without_reservation',
        async () => {
          const id = await active()
          await spoil(shop, 'reservation', 'delete from reservations where id = $1', id)
          return id
        },
      ],
    ],
    order: [
      [
        'order',
        async () => {
          const { order } = await sold()
          await spoil(shop, 'order', `update orders set status = 'PENDING', look_at = 'infinity' where id = $1`, order)
          return order
        },
      ],
      [
        'order',
        async () => {
          const { order } = await placed()
          await spoil(shop, 'order', `update orders set status = 'SHIPPED', payment_status = 'SUCCEEDED' where id = $1`, order)
          return order
        },
      ],
      [
        'order',
        async () => {
          const { order } = await returned()
          await spoil(shop, 'order', 'delete from return_tasks where order_id = $1', order)
          return order
        },
      ],
      [
        'hold_without_order',
        async () => {
          const { id, order } = await sold()
          await spoil(shop, 'order', 'delete from operations where order_id = $1', order).catch(() => undefined)
          await spoil(shop, 'order', 'delete from payment_attempts where order_id = $1', order)
          await spoil(shop, 'order', 'delete from orders where id = $1', order)
          return id
        },
      ],
    ],
  }

  test.each(
    Object.entries(damages).flatMap(([database, list]) => list.map(([kind, spoilOne]) => ({ database, kind, spoilOne }))),
  )('$kind, spoiled in the database of $database, is named', async ({ kind, spoilOne }) => {
    const id = await spoilOne()
    const { consistent, differences } = await check(shop)
    expect(consistent).toBe(false)
    expect(differences).toContainEqual(expect.objectContaining({ kind, id }))
  })
})

describe('books that are whole in the end', () => {
  let shop: Shop
  let shopper: Shopper
  beforeAll(async () => {
    shop = await openShop()
    shopper = await shop.shopper()
  })
  afterAll(async () => shop.close())

  const repair = async (kind: string, id: string, requestId: string = randomUUID()) =>
    shop.admin.post<ProblemReply>('/v1/consistency:repair', { kind, id }, { headers: { 'x-request-id': requestId } })
  const repairsAudited = async (requestId: string) =>
    waitFor(
      async () => {
        const { body } = await shop.admin.get<{ records: { action: string; actor: { role: string } }[] }>(
          `/v1/audit/records?requestId=${requestId}`,
        )
        return body.records.length > 0 && body.records
      },
      { what: 'the audit record' },
    )

  test.each([
    ['reservation', `update reservations set status = 'CANCELLED', version = version + 1 where id = $1`, { status: 'CANCELLED' }],
    [
      'reservation_expiry',
      `update reservations set expires_at = expires_at + interval '1 hour' where id = $1`,
      { status: 'ACTIVE' },
    ],
    [
      'reservation_lines',
      `update reservations set lines_version = 2, lines = jsonb_set(lines, '{0,quantity}', '7') where id = $1`,
      { lines: [{ quantity: 7 }] },
    ],
  ])(
    'repair of a difference of the kind %s: the reservation takes over its hold, audited once, and goes on',
    async (kind, sql, before) => {
      const made = await reserved(shopper, one(await shop.product(2)))
      await spoil(shop, 'reservation', sql, made.id)
      expect((await check(shop)).differences).toMatchObject([{ kind, id: made.id }])
      const requestId = randomUUID()
      expect(await repair(kind, made.id, requestId)).toMatchObject({ status: 200, body: { difference: { kind, id: made.id } } })
      await shop.expectBalanced()
      expect(await repairsAudited(requestId)).toMatchObject([
        {
          action: 'reservation.repaired',
          objectId: made.id,
          actor: { role: 'ADMIN' },
          before,
          after: { status: 'ACTIVE', expiresAt: made.expiresAt, lines: [{ quantity: 1 }] },
        },
      ])
      expect(await repair(kind, made.id)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
      expect(await checkOut(shopper, made.id)).toMatchObject({ status: 200, body: { order: { status: 'CONFIRMED' } } })
    },
  )

  test('a repair that could only guess is refused and what it is about stays named, and nobody but an admin repairs', async () => {
    const made = await reserved(shopper, one(await shop.product(2)))
    const { body } = await checkOut(shopper, made.id)
    await spoil(shop, 'order', `update orders set status = 'PENDING', look_at = 'infinity' where id = $1`, body.order.id)
    expect(await repair('order', body.order.id)).toMatchObject({ status: 409, body: { code: 'ILLEGAL_TRANSITION' } })
    expect((await check(shop)).differences).toMatchObject([{ kind: 'order', id: body.order.id, found: 'PENDING' }])
    expect((await shopper.post('/v1/consistency:repair', { kind: 'reserved', id: 'X/MAIN' })).status).toBe(403)
    expect(await repair('weather', 'x')).toMatchObject({ status: 400, body: { errors: [{ field: 'kind' }] } })
    await spoil(shop, 'order', `update orders set status = 'CONFIRMED' where id = $1`, body.order.id)
    await shop.expectBalanced()
  })

  test('reservations, checkouts, cancels and expiries go on, and no check calls any of it a difference', async () => {
    const skus = await times(3, async () => shop.product(100_000))
    const shoppers = await times(8, async () => shop.shopper())
    const rounds = { done: 0, stop: false }
    const working = shoppers.map(async (shopper, index) => {
      for (let round = index; !rounds.stop; round++) {
        await (shoppings[round % shoppings.length] ?? letLapse)(shopper, skus[round % skus.length] ?? '')
        rounds.done++
      }
    })
    let checks = 0
    try {
      for (; checks < 40 || rounds.done < 200; checks++) {
        expect((await check(shop)).differences).toEqual([])
      }
    } finally {
      rounds.stop = true
      await Promise.all(working)
    }
    await waitFor(async () => (await check(shop)).checked.underWay === '0', { what: 'everything to be done', timeoutMs: 60_000 })
    const { consistent, checked } = await check(shop)
    expect(consistent).toBe(true)
    expect(Number(checked.reservations)).toBeGreaterThan(100)
    expect(Number(checked.orders)).toBeGreaterThan(50)
  })
})

type Shopping = (shopper: Shopper, sku: string) => Promise<unknown>

const letLapse: Shopping = async (shopper, sku) => reserved(shopper, one(sku), { ttlSeconds: 1 })

/** Ways in which a reservation goes. */
const shoppings: Shopping[] = [
  letLapse,
  async (shopper, sku) => shopper.post(`/v1/reservations/${(await reserved(shopper, one(sku))).id}:cancel`),
  async (shopper, sku) => checkOut(shopper, (await reserved(shopper, one(sku))).id),
  async (shopper, sku) => checkOut(shopper, (await reserved(shopper, one(sku))).id, 'tok_declined'),
  async (shopper, sku) => shopper.post(`/v1/reservations/${(await reserved(shopper, one(sku))).id}:extend`, { ttlSeconds: 900 }),
  async (shopper, sku) => shopper.post('/v1/orders', { lines: one(sku), ttlSeconds: 1 }),
  async (shopper, sku) => {
    const { order } = (await shopper.post<OrderReply>('/v1/orders', { lines: one(sku) })).body
    await shopper.post(`/v1/orders/${order.id}:cancel`)
  },
  async (shopper, sku) => {
    const { order } = (await checkOut(shopper, (await reserved(shopper, one(sku))).id)).body
    await shopper.post(`/v1/orders/${order.id}:cancel`)
  },
  async (shopper, sku) => {
    const { id } = await reserved(shopper, one(sku), { ttlSeconds: 1 })
    await Promise.all([checkOut(shopper, id), shopper.post(`/v1/reservations/${id}:cancel`), statusOf(shopper, id)])
  },
]
