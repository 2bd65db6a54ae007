/** Parts of a reservation over HTTP: other quantities, some units given back, and payments that are for what they were priced from. */
import type { OrderReply, ProblemReply, ReservationReply } from '@holdfast/testing'
import { waitFor } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'

import { checkOut, countStatuses, one, openShop, reserve, reserved, type Shop, type Shopper, statusOf, times } from './shop'

let shop: Shop
let shopper: Shopper
beforeAll(async () => {
  shop = await openShop({
    faults: true,
    env: { RESERVATION_TTL_MAX: '900' },
  })
  shopper = await shop.shopper()
})
afterAll(async () => shop.close())
afterEach(async () => shop.expectBalanced())

type Reply = ReservationReply & ProblemReply

const change = async (id: string, lines: unknown, more: { key?: string; match?: string } = {}, who: Shopper = shopper) =>
  who.post<Reply>(
    `/v1/reservations/${id}:change`,
    { lines },
    { idempotencyKey: more.key, ...(more.match !== undefined && { headers: { 'if-match': more.match } }) },
  )
const release = async (id: string, lines: unknown, key?: string, who: Shopper = shopper) =>
  who.post<Reply>(`/v1/reservations/${id}:release`, { lines }, { idempotencyKey: key })
const read = async (id: string) => (await shopper.get<ReservationReply>(`/v1/reservations/${id}`)).body.reservation
const unitsOf = ({ lines }: { lines: { sku: string; quantity: number }[] }) => lines.map(({ sku, quantity }) => [sku, quantity])

describe('change', () => {
  test('quantities change in place, and the books add up when it is bought', async () => {
    const [a, b] = [await shop.product(5, 1_000), await shop.product(5, 300)]
    const { id, expiresAt } = await reserved(shopper, [...one(a, 2), ...one(b, 1)])
    const { status, body } = await change(id, [...one(a, 3), ...one(b, 0)])
    expect([status, body.replayed]).toEqual([200, false])
    expect(body.reservation).toMatchObject({
      status: 'ACTIVE',
      version: 2,
      linesVersion: 2,
      expiresAt,
      lines: [{ sku: a, quantity: 3 }],
    })
    expect(await read(id)).toEqual(body.reservation)
    expect(await shop.available(b)).toMatchObject({ reserved: 0 })
    const { order } = (await checkOut(shopper, id)).body
    expect(order).toMatchObject({ status: 'CONFIRMED', total: { amountMinor: '3000' }, lines: [{ sku: a, quantity: 3 }] })
    expect(await shop.available(a)).toEqual({ onHand: 2, reserved: 0, available: 2 })
  })

  test('a raise that does not fit leaves the reservation as it was', async () => {
    const sku = await shop.product(3)
    const { id } = await reserved(shopper, one(sku, 2))
    const { status, body } = await change(id, one(sku, 4))
    expect([status, body.code]).toEqual([409, 'INSUFFICIENT_STOCK'])
    expect(body.errors?.[0]?.field).toBe('lines[0].sku')
    expect(await read(id)).toMatchObject({ version: 1, lines: [{ quantity: 2 }] })
    expect((await change(id, one(sku, 3))).status).toBe(200)
  })

  test('twenty times with one key is one change; the key with other content is refused', async () => {
    const sku = await shop.product(100)
    const { id } = await reserved(shopper, one(sku, 2))
    const key = randomUUID()
    const replies = await times(20, async () => change(id, one(sku, 7), { key }))
    expect(countStatuses(replies)).toEqual({ 200: 20 })
    expect(replies.filter(({ body }) => !body.replayed)).toHaveLength(1)
    expect((await change(id, one(sku, 8), { key })).body.code).toBe('IDEMPOTENCY_KEY_REUSED')
    expect(await read(id)).toMatchObject({ version: 2, lines: [{ quantity: 7 }] })
  })

  test('it can be bound to the version that was seen', async () => {
    const sku = await shop.product(9)
    const { id } = await reserved(shopper, one(sku, 2))
    expect((await change(id, one(sku, 3), { match: '"2"' })).status).toBe(412)
    expect((await change(id, one(sku, 3), { match: '"1"' })).status).toBe(200)
    expect((await change(id, one(sku, 4), { match: '"1"' })).status).toBe(412)
    expect(unitsOf(await read(id))).toEqual([[sku, 3]])
  })

  test('bound to a version it needs no key: a repeat after it was cut off is told that it was done, also when others went on', async () => {
    const sku = await shop.product(9)
    const { id } = await reserved(shopper, one(sku, 2))
    shop.system.faults.arm('reservation', 'reservation.changed', 'fail')
    expect((await change(id, one(sku, 3), { match: '"1"' })).status).toBe(500)
    const replays = await times(5, async () => change(id, one(sku, 3), { match: '"1"' }))
    for (const { status, body } of replays) expect([status, body.replayed]).toEqual([200, true])
    expect((await change(id, one(sku, 5), { match: '"2"' })).body).toMatchObject({ replayed: false, reservation: { version: 3 } })
    const { status, body } = await change(id, one(sku, 3), { match: '"1"' })
    expect([status, body.replayed, unitsOf(body.reservation)]).toEqual([200, true, [[sku, 5]]])
    expect((await change(id, one(sku, 3), { match: '"2"' })).status).toBe(412)
  })

  test('what was done for a seen version is answered again, though the record has gone on since', async () => {
    const sku = await shop.product(9)
    const { id } = await reserved(shopper, one(sku, 2))
    const key = randomUUID()
    shop.system.faults.arm('reservation', 'reservation.changed', 'fail')
    expect((await change(id, one(sku, 5), { key, match: '"1"' })).status).toBe(500)
    await shopper.post(`/v1/reservations/${id}:extend`, { ttlSeconds: 800 })
    const { status, body } = await change(id, one(sku, 5), { key, match: '"1"' })
    expect([status, body.replayed]).toEqual([200, true])
    expect((await change(id, one(sku, 6), { key: randomUUID(), match: '"1"' })).status).toBe(412)
    expect(unitsOf(await read(id))).toEqual([[sku, 5]])
  })

  test('a reservation with other lines is not the answer to a request for those that it was made with', async () => {
    const sku = await shop.product(20)
    const ask = async () => (await reserve(shopper, one(sku, 2), { reuseActive: true })).body.reservation.id
    const first = await ask()
    expect(await ask()).toBe(first)
    await change(first, one(sku, 1))
    const second = await ask()
    expect(second).not.toBe(first)
    expect(await ask()).toBe(second)
    await change(second, one(sku, 5))
    expect([first, second]).not.toContain(await ask())
  })

  test("another's looks absent, and bad input is named", async () => {
    const sku = await shop.product(5)
    const { id } = await reserved(shopper, one(sku, 2))
    const stranger = await shop.shopper()
    expect((await change(id, one(sku, 1), {}, stranger)).status).toBe(404)
    expect((await release(id, one(sku, 1), undefined, stranger)).status).toBe(404)
    const field = async (reply: Promise<{ status: number; body: ProblemReply }>) => {
      const { status, body } = await reply
      return [status, body.errors?.[0]?.field]
    }
    expect(await field(change(id, []))).toEqual([400, 'lines'])
    expect(await field(change(id, [{ sku }]))).toEqual([400, 'lines[0].quantity'])
    expect(await field(change(id, one(sku, -1)))).toEqual([400, 'lines[0].quantity'])
    expect(await field(change(id, [...one(sku, 1), ...one(sku, 2)]))).toEqual([400, 'lines'])
    expect(await field(change(id, [...one(sku, 1), { sku, quantity: 1, warehouse: 'MAIN' }]))).toEqual([400, 'lines[1].sku'])
    expect(await field(release(id, one(sku, 0)))).toEqual([400, 'lines[0].quantity'])
    expect(await field(release(id, one(sku, 3)))).toEqual([400, 'lines[0].quantity'])
    expect(await field(change(id, one('NO-SUCH-THING', 1)))).toEqual([404, 'lines[0].sku'])
    expect(await read(id)).toMatchObject({ version: 1 })
  })

  test('what was missed because the service died in between comes with any later answer', async () => {
    const sku = await shop.product(9)
    const { id } = await reserved(shopper, one(sku, 2))
    shop.system.faults.arm('reservation', 'reservation.changed', 'fail')
    expect((await change(id, one(sku, 5))).status).toBe(500)
    expect(await read(id)).toMatchObject({ linesVersion: 1, lines: [{ quantity: 2 }] })
    const { body } = await shopper.post<ReservationReply>(`/v1/reservations/${id}:extend`, { ttlSeconds: 800 })
    expect(body.reservation).toMatchObject({ linesVersion: 2, lines: [{ quantity: 5 }] })
    const short = await reserved(shopper, one(sku, 1), { ttlSeconds: 5 })
    shop.system.faults.arm('reservation', 'reservation.changed', 'fail')
    expect((await change(short.id, one(sku, 3))).status).toBe(500)
    const expired = async () => {
      const { status, lines } = await read(short.id)
      return status === 'EXPIRED' && lines[0]?.quantity === 3
    }
    await waitFor(expired, { what: 'its end, with the lines that it had', timeoutMs: 30_000 })
  })

  test('it races with cancel, checkout and other changes, and nothing is lost or sold twice', async () => {
    const sku = await shop.product(200)
    const all = await times(6, async () => reserved(shopper, one(sku, 5)))
    const ends = [
      async (id: string) => checkOut(shopper, id),
      async (id: string) => shopper.post(`/v1/reservations/${id}:cancel`),
      async (id: string) => release(id, one(sku, 1)),
    ]
    await Promise.all(
      all.flatMap(({ id }, index) => [
        change(id, one(sku, 7)),
        ends[index % 3]?.(id),
        change(id, one(sku, 2)),
        release(id, one(sku, 1)),
      ]),
    )
    const states = await Promise.all(all.map(async ({ id }) => read(id)))
    const { body } = await shopper.get<{ orders: OrderReply['order'][] }>('/v1/orders?status=CONFIRMED&pageSize=200')
    const sold = body.orders.filter(({ lines }) => lines[0]?.sku === sku)
    // What was paid is what was sold.
    for (const { reservationId, lines } of sold) {
      expect(lines).toEqual(states.find(({ id }) => id === reservationId)?.lines)
    }
    const sum = (list: { lines: { quantity: number }[] }[]) =>
      list.flatMap(({ lines }) => lines).reduce((units, { quantity }) => units + quantity, 0)
    const held = states.filter(({ status }) => status === 'ACTIVE')
    expect(await shop.available(sku)).toEqual({
      onHand: 200 - sum(sold),
      reserved: sum(held),
      available: 200 - sum(sold) - sum(held),
    })
  })
})

describe('release', () => {
  test('gives some units back, once for a key; all of them is a cancel', async () => {
    const sku = await shop.product(9)
    const { id } = await reserved(shopper, one(sku, 5))
    const key = randomUUID()
    expect((await release(id, one(sku, 2), key)).body).toMatchObject({
      replayed: false,
      reservation: { lines: [{ quantity: 3 }] },
    })
    expect((await release(id, one(sku, 2), key)).body).toMatchObject({
      replayed: true,
      reservation: { lines: [{ quantity: 3 }] },
    })
    expect(await shop.available(sku)).toMatchObject({ reserved: 3 })
    const last = randomUUID()
    expect((await release(id, one(sku, 3), last)).body.reservation).toMatchObject({ status: 'CANCELLED' })
    expect((await release(id, one(sku, 3), last)).body).toMatchObject({ replayed: true, reservation: { status: 'CANCELLED' } })
    expect((await release(id, one(sku, 1))).body.code).toBe('RESERVATION_NOT_ACTIVE')
    expect(await shop.available(sku)).toEqual({ onHand: 9, reserved: 0, available: 9 })
  })
})

describe('checkout of a part', () => {
  const checkOutPart = async (id: string, lines: unknown, more: { key?: string; token?: string } = {}, who: Shopper = shopper) =>
    who.post<OrderReply & ProblemReply>(
      '/v1/checkout',
      { reservationId: id, lines, ...(more.token !== undefined && { paymentToken: more.token }) },
      { idempotencyKey: more.key },
    )

  test('pays for the part and keeps the rest; twice the same is a replay, with a key and without one', async () => {
    const sku = await shop.product(10, 1_000)
    const { id, expiresAt } = await reserved(shopper, one(sku, 5))
    const first = await checkOutPart(id, one(sku, 2))
    expect([first.status, first.body.replayed]).toEqual([200, false])
    expect(first.body.order).toMatchObject({ status: 'CONFIRMED', total: { amountMinor: '2000' }, lines: [{ quantity: 2 }] })
    expect(await read(first.body.order.reservationId)).toMatchObject({ status: 'COMMITTED', parentId: id, expiresAt })
    expect(await read(id)).toMatchObject({ status: 'ACTIVE', expiresAt, linesVersion: 2, lines: [{ quantity: 3 }] })
    expect((await checkOutPart(id, one(sku, 2))).body).toMatchObject({ replayed: true, order: { id: first.body.order.id } })
    const key = randomUUID()
    const second = await checkOutPart(id, one(sku, 2), { key })
    expect(second.body.order.id).not.toBe(first.body.order.id)
    expect((await checkOutPart(id, one(sku, 2), { key })).body).toMatchObject({
      replayed: true,
      order: { id: second.body.order.id },
    })
    expect((await checkOutPart(id, one(sku, 1), { key })).body.code).toBe('IDEMPOTENCY_KEY_REUSED')
    const tooMany = await checkOutPart(id, one(sku, 2), { key: randomUUID() })
    expect([tooMany.status, tooMany.body.errors?.[0]?.field]).toEqual([400, 'lines[0].quantity'])
    // What is left as a whole is an ordinary checkout.
    const last = await checkOutPart(id, one(sku, 1))
    expect(last.body.order).toMatchObject({ reservationId: id, status: 'CONFIRMED' })
    expect((await checkOutPart(id, one(sku, 1))).body).toMatchObject({ replayed: true, order: { id: last.body.order.id } })
    expect(await shop.available(sku)).toEqual({ onHand: 5, reserved: 0, available: 5 })
    const { body } = await shop.admin.get<{ movements: { kind: string; delta: number }[] }>(`/v1/products/${sku}/stock/history`)
    expect(body.movements.map(({ kind, delta }) => [kind, delta])).toEqual([
      ['SALE', -1],
      ['SALE', -2],
      ['SALE', -2],
      ['OPENING', 10],
    ])
  })

  test('a part that is declined stays a reservation of its own, and is paid by a repeat with another token', async () => {
    const sku = await shop.product(10, 1_000)
    const { id, createdAt } = await reserved(shopper, one(sku, 5))
    expect((await checkOutPart(id, one(sku, 2), { token: 'tok_declined' })).status).toBe(402)
    expect(await shop.available(sku)).toMatchObject({ reserved: 5 })
    const { order } = (await checkOutPart(id, one(sku, 2), { token: 'tok_ok' })).body
    expect(order).toMatchObject({ status: 'CONFIRMED', lines: [{ quantity: 2 }] })
    expect(await shop.available(sku)).toMatchObject({ onHand: 8, reserved: 3 })
    // Its lifetime is counted from when its units were reserved.
    expect((await checkOutPart(id, one(sku, 1), { token: 'tok_declined' })).status).toBe(402)
    const { body } = await shopper.get<{ reservations: ReservationReply['reservation'][] }>('/v1/reservations')
    const part = body.reservations.find((one) => one.parentId === id && one.status === 'ACTIVE')
    const until = new Date(Date.parse(createdAt) + 900_001).toISOString()
    expect((await shopper.post(`/v1/reservations/${part?.id}:extend`, { expiresAt: until })).status).toBe(400)
  })

  test('without a key, too, a part that ended unpaid is followed by another, which is paid once', async () => {
    const sku = await shop.product(10, 1_000)
    const { id } = await reserved(shopper, one(sku, 5))
    const orderOfPart = async (status: string) => {
      const { orders } = (await shopper.get<{ orders: OrderReply['order'][] }>(`/v1/orders?status=${status}&pageSize=200`)).body
      return orders.find(({ lines }) => lines[0]?.sku === sku)
    }
    // One is given up with its order, one by itself.
    expect((await checkOutPart(id, one(sku, 1), { token: 'tok_declined' })).status).toBe(402)
    expect((await shopper.post(`/v1/orders/${(await orderOfPart('PENDING'))?.id}:cancel`)).status).toBe(200)
    expect((await checkOutPart(id, one(sku, 1), { token: 'tok_declined' })).status).toBe(402)
    const second = (await orderOfPart('PENDING'))?.reservationId
    expect((await shopper.post(`/v1/reservations/${second}:cancel`)).status).toBe(200)
    expect(await read(id)).toMatchObject({ status: 'ACTIVE', lines: [{ quantity: 3 }] })
    const replies = await times(5, async () => checkOutPart(id, one(sku, 1), { token: 'tok_ok' }))
    expect(countStatuses(replies)).toEqual({ 200: 5 })
    expect(new Set(replies.map(({ body }) => body.order.id)).size).toBe(1)
    expect((await checkOutPart(id, one(sku, 1))).body).toMatchObject({ replayed: true, order: { id: replies[0]?.body.order.id } })
    expect(await read(id)).toMatchObject({ status: 'ACTIVE', lines: [{ quantity: 2 }] })
    expect(await shop.available(sku)).toEqual({ onHand: 9, reserved: 2, available: 7 })
  })

  test('without a key, a part that lapsed while the whole went on is followed by another', async () => {
    const sku = await shop.product(10, 1_000)
    const { id } = await reserved(shopper, one(sku, 3), { ttlSeconds: 5 })
    expect((await checkOutPart(id, one(sku, 1), { token: 'tok_declined' })).status).toBe(402)
    expect((await shopper.post(`/v1/reservations/${id}:extend`, { ttlSeconds: 600 })).status).toBe(200)
    const paid = async () => {
      const { status, body } = await checkOutPart(id, one(sku, 1), { token: 'tok_declined' })
      // The first part is there and is declined again, until it is over and there is a second.
      expect([402, 409]).toContain(status)
      return (await read(id)).lines[0]?.quantity === 1 && body
    }
    await waitFor(paid, { what: 'the second part' })
    expect((await checkOutPart(id, one(sku, 1), { token: 'tok_ok' })).body.order).toMatchObject({ status: 'CONFIRMED' })
    expect((await read(id)).lines).toMatchObject([{ quantity: 1 }])
  })

  test('without a key, a part whose units went back before it was a reservation is followed by another', async () => {
    const sku = await shop.product(10, 1_000)
    const { id } = await reserved(shopper, one(sku, 3))
    shop.system.faults.arm('reservation', 'reservation.split', 'fail')
    expect((await checkOutPart(id, one(sku, 1))).status).toBe(500)
    await shop.system.restart('reservation', { ORPHAN_MIN_AGE_MS: '100' })
    const back = async () => (await shop.available(sku)).reserved === 2
    await waitFor(back, { what: 'the orphan to be given back' })
    await shop.system.restart('reservation', { ORPHAN_MIN_AGE_MS: '30000' })
    const paid = await waitFor(
      async () => {
        const reply = await checkOutPart(id, one(sku, 1))
        return reply.status < 500 && reply
      },
      { what: 'an answer' },
    )
    expect([paid.status, paid.body.order?.status]).toEqual([200, 'CONFIRMED'])
    expect((await read(id)).lines).toMatchObject([{ quantity: 1 }])
  })

  test.each([
    ['with a key', randomUUID()],
    ['without one', undefined],
  ])('a repeat %s of what was cut off pays for the part that was made, and never takes the rest for it', async (_, key) => {
    const sku = await shop.product(10, 1_000)
    const { id } = await reserved(shopper, one(sku, 2))
    shop.system.faults.arm('reservation', 'reservation.split', 'fail')
    expect((await checkOutPart(id, one(sku, 1), { key })).status).toBe(500)
    // The rest is all that the record knows of now.
    const { body } = await shopper.post<ReservationReply>(`/v1/reservations/${id}:extend`, { ttlSeconds: 800 })
    expect(body.reservation).toMatchObject({ linesVersion: 2, lines: [{ quantity: 1 }] })
    const { order } = (await checkOutPart(id, one(sku, 1), { key })).body
    expect(order).toMatchObject({ status: 'CONFIRMED', lines: [{ quantity: 1 }] })
    expect(order.reservationId).not.toBe(id)
    expect(await read(id)).toMatchObject({ status: 'ACTIVE', lines: [{ quantity: 1 }] })
  })

  test('of another is absent, and of a payment under way waits', async () => {
    const sku = await shop.product(10, 1_000)
    const { id } = await reserved(shopper, one(sku, 5))
    expect((await checkOutPart(id, one(sku, 2), {}, await shop.shopper())).status).toBe(404)
    expect((await checkOutPart(id, one(sku, 0))).status).toBe(400)
    shop.system.faults.arm('order', 'payment.authorized', 'hang')
    const paying = checkOut(shopper, id)
    await waitFor(() => shop.system.faults.hasStruck('order', 'payment.authorized'), { what: 'the payment to be under way' })
    expect((await checkOutPart(id, one(sku, 2))).body.code).toBe('PAYMENT_IN_PROGRESS')
    shop.system.faults.disarm('order', 'payment.authorized')
    expect((await paying).status).toBe(200)
    expect((await checkOutPart(id, one(sku, 2))).body.code).toBe('RESERVATION_NOT_ACTIVE')
  })

  test('many parts at once, changes and cancels beside them: every unit is sold, held or free once', async () => {
    const sku = await shop.product(100, 1_000)
    const all = await times(4, async () => reserved(shopper, one(sku, 6)))
    const replies = await Promise.all(
      all.flatMap(({ id }, index) => [
        checkOutPart(id, one(sku, 2), { key: randomUUID() }),
        checkOutPart(id, one(sku, 2), { key: randomUUID() }),
        checkOutPart(id, one(sku, 3)),
        checkOutPart(id, one(sku, 3)),
        index % 2 === 0 ? change(id, one(sku, 4)) : shopper.post(`/v1/reservations/${id}:cancel`),
      ]),
    )
    expect(replies.every(({ status }) => status < 500)).toBe(true)
    const { body } = await shopper.get<{ orders: OrderReply['order'][] }>('/v1/orders?status=CONFIRMED&pageSize=200')
    const sold = body.orders.flatMap(({ lines }) => lines).filter((line) => line.sku === sku)
    const units = sold.reduce((sum, { quantity }) => sum + quantity, 0)
    const { onHand, reserved: held, available } = await shop.available(sku)
    expect([onHand, available]).toEqual([100 - units, 100 - units - held])
  })
})

describe('time', () => {
  test('an extension is bounded by the longest lifetime after it was made, also for a reservation that has changed', async () => {
    const sku = await shop.product(9)
    const { id, createdAt } = await reserved(shopper, one(sku, 2))
    await change(id, one(sku, 3))
    const last = new Date(Date.parse(createdAt) + 900_000)
    const extend = async (expiresAt: Date) =>
      (await shopper.post(`/v1/reservations/${id}:extend`, { expiresAt: expiresAt.toISOString() })).status
    expect(await extend(new Date(last.getTime() + 1))).toBe(400)
    expect(await extend(last)).toBe(200)
  })
})

describe('payment', () => {
  test('while a payment is under way the lines stay; after it was declined they may change, and the next pays for those', async () => {
    const sku = await shop.product(9, 1_000)
    const { id } = await reserved(shopper, one(sku, 2))
    shop.system.faults.arm('order', 'payment.authorized', 'hang')
    const paying = checkOut(shopper, id, 'tok_declined')
    await waitFor(() => shop.system.faults.hasStruck('order', 'payment.authorized'), { what: 'the payment to be under way' })
    expect((await change(id, one(sku, 3))).body.code).toBe('PAYMENT_IN_PROGRESS')
    expect((await release(id, one(sku, 1))).body.code).toBe('PAYMENT_IN_PROGRESS')
    shop.system.faults.disarm('order', 'payment.authorized')
    expect((await paying).status).toBe(402)
    expect((await change(id, one(sku, 3))).status).toBe(200)
    const { order } = (await checkOut(shopper, id)).body
    expect(order).toMatchObject({ status: 'CONFIRMED', total: { amountMinor: '3000' }, lines: [{ quantity: 3 }] })
  })

  test('a change that the reservation missed is paid for by the second attempt at the latest', async () => {
    const sku = await shop.product(9, 1_000)
    const { id } = await reserved(shopper, one(sku, 2))
    shop.system.faults.arm('reservation', 'reservation.changed', 'fail')
    expect((await change(id, one(sku, 4))).status).toBe(500)
    const first = await shopper.post<OrderReply & ProblemReply>('/v1/checkout', { reservationId: id })
    expect([first.status, first.body.code]).toEqual([409, 'CONFLICT'])
    expect((await checkOut(shopper, id)).body.order).toMatchObject({ status: 'CONFIRMED', total: { amountMinor: '4000' } })
    expect(await shop.available(sku)).toMatchObject({ onHand: 5, reserved: 0 })
  })

  test('a placed order is priced again when its reservation has changed', async () => {
    const sku = await shop.product(9, 1_000)
    const { order } = (await shopper.post<OrderReply>('/v1/orders', { lines: one(sku, 2) })).body
    await release(order.reservationId, one(sku, 1))
    const { body } = await shopper.post<OrderReply>(`/v1/orders/${order.id}:confirm`, {})
    expect(body.order).toMatchObject({ status: 'CONFIRMED', total: { amountMinor: '1000' }, lines: [{ quantity: 1 }] })
    expect(await shop.available(sku)).toMatchObject({ onHand: 8, reserved: 0 })
  })

  test('what changes between the price and the protection is not paid, and the next attempt pays for what is there', async () => {
    const sku = await shop.product(9, 1_000)
    const { id } = await reserved(shopper, one(sku, 2))
    shop.system.faults.arm('order', 'order.pending', 'hang')
    const paying = checkOut(shopper, id)
    await waitFor(() => shop.system.faults.hasStruck('order', 'order.pending'), { what: 'the order to be priced' })
    expect((await change(id, one(sku, 5))).status).toBe(200)
    shop.system.faults.disarm('order', 'order.pending')
    const refused = await paying
    // Whoever drives it by now: its own driver finds other lines, and the recovery gives it up.
    expect([refused.status, await statusOf(shopper, id)]).toEqual([409, 'ACTIVE'])
    const { order } = (await checkOut(shopper, id)).body
    expect(order).toMatchObject({ status: 'CONFIRMED', total: { amountMinor: '5000' } })
    expect(await shop.available(sku)).toMatchObject({ onHand: 4, reserved: 0 })
  })
})
