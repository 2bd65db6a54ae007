import { type OrderReply, type ReservationReply, waitFor } from '@holdfast/testing'

import { checkOut, countStatuses, one, openShop, reserve, reserved, type Shop, type Shopper, statusOf, times } from './shop'

let shop: Shop
let shopper: Shopper
/** Begun first, and looked at when it is over: the others go on meanwhile. */
let slow: { made: ReservationReply['reservation']; paying: ReturnType<typeof checkOut> } | undefined
beforeAll(async () => {
  // The provider's slow card takes its 20 s; only a crashed driver is given up sooner than in life.
  shop = await openShop({ envFor: { order: { PAYMENT_LEASE_MS: '5000' } } })
  shopper = await shop.shopper()
})
afterAll(async () => shop.close())
afterEach(async () => shop.expectBalanced())

const order = async (id: string) => (await shopper.get<OrderReply>(`/v1/orders/${id}`)).body.order

test('during a 20 s payment a cancel is PAYMENT_IN_PROGRESS, and others reserve the same SKU meanwhile', async () => {
  const sku = await shop.product(20)
  const made = await reserved(shopper, one(sku), { ttlSeconds: 2 })
  const paying = checkOut(shopper, made.id, 'tok_slow')
  const inProgress = async () => {
    const { orders } = (await shopper.get<{ orders: OrderReply['order'][] }>('/v1/orders')).body
    return orders.find(({ reservationId, paymentStatus }) => reservationId === made.id && paymentStatus === 'IN_PROGRESS')
  }
  const open = await waitFor(inProgress, { what: 'the payment to be under way' })
  await waitFor(async () => (await shopper.post(`/v1/reservations/${made.id}:cancel`)).status === 409, {
    what: 'the protection',
  })
  expect(await shopper.post(`/v1/orders/${open.id}:cancel`)).toMatchObject({ status: 409, body: { code: 'PAYMENT_IN_PROGRESS' } })
  expect(await shopper.post(`/v1/reservations/${made.id}:cancel`)).toMatchObject({
    status: 409,
    body: { code: 'PAYMENT_IN_PROGRESS' },
  })
  const others = await times(10, async () => reserve(shopper, one(sku)))
  expect(countStatuses(others)).toEqual({ 201: 10 })
  // The payment is still under way: nobody waited for it.
  expect((await order(open.id)).paymentStatus).toBe('IN_PROGRESS')
  slow = { made, paying }
})

test('a reservation becomes an order at the prices of its time, and a second checkout is a replay of it', async () => {
  const sku = await shop.product(5, 1_999)
  const { id } = await reserved(shopper, one(sku, 2))
  await shop.admin.patch(`/v1/products/${sku}`, { price: { currency: 'USD', amountMinor: '99999' } })
  const first = await checkOut(shopper, id)
  expect(first).toMatchObject({
    status: 200,
    body: {
      replayed: false,
      order: {
        reservationId: id,
        status: 'CONFIRMED',
        paymentStatus: 'SUCCEEDED',
        total: { currency: 'USD', amountMinor: '3998' },
      },
    },
  })
  const second = await checkOut(shopper, id)
  expect(second).toMatchObject({ status: 200, body: { replayed: true, order: { id: first.body.order.id } } })
  expect(await shop.available(sku)).toEqual({ onHand: 3, reserved: 0, available: 3 })
  expect(await statusOf(shopper, id)).toBe('COMMITTED')
})

test('20 concurrent checkouts of one reservation make one order', async () => {
  const sku = await shop.product(5)
  const { id } = await reserved(shopper, one(sku))
  const replies = await times(20, async () => checkOut(shopper, id))
  expect(countStatuses(replies)).toEqual({ 200: 20 })
  expect(new Set(replies.map(({ body }) => body.order.id)).size).toBe(1)
  expect(replies.filter(({ body }) => !body.replayed)).toHaveLength(1)
  expect(await shop.available(sku)).toEqual({ onHand: 4, reserved: 0, available: 4 })
})

test('a declined card, then a good one: one order, and no stock lost in between', async () => {
  const sku = await shop.product(1)
  const { id } = await reserved(shopper, one(sku))
  expect(await checkOut(shopper, id, 'tok_declined')).toMatchObject({ status: 402, body: { code: 'PAYMENT_DECLINED' } })
  expect(await shop.available(sku)).toEqual({ onHand: 1, reserved: 1, available: 0 })
  expect(await statusOf(shopper, id)).toBe('ACTIVE')
  const paid = await checkOut(shopper, id, 'tok_ok')
  expect(paid.body.order).toMatchObject({ status: 'CONFIRMED', paymentStatus: 'SUCCEEDED' })
  const { orders } = (await shopper.get<{ orders: { reservationId: string }[] }>('/v1/orders')).body
  expect(orders.filter(({ reservationId }) => reservationId === id)).toHaveLength(1)
})

test('a confirmed order is cancelled: its units come back and the payment is refunded', async () => {
  const sku = await shop.product(4)
  const { id } = await reserved(shopper, one(sku, 3))
  const { body } = await checkOut(shopper, id)
  expect(await shopper.post(`/v1/orders/${body.order.id}:cancel`)).toMatchObject({
    status: 200,
    body: { order: { status: 'CANCELLED' } },
  })
  await waitFor(async () => (await order(body.order.id)).paymentStatus === 'REFUNDED', { what: 'the refund' })
  expect(await shop.available(sku)).toEqual({ onHand: 4, reserved: 0, available: 4 })
  expect(await shopper.post(`/v1/orders/${body.order.id}:cancel`)).toMatchObject({ status: 200, body: { replayed: true } })
})

test('an order goes along its statuses, and every other step is refused', async () => {
  const sku = await shop.product(1)
  const { id } = await reserved(shopper, one(sku))
  const { body } = await checkOut(shopper, id)
  const move = async (status: string) =>
    (await shop.admin.post<{ code?: string }>(`/v1/orders/${body.order.id}:transition`, { status })).status
  expect([await move('DELIVERED'), await move('PROCESSING'), await move('PROCESSING'), await move('SHIPPED')]).toEqual([
    409, 200, 200, 200,
  ])
  expect(await shopper.post(`/v1/orders/${body.order.id}:cancel`)).toMatchObject({
    status: 409,
    body: { code: 'ILLEGAL_TRANSITION' },
  })
  expect([await move('PROCESSING'), await move('DELIVERED'), await move('CANCELLED')]).toEqual([409, 200, 409])
})

test('a placed order is confirmed by paying it, and the same key places it once', async () => {
  const sku = await shop.product(3)
  const replies = await times(10, async () =>
    shopper.post<OrderReply>('/v1/orders', { lines: one(sku, 2), clientToken: `place-${sku}` }),
  )
  expect(countStatuses(replies)).toEqual({ 200: 9, 201: 1 })
  const [first] = replies
  expect(first?.body.order).toMatchObject({ status: 'PENDING', total: { amountMinor: '2000' } })
  expect(await shop.available(sku)).toEqual({ onHand: 3, reserved: 2, available: 1 })
  const id = first?.body.order.id
  expect(await shopper.post(`/v1/orders/${id}:confirm`, {})).toMatchObject({
    status: 200,
    body: { order: { status: 'CONFIRMED' } },
  })
  const refused = await shopper.post('/v1/orders', { lines: one(sku, 2) })
  expect(refused).toMatchObject({ status: 409, body: { code: 'INSUFFICIENT_STOCK' } })
})

test('the 20 s payment is made in the end, and its hold has outlived its 2 s', async () => {
  expect(await slow?.paying).toMatchObject({ status: 200, body: { order: { status: 'CONFIRMED' } } })
  expect(Date.now()).toBeGreaterThan(Date.parse(slow?.made.expiresAt ?? ''))
})

test('the order service killed while a payment is under way: it is finished or voided once, by whoever comes next', async () => {
  const sku = await shop.product(3)
  const { id } = await reserved(shopper, one(sku))
  const paying = checkOut(shopper, id, 'tok_slow').catch(() => undefined)
  const find = async () => {
    const { orders } = (await shopper.get<{ orders: OrderReply['order'][] }>('/v1/orders')).body
    return orders.find(({ reservationId, paymentStatus }) => reservationId === id && paymentStatus === 'IN_PROGRESS')
  }
  const open = await waitFor(find, { what: 'the payment to be under way' })
  await shop.system.kill('order', 'SIGKILL')
  await shop.system.restart('order')
  await paying
  await waitFor(async () => (await order(open.id)).paymentStatus !== 'IN_PROGRESS', {
    what: 'the recovery worker',
    timeoutMs: 30_000,
  })
  const ended = await order(open.id)
  const level = await shop.available(sku)
  if (ended.status === 'CONFIRMED') {
    expect(ended.paymentStatus).toBe('SUCCEEDED')
    expect(level).toEqual({ onHand: 2, reserved: 0, available: 2 })
  } else {
    expect(level.onHand).toBe(3)
    expect((await checkOut(shopper, id, 'tok_ok')).body.order).toMatchObject({ id: open.id, status: 'CONFIRMED' })
  }
})
