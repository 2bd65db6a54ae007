/** Payments that are decided by a signed callback, over HTTP and the whole way round, with two order services. */
import { randomUUID } from 'node:crypto'

import { type OrderReply, type ReservationReply, waitFor } from '@holdfast/testing'

import { expectAtRest, paymentsOf } from './books'
import { callBack, changeAtProvider, ofOrders, paymentIds, post, type Signed, signed } from './payment-provider'
import { checkOut, countStatuses, one, openShop, reserved, type Shop, type Shopper, times } from './shop'

const patience = { timeoutMs: 90_000 }

let shop: Shop
let shopper: Shopper
/** Begun first, and looked at when their time has come: money that is there past the limit, and a provider that does not call. */
let late: Awaited<ReturnType<typeof waiting>>
let never: Awaited<ReturnType<typeof waiting>>
beforeAll(async () => {
  shop = await openShop({
    replicas: 2,
    envFor: {
      order: {
        // The lease is the usual one: were it short, a busy machine's drivers would lose their payments before the provider is asked.
        PAYMENT_CALLBACK_WAIT_MS: '1000',
        PAYMENT_CALLBACK_LOOK_MS: '5000',
        PAYMENT_CALLBACK_LIMIT_MS: '20000',
        SIMULATED_CALLBACK_MS: '200',
        // By itself it does not decide in time: tests do.
        SIMULATED_SLOW_MS: '600000',
      },
    },
  })
  shopper = await shop.shopper()
  ;[late, never] = await Promise.all([waiting('tok_callback_late'), waiting('tok_callback_never')])
})
afterAll(async () => shop.close())

const order = async (id: string) => (await shopper.get<OrderReply>(`/v1/orders/${id}`)).body.order

const untilPaid = async (id: string) =>
  waitFor(async () => (await order(id)).status === 'CONFIRMED', { what: 'the order to be paid', ...patience })

const reservation = async (id: string) => (await shopper.get<ReservationReply>(`/v1/reservations/${id}`)).body.reservation

/** A reservation whose payment waits for a callback. */
async function waiting(paymentToken: string, quantity = 1) {
  const sku = await shop.product(quantity)
  const { id } = await reserved(shopper, one(sku, quantity))
  const { status, body } = await checkOut(shopper, id, paymentToken)
  expect([status, body.order.status, body.order.paymentStatus]).toEqual([200, 'PENDING', 'IN_PROGRESS'])
  const [payment = ''] = await paymentIds(shop, body.order.id)
  return { sku, reservation: id, order: body.order.id, payment }
}

/** The provider decides, and calls back. */
async function authorize(orderId: string): Promise<void> {
  const paymentId = await changeAtProvider(shop, orderId, 'authorized')
  expect(await callBack(shop, { id: `msg-${paymentId}`, paymentId, state: 'authorized' })).toMatchObject({ status: 200 })
}

const kept = async (paymentId: string) =>
  (await ofOrders(shop, 'select from payment_callbacks where attempt_id = $1', [paymentId])).length

const captured = async (orderId: string) => (await paymentsOf(shop, orderId)).map(({ state }) => state)

test.each(['tok_callback', 'tok_callback_twice', 'tok_callback_first'])(
  '%s: the callback pays the order, once',
  async (token) => {
    const sku = await shop.product(2)
    const { id } = await reserved(shopper, one(sku))
    const { status, body } = await checkOut(shopper, id, token)
    expect(status).toBe(200)
    await untilPaid(body.order.id)
    expect(await captured(body.order.id)).toEqual(['captured'])
    expect(await shop.available(sku)).toEqual({ onHand: 1, reserved: 0, available: 1 })
    expect(await checkOut(shopper, id, token)).toMatchObject({
      status: 200,
      body: { replayed: true, order: { id: body.order.id } },
    })
  },
)

test('a callback that takes its time: the order is shown as it is, joined by repeats, and paid in the end', async () => {
  const { reservation: id, order: orderId, sku } = await waiting('tok_callback_slow')
  expect(await checkOut(shopper, id, 'tok_callback_slow')).toMatchObject({
    status: 200,
    body: { replayed: true, order: { id: orderId } },
  })
  expect(await shopper.post(`/v1/orders/${orderId}:cancel`)).toMatchObject({ body: { code: 'PAYMENT_IN_PROGRESS' } })
  expect(await shopper.post(`/v1/reservations/${id}:cancel`)).toMatchObject({ body: { code: 'PAYMENT_IN_PROGRESS' } })
  await authorize(orderId)
  await untilPaid(orderId)
  expect(await captured(orderId)).toEqual(['captured'])
  expect(await shop.available(sku)).toEqual({ onHand: 0, reserved: 0, available: 0 })
})

test('callbacks and checkouts of one reservation at once: one order, one payment, one sale, each time', async () => {
  const rounds = 30
  const sku = await shop.product(rounds)
  const play = async () => {
    const { id } = await reserved(shopper, one(sku))
    const ofReservation = 'select a.id from payment_attempts a join orders o on o.id = a.order_id where o.reservation_id = $1'
    const tell = async (n: number) => {
      const find = async () => (await ofOrders<{ id: string }>(shop, ofReservation, [id]))[0]
      const { id: paymentId } = await waitFor(find, { what: 'the payment', ...patience })
      return callBack(shop, { id: `race-${id}-${n}`, paymentId, state: 'authorized' })
    }
    const [replies, callbacks] = await Promise.all([
      times(3, async () => checkOut(shopper, id, 'tok_callback_first')),
      times(3, async (n) => tell(n % 2)),
    ])
    expect(countStatuses(callbacks)).toEqual({ 200: 3 })
    expect(callbacks.filter(({ replayed }) => !replayed)).toHaveLength(2)
    expect(countStatuses(replies)).toEqual({ 200: 3 })
    return [...new Set(replies.map(({ body }) => body.order.id))]
  }
  const orders = (await times(rounds, play)).flat()
  expect(orders).toHaveLength(rounds)
  for (const id of orders) {
    await untilPaid(id)
    expect(await captured(id)).toEqual(['captured'])
  }
  expect(await shop.available(sku)).toEqual({ onHand: 0, reserved: 0, available: 0 })
  await shop.expectBalanced()
})

test('one message twenty times at once is kept once, and told of once', async () => {
  const { payment, order: orderId } = await waiting('tok_callback_slow')
  const id = `twenty-${payment}`
  const replies = await times(20, async () => callBack(shop, { id, paymentId: payment, state: 'pending' }))
  expect(countStatuses(replies)).toEqual({ 200: 20 })
  expect(replies.filter(({ replayed }) => !replayed)).toHaveLength(1)
  expect(await kept(payment)).toBe(1)
  const told = async () =>
    (await shop.admin.get<{ records: unknown[] }>(`/v1/audit/records?objectId=${payment}`)).body.records.length === 1
  await waitFor(told, { what: 'its audit record', ...patience })
  await authorize(orderId)
})

test('what is not signed, or says nothing, is refused, and nothing is written', async () => {
  const { payment, order: orderId } = await waiting('tok_callback_slow')
  const good = () => signed(shop, { id: `bad-${payment}`, paymentId: payment, state: 'captured' })
  const withHeaders = (headers: Record<string, string>): Signed => ({ ...good(), headers: { ...good().headers, ...headers } })
  const stranger = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
  const message = { id: 'bad', paymentId: payment, state: 'captured' }
  const sixMinutes = 6 * 60_000
  const answers = await Promise.all(
    (
      [
        [{ ...good(), headers: { 'content-type': 'application/json' } }],
        [withHeaders({ 'webhook-signature': 'v1,' })],
        [withHeaders({ 'webhook-id': 'another' })],
        [{ ...good(), body: `${good().body} ` }],
        [signed(shop, message, new Date(), stranger)],
        [signed(shop, message, new Date(Date.now() - sixMinutes))],
        [signed(shop, message, new Date(Date.now() + sixMinutes))],
        [{ ...good(), body: '' }],
        [signed(shop, { ...message, paymentId: randomUUID() })],
        [good(), '/v1/payments/callbacks/stripe'],
        [signed(shop, { ...message, state: 'paid' })],
        [withHeaders({ 'content-type': 'text/plain' })],
        [withHeaders({ 'content-encoding': 'gzip' })],
        [{ ...good(), body: 'x'.repeat(2 ** 16 + 1) }],
        [good(), '/v1/payments/callbacks/simulated?webhookId=mine'],
      ] as [Signed, string?][]
    ).map(async ([what, path]) => post(shop, what, path)),
  )
  expect(answers.map(({ status, code }) => `${status} ${code}`)).toEqual([
    ...Array<string>(8).fill('401 UNAUTHENTICATED'),
    '404 NOT_FOUND',
    '404 NOT_FOUND',
    '400 INVALID_ARGUMENT',
    '415 UNSUPPORTED_MEDIA_TYPE',
    '415 UNSUPPORTED_MEDIA_TYPE',
    '413 PAYLOAD_TOO_LARGE',
    '400 INVALID_ARGUMENT',
  ])
  expect(await kept(payment)).toBe(0)
  expect(await order(orderId)).toMatchObject({ status: 'PENDING', paymentStatus: 'IN_PROGRESS' })
  await authorize(orderId)
  await untilPaid(orderId)
})

test('declined by callback, then paid with another token', async () => {
  const { order: orderId, reservation: id, sku } = await waiting('tok_callback_slow')
  const paymentId = await changeAtProvider(shop, orderId, 'declined')
  await callBack(shop, { id: `msg-${paymentId}`, paymentId, state: 'declined' })
  await waitFor(async () => (await order(orderId)).paymentStatus === 'DECLINED', { what: 'the decline', ...patience })
  expect(await shop.available(sku)).toEqual({ onHand: 1, reserved: 1, available: 0 })
  expect((await checkOut(shopper, id, 'tok_callback')).body.order.id).toBe(orderId)
  await untilPaid(orderId)
  expect((await captured(orderId)).sort()).toEqual(['captured', 'declined'])
})

test('a part of a reservation is paid by callback, and the rest stays reserved', async () => {
  const sku = await shop.product(3)
  const { id } = await reserved(shopper, one(sku, 3))
  const lines = one(sku, 2)
  const pay = async () =>
    shopper.post<OrderReply>('/v1/checkout', { reservationId: id, lines, paymentToken: 'tok_callback_slow' })
  const { body } = await pay()
  expect(body.order).toMatchObject({ status: 'PENDING', paymentStatus: 'IN_PROGRESS', lines: [{ sku, quantity: 2 }] })
  expect((await pay()).body).toMatchObject({ replayed: true, order: { id: body.order.id } })
  await authorize(body.order.id)
  await untilPaid(body.order.id)
  expect(await paymentsOf(shop, body.order.id)).toEqual([{ state: 'captured', amountMinor: 2_000 }])
  expect(await reservation(id)).toMatchObject({ status: 'ACTIVE', lines: [{ sku, quantity: 1 }] })
  expect(await shop.available(sku)).toEqual({ onHand: 1, reserved: 1, available: 0 })
})

test('the order service that began a payment may be gone: whoever is there takes its callback, and the order is paid', async () => {
  const { order: orderId } = await waiting('tok_callback_slow')
  await shop.system.kill('order', 'SIGKILL')
  const [paymentId = ''] = await paymentIds(shop, orderId)
  await changeAtProvider(shop, orderId, 'authorized')
  const message = { id: `msg-${paymentId}`, paymentId, state: 'authorized' }
  // As a provider does: until it is taken.
  const taken = async () => (await callBack(shop, message)).status === 200
  await waitFor(taken, { what: 'the callback to be taken', ...patience })
  await untilPaid(orderId)
  await shop.system.restart('order')
  expect(await captured(orderId)).toEqual(['captured'])
})

test('a provider that never calls back is asked', async () => {
  await untilPaid(never.order)
  expect(await kept(never.payment)).toBe(0)
})

test('money that comes after the limit is given back once, and stale messages after that change nothing', async () => {
  const { payment, order: orderId, reservation: id } = late
  const state = async () => (await captured(orderId))[0]
  await waitFor(async () => (await state()) === 'refunded', { what: 'the money to be back', ...patience })
  for (const stale of ['captured', 'pending']) {
    expect(await callBack(shop, { id: `${stale}-${payment}`, paymentId: payment, state: stale })).toMatchObject({ status: 200 })
  }
  expect(await order(orderId)).toMatchObject({ status: 'PENDING' })
  const paid = await waitFor(
    async () => {
      const reply = await checkOut(shopper, id, 'tok_ok')
      return reply.status === 200 && reply
    },
    { what: 'another payment', ...patience },
  )
  expect(paid.body.order).toMatchObject({ id: orderId, status: 'CONFIRMED' })
  expect((await captured(orderId)).sort()).toEqual(['captured', 'refunded'])
})

test('in the end nothing is under way, and the books balance', async () => {
  await expectAtRest(shop)
})
