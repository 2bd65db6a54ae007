/**
 * kill -9 at every named point: the client repeats its call with its key, and nothing is lost or done twice (truths 4, 5, 7).
 * Only the outside, which no transaction reaches, may hear a thing twice, and knows it by its id.
 */
import type { FaultPoint } from '@holdfast/service'
import {
  type OrderReply,
  type ProblemReply,
  type ReservationReply,
  type ServiceName,
  untilAnswered,
  waitFor,
} from '@holdfast/testing'
import { randomUUID } from 'node:crypto'
import { Client } from 'pg'

import { callBack, changeAtProvider } from './payment-provider'
import { expectAtRest, expectAudited, paymentsOf, readJournal, untilAuditedSoFar } from './books'
import { type MailServer, openMailServer, openReceiver, type Receiver } from './receiver'
import { checkOut, one, openShop, reserved, type Shop, type Shopper, statusOf } from './shop'

const stock = 5
const units = 2
const price = 1_000
const patience = { timeoutMs: 40_000 }

let shop: Shop
let receiver: Receiver
let mailServer: MailServer
beforeAll(async () => {
  receiver = await openReceiver()
  mailServer = await openMailServer()
  shop = await openShop({
    faults: true,
    notifications: true,
    envFor: {
      order: { PAYMENT_LEASE_MS: '1000', PAYMENT_LIMIT_MS: '4000' },
      notification: {
        WEBHOOK_PRIVATE_TARGETS: 'on',
        // What a sender that died had leased is free five seconds after this.
        WEBHOOK_TIMEOUT_MS: '1000',
        SMTP_URL: mailServer.url,
        MAIL_FROM: 'shop@shop.example',
        RESERVATION_REMINDER_SECONDS: '1',
      },
    },
  })
  await receiver.register(shop, ['holdfast.order.confirmed.v1'])
})
afterAll(async () => {
  await shop.close()
  await receiver.close()
  await mailServer.close()
})

/** Looked at in the end, when nothing is under way any more. */
const later: (() => Promise<void>)[] = []

async function audited(objectId: string, actions: string[]): Promise<void> {
  await expectAudited(shop, objectId, actions)
  later.push(async () => expectAudited(shop, objectId, actions))
}

/** What a point's test works with: a shopper and a product of its own. */
interface Stage {
  shopper: Shopper
  sku: string
  /** Does the client's call while the service crashes at the point and is started again; answers what it was told in the end. */
  crashDuring<Reply extends { status: number }>(call: (key: string) => Promise<Reply>): Promise<Reply>
}

interface Scenario {
  service: ServiceName
  play: (stage: Stage) => Promise<void>
}

const lines = ({ sku }: Stage) => one(sku, units)
const place = async ({ shopper, sku }: Stage, idempotencyKey?: string) =>
  shopper.post<OrderReply>('/v1/orders', { lines: one(sku, units) }, { idempotencyKey })

async function reserve(stage: Stage): Promise<void> {
  const { status, body } = await stage.crashDuring(async (idempotencyKey) =>
    stage.shopper.post<ReservationReply>('/v1/reservations', { lines: lines(stage) }, { idempotencyKey }),
  )
  expect([200, 201]).toContain(status)
  expect(body.reservation.status).toBe('ACTIVE')
  expect(await shop.available(stage.sku)).toEqual({ onHand: stock, reserved: units, available: stock - units })
  expect(await reservationsOf(stage.shopper)).toEqual([body.reservation.id])
  await audited(body.reservation.id, ['reservation.created'])
}

/** No other event passes the point in the place of its own. */
async function reserveWhenQuiet(stage: Stage): Promise<void> {
  await untilAuditedSoFar(shop)
  await reserve(stage)
}

async function cancelReservation(stage: Stage): Promise<void> {
  const { id } = await reserved(stage.shopper, lines(stage))
  const { status } = await stage.crashDuring(async (idempotencyKey) =>
    stage.shopper.post(`/v1/reservations/${id}:cancel`, {}, { idempotencyKey }),
  )
  expect(status).toBe(200)
  expect(await statusOf(stage.shopper, id)).toBe('CANCELLED')
  expect(await shop.available(stage.sku)).toEqual({ onHand: stock, reserved: 0, available: stock })
  await audited(id, ['reservation.created', 'reservation.cancelled'])
}

async function changeLines(stage: Stage): Promise<void> {
  const { id } = await reserved(stage.shopper, lines(stage))
  const { status, body } = await stage.crashDuring(async (idempotencyKey) =>
    stage.shopper.post<ReservationReply>(
      `/v1/reservations/${id}:release`,
      { lines: [{ sku: stage.sku, quantity: units - 1 }] },
      { idempotencyKey },
    ),
  )
  expect(status).toBe(200)
  expect(body.reservation).toMatchObject({ status: 'ACTIVE', lines: [{ sku: stage.sku, quantity: 1 }], linesVersion: 2 })
  expect(await shop.available(stage.sku)).toEqual({ onHand: stock, reserved: 1, available: stock - 1 })
  await audited(id, ['reservation.created', 'reservation.changed'])
}

async function payPart(stage: Stage): Promise<void> {
  const { id } = await reserved(stage.shopper, lines(stage))
  const { status, body } = await stage.crashDuring(async (idempotencyKey) =>
    stage.shopper.post<OrderReply>('/v1/checkout', { reservationId: id, lines: one(stage.sku, 1) }, { idempotencyKey }),
  )
  expect([status, body.order?.status]).toEqual([200, 'CONFIRMED'])
  const rest = (await stage.shopper.get<ReservationReply>(`/v1/reservations/${id}`)).body.reservation
  expect(rest).toMatchObject({ status: 'ACTIVE', lines: [{ sku: stage.sku, quantity: units - 1 }] })
  expect(await shop.available(stage.sku)).toEqual({ onHand: stock - 1, reserved: units - 1, available: stock - units })
  await audited(id, ['reservation.created', 'reservation.changed'])
  await audited(body.order.reservationId, ['reservation.created', 'reservation.committed'])
  await audited(body.order.id, ['order.confirmed'])
}

/** @param paymentToken of a payment that is decided at once, or by a callback soon */
async function pay(stage: Stage, paymentToken = ''): Promise<void> {
  const { id } = await reserved(stage.shopper, lines(stage))
  const checkout = async (idempotencyKey: string) =>
    stage.shopper.post<OrderReply>('/v1/checkout', { reservationId: id, paymentToken }, { idempotencyKey })
  const key = randomUUID()
  const first = await stage.crashDuring(async () => checkout(key))
  expect(first.status).toBe(200)
  // It may have been told that the payment is under way; a repeat joins it.
  const settled = async () => {
    const reply = await untilAnswered(async () => checkout(key))
    return reply.body.order?.paymentStatus !== 'IN_PROGRESS' && reply
  }
  const { status, body } = await waitFor(settled, { what: 'the payment to be over', ...patience })
  expect([status, body.order?.status]).toEqual([200, 'CONFIRMED'])
  expect(await shop.available(stage.sku)).toEqual({ onHand: stock - units, reserved: 0, available: stock - units })
  expect(await ordersOf(stage.shopper)).toEqual([body.order.id])
  const payments = await paymentsOf(shop, body.order.id)
  // What was begun and given up has taken no money.
  expect(payments.filter(({ state }) => !['voided', 'absent'].includes(state))).toEqual([
    { state: 'captured', amountMinor: units * price },
  ])
  await audited(id, ['reservation.created', 'reservation.committed'])
  await audited(body.order.id, ['order.confirmed'])
}

const payByCallback = async (stage: Stage) => pay(stage, 'tok_callback')

/** A provider that has taken the money of a payment which it had said was voided. */
async function giveBack(stage: Stage): Promise<void> {
  const { id } = await reserved(stage.shopper, lines(stage))
  await checkOut(stage.shopper, id, 'tok_callback_declined')
  const [order = ''] = await ordersOf(stage.shopper)
  const declined = async () =>
    (await stage.shopper.get<OrderReply>(`/v1/orders/${order}`)).body.order.paymentStatus === 'DECLINED'
  await waitFor(declined, { what: 'the decline', ...patience })
  const payment = await changeAtProvider(shop, order, 'captured')
  await stage.crashDuring(async () => callBack(shop, { id: `late-${payment}`, paymentId: payment, state: 'captured' }))
  const refunded = async () => (await paymentsOf(shop, order)).every(({ state }) => state === 'refunded')
  await waitFor(refunded, { what: 'the money to be back', ...patience })
  await audited(payment, ['payment.reported', 'payment.reported'])
}

async function placeOrder(stage: Stage): Promise<void> {
  const { status, body } = await stage.crashDuring(async (key) => place(stage, key))
  expect([200, 201]).toContain(status)
  expect(body.order.status).toBe('PENDING')
  expect(await shop.available(stage.sku)).toEqual({ onHand: stock, reserved: units, available: stock - units })
  expect(await ordersOf(stage.shopper)).toEqual([body.order.id])
  await audited(body.order.reservationId, ['reservation.created'])
  await audited(body.order.id, ['order.placed'])
}

async function cancelPlaced(stage: Stage): Promise<void> {
  const { order } = (await place(stage)).body
  const { body } = await stage.crashDuring(async (idempotencyKey) =>
    stage.shopper.post<OrderReply>(`/v1/orders/${order.id}:cancel`, {}, { idempotencyKey }),
  )
  expect(body.order.status).toBe('CANCELLED')
  expect(await shop.available(stage.sku)).toEqual({ onHand: stock, reserved: 0, available: stock })
  await audited(order.reservationId, ['reservation.created', 'reservation.cancelled'])
  await audited(order.id, ['order.placed', 'order.cancelled'])
}

async function cancelPaid(stage: Stage): Promise<void> {
  const { id } = await reserved(stage.shopper, lines(stage))
  const { order } = (await checkOut(stage.shopper, id)).body
  const { body } = await stage.crashDuring(async (idempotencyKey) =>
    stage.shopper.post<OrderReply>(`/v1/orders/${order.id}:cancel`, {}, { idempotencyKey }),
  )
  expect(body.order.status).toBe('CANCELLED')
  const given = async () =>
    (await stage.shopper.get<OrderReply>(`/v1/orders/${order.id}`)).body.order.paymentStatus === 'REFUNDED'
  await waitFor(given, { what: 'units and money to be back', ...patience })
  expect(await shop.available(stage.sku)).toEqual({ onHand: stock, reserved: 0, available: stock })
  expect(await paymentsOf(shop, order.id)).toEqual([{ state: 'refunded', amountMinor: units * price }])
  await audited(order.id, ['order.confirmed', 'order.cancelled', 'order.refunded'])
}

/** The crash is in what the service does with units that have come. */
async function fillBackorder(stage: Stage): Promise<void> {
  const { shopper, sku } = stage
  await shop.admin.patch(`/v1/products/${sku}`, { backorder: { cap: units } })
  const { id } = await reserved(shopper, one(sku, stock + units))
  // Order asks inventory, which may just have been restarted by the test before.
  const { order } = (await untilAnswered(async () => checkOut(shopper, id))).body
  expect(order).toMatchObject({ status: 'CONFIRMED', lines: [{ quantity: stock + units, backordered: units }] })
  const { status } = await stage.crashDuring(async (idempotencyKey) =>
    shop.admin.post(`/v1/products/${sku}/stock:adjust`, { delta: units + 1, reason: 'delivery' }, { idempotencyKey }),
  )
  expect(status).toBe(200)
  const filled = async () => (await shopper.get<OrderReply>(`/v1/orders/${order.id}`)).body.order.lines[0]?.backordered === 0
  await waitFor(filled, { what: 'the order to have its units', ...patience })
  expect(await shop.available(sku)).toEqual({ onHand: 1, reserved: 0, available: 1 })
  await audited(id, ['reservation.created', 'reservation.committed', 'backorder.filled'])
  await audited(order.id, ['order.confirmed'])
}

/**
 * No client calls: the crash is in what the service does by itself. The units are free at once all the same (truth 11); the
 * claim of the sweeper that died is over after ten seconds.
 */
async function expire(stage: Stage): Promise<void> {
  let id = ''
  await stage.crashDuring(async () => {
    id = (await reserved(stage.shopper, lines(stage), { ttlSeconds: 1 })).id
    return { status: 200 }
  })
  await waitFor(async () => (await statusOf(stage.shopper, id)) === 'EXPIRED', { what: 'it to read as expired', ...patience })
  expect(await shop.available(stage.sku)).toMatchObject({ onHand: stock, available: stock })
  const all = await reserved(stage.shopper, one(stage.sku, stock))
  later.push(async () => {
    await expectAudited(shop, id, ['reservation.created', 'reservation.expired'])
    expect(await statusOf(stage.shopper, all.id)).toBe('ACTIVE')
    expect(await shop.available(stage.sku)).toEqual({ onHand: stock, reserved: stock, available: 0 })
  })
}

/** No client waits for it: what somebody gives back is offered by the service itself; the lease of the one that died is over after five seconds. */
async function offerToWaiter(stage: Stage): Promise<void> {
  const buyer = await shop.shopper()
  const { id: given } = await reserved(buyer, one(stage.sku, stock))
  const wish = { sku: stage.sku, quantity: units }
  const joined = await untilAnswered(async () => stage.shopper.post<{ entry: { id: string } }>('/v1/waitlist', wish))
  const { entry } = joined.body
  expect(entry).toMatchObject({ sku: stage.sku, status: 'WAITING' })
  const cancelled = await stage.crashDuring(async (idempotencyKey) =>
    buyer.post(`/v1/reservations/${given}:cancel`, {}, { idempotencyKey }),
  )
  expect(cancelled.status).toBe(200)
  const offered = async () => {
    const { body } = await stage.shopper.get<{ entry: { status: string; reservationId: string } }>(`/v1/waitlist/${entry.id}`)
    return body.entry.status === 'OFFERED' && body.entry
  }
  const { reservationId } = await waitFor(offered, { what: 'the offer', ...patience })
  expect(await reservationsOf(stage.shopper)).toEqual([reservationId])
  expect(await shop.available(stage.sku)).toEqual({ onHand: stock, reserved: units, available: stock - units })
  await audited(entry.id, ['waitlist_entry.joined', 'waitlist_entry.offered'])
  await audited(reservationId, ['reservation.created'])
}

/** Who is next leaves while their units are being held; the crash comes while those are being given back. */
async function leaveTooLate(stage: Stage): Promise<void> {
  const buyer = await shop.shopper()
  const { id: given } = await reserved(buyer, one(stage.sku, stock))
  const joined = await untilAnswered(async () =>
    stage.shopper.post<{ entry: { id: string } }>('/v1/waitlist', { sku: stage.sku, quantity: units }),
  )
  const { id } = joined.body.entry
  const { faults } = shop.system
  faults.arm('reservation', 'waitlist.held', 'hang')
  const left = await stage.crashDuring(async () => {
    await untilAnswered(async () => buyer.post(`/v1/reservations/${given}:cancel`, {}))
    const held = waitFor(() => faults.hasStruck('reservation', 'waitlist.held'), { what: 'the units to be held', ...patience })
    const leave = async () => held.then(async () => stage.shopper.delete(`/v1/waitlist/${id}`))
    return untilAnswered(leave).finally(() => {
      faults.disarm('reservation', 'waitlist.held')
    })
  })
  expect(left.status).toBe(200)
  // Found by the search for what was claimed and not released.
  await shop.system.restart('reservation', { ORPHAN_MIN_AGE_MS: '100' })
  const free = async () => (await shop.available(stage.sku)).reserved === 0
  await waitFor(free, { what: 'the units to be back', ...patience })
  await shop.system.restart('reservation', { ORPHAN_MIN_AGE_MS: '30000' })
  expect(await reservationsOf(stage.shopper)).toEqual([])
  expect(await shop.available(stage.sku)).toEqual({ onHand: stock, reserved: 0, available: stock })
  await audited(id, ['waitlist_entry.joined', 'waitlist_entry.left'])
}

/** A hold whose client never repeats its call; the crash comes while it is being given back. */
async function abandon(stage: Stage): Promise<void> {
  const key = randomUUID()
  const ask = async () =>
    stage.shopper.post<ReservationReply & ProblemReply>('/v1/reservations', { lines: lines(stage) }, { idempotencyKey: key })
  shop.system.faults.arm('reservation', 'reservation.held', 'fail')
  expect((await ask()).body.code).toBe('INTERNAL')
  await stage.crashDuring(async () => {
    await shop.system.restart('reservation', { ORPHAN_MIN_AGE_MS: '100' }).catch(() => undefined)
    return { status: 200 }
  })
  const free = async () => (await shop.available(stage.sku)).reserved === 0
  await waitFor(free, { what: 'the orphan to be given back', ...patience })
  expect((await ask()).body.code).toBe('RESERVATION_EXPIRED')
  expect(await reservationsOf(stage.shopper)).toEqual([])
  await shop.system.restart('reservation', { ORPHAN_MIN_AGE_MS: '30000' })
}

/** The crash is in what follows from the order. @param told the ids under which the outside has heard of things */
async function sell(stage: Stage, told: () => { id: string; about: string }[]): Promise<void> {
  let order = ''
  await stage.crashDuring(async () => {
    const { id } = await reserved(stage.shopper, lines(stage))
    const reply = await checkOut(stage.shopper, id)
    order = reply.body.order.id
    return reply
  })
  const repeats = () => told().length - new Set(told().map(({ id }) => id)).size
  // It was taken, and nobody who is alive knows that: it comes again, as the same.
  await waitFor(() => repeats() > 0, { what: 'a repeat of what was under way', ...patience })
  const ofOrder = () => new Set(told().flatMap(({ id, about }) => (about.includes(order) ? [id] : [])))
  await waitFor(() => ofOrder().size > 0, { what: 'the order to be told of', ...patience })
  later.push(async () => {
    expect([order, ofOrder().size]).toEqual([order, 1])
  })
}

const deliver = async (stage: Stage) => sell(stage, () => receiver.deliveries.map(({ id, subject }) => ({ id, about: subject })))

async function mail(stage: Stage): Promise<void> {
  const restart = async <Reply extends { status: number }>(call: (key: string) => Promise<Reply>) => {
    const reply = await stage.crashDuring(call)
    // What the one that died had claimed is free after two minutes; here it is made free at once.
    const database = new Client({ connectionString: shop.system.databaseUrl('notification') })
    await database.connect()
    await database.query(`update notices set send_at = now() where status = 'WAITING' and kind = 'ORDER_CONFIRMED'`)
    await database.end()
    return reply
  }
  await sell({ ...stage, crashDuring: restart }, () =>
    mailServer.mails.map(({ messageId, text }) => ({ id: messageId, about: text })),
  )
}

const scenarios: Record<FaultPoint, Scenario> = {
  'inventory.held': { service: 'inventory', play: reserve },
  'inventory.ended': { service: 'inventory', play: cancelReservation },
  'inventory.protected': { service: 'inventory', play: pay },
  'inventory.changed': { service: 'inventory', play: changeLines },
  'inventory.returned': { service: 'inventory', play: cancelPaid },
  'inventory.filling': { service: 'inventory', play: fillBackorder },
  'inventory.filled': { service: 'inventory', play: fillBackorder },
  'reservation.held': { service: 'reservation', play: reserve },
  'reservation.created': { service: 'reservation', play: reserve },
  'reservation.released': { service: 'reservation', play: cancelReservation },
  'reservation.changed': { service: 'reservation', play: changeLines },
  'reservation.split': { service: 'reservation', play: payPart },
  'reservation.parted': { service: 'reservation', play: payPart },
  'sweeper.claimed': { service: 'reservation', play: expire },
  'sweeper.expired': { service: 'reservation', play: expire },
  'sweeper.adopted': { service: 'reservation', play: expire },
  'waitlist.claimed': { service: 'reservation', play: offerToWaiter },
  'waitlist.held': { service: 'reservation', play: offerToWaiter },
  'waitlist.abandoned': { service: 'reservation', play: leaveTooLate },
  'waitlist.offered': { service: 'reservation', play: offerToWaiter },
  'orphans.claimed': { service: 'reservation', play: abandon },
  'order.placing': { service: 'order', play: placeOrder },
  'order.reserved': { service: 'order', play: placeOrder },
  'order.pending': { service: 'order', play: pay },
  'order.released': { service: 'order', play: cancelPlaced },
  'order.cancelled': { service: 'order', play: cancelPaid },
  'order.returned': { service: 'order', play: cancelPaid },
  'order.refunded': { service: 'order', play: cancelPaid },
  'payment.protected': { service: 'order', play: pay },
  'payment.announced': { service: 'order', play: pay },
  'payment.authorized': { service: 'order', play: pay },
  'payment.waiting': { service: 'order', play: payByCallback },
  'payment.sold': { service: 'order', play: pay },
  'payment.captured': { service: 'order', play: pay },
  'callback.kept': { service: 'order', play: payByCallback },
  'callback.sent': { service: 'order', play: payByCallback },
  'payment.given-back': { service: 'order', play: giveBack },
  'relay.published': { service: 'reservation', play: reserveWhenQuiet },
  'consumer.handled': { service: 'audit', play: reserveWhenQuiet },
  'audit.appended': { service: 'audit', play: reserveWhenQuiet },
  'webhook.delivered': { service: 'notification', play: deliver },
  'notice.sent': { service: 'notification', play: mail },
}

test.each(Object.entries(scenarios) as [FaultPoint, Scenario][])('%s', async (point, { service, play }) => {
  const [shopper, sku] = await Promise.all([shop.shopper(), shop.product(stock, price)])
  const crashDuring: Stage['crashDuring'] = async (call) => {
    shop.system.faults.arm(service, point, 'crash')
    const key = randomUUID()
    const answered = untilAnswered(async () => call(key))
    const crashed = waitFor(() => shop.system.pid(service) === undefined, {
      what: `${service} to crash at ${point}`,
      ...patience,
    })
    // What never came to the point is not to crash in the next test.
    await crashed.finally(() => {
      shop.system.faults.disarm(service, point)
    })
    expect(shop.system.faults.hasStruck(service, point)).toBe(true)
    await shop.system.restart(service)
    return answered
  }
  await play({ shopper, sku, crashDuring })
  // What restarted is found again by its peers within a second: inventory asks the others here, and is asked.
  await untilAnswered(async () => shop.admin.post('/v1/reservations:sweep', {}))
  const { body } = await untilAnswered(async () => shop.admin.get('/v1/consistency'))
  expect(body).toMatchObject({ consistent: true, differences: [] })
})

test('in the end nothing is under way, and what was true then is so now', async () => {
  await expectAtRest(shop)
  await untilAuditedSoFar(shop)
  for (const check of later) await check()
})

test('the audit log is whole, and has nothing twice', async () => {
  expect((await shop.admin.get('/v1/audit:verify')).body).toMatchObject({ valid: true })
  const changes = (await readJournal(shop)).map(({ action, objectId, requestId }) => `${action} ${objectId} ${requestId}`)
  expect(changes.filter((change, index) => changes.indexOf(change) !== index)).toEqual([])
})

/** How often the notification service dies here. */
const deaths = 2

test('the outside has heard of every order that is paid, by webhook and by mail', async () => {
  const confirmed = (await readJournal(shop)).filter(({ action }) => action === 'order.confirmed').map(({ objectId }) => objectId)
  expect(confirmed.length).toBeGreaterThan(5)
  await waitFor(() => confirmed.every((id) => receiver.deliveries.some(({ subject }) => subject === id)), {
    what: 'all webhooks',
    ...patience,
  })
  await waitFor(() => confirmed.every((id) => mailServer.mails.some(({ text }) => text.includes(id))), {
    what: 'all mails',
    ...patience,
  })
  expect(new Set(receiver.deliveries.map(({ id }) => id)).size).toBe(confirmed.length)
  // Whoever waits in line is written to as well.
  const ofOrders = mailServer.mails.filter(({ text }) => confirmed.some((id) => text.includes(id)))
  const mails = Map.groupBy(ofOrders, ({ messageId }) => messageId)
  expect(mails.size).toBe(confirmed.length)
  for (const [id, same] of mails) expect([id, same.length <= 1 + deaths]).toEqual([id, true])
})

async function reservationsOf(shopper: Shopper): Promise<string[]> {
  const { body } = await shopper.get<{ reservations: { id: string }[] }>('/v1/reservations')
  return body.reservations.map(({ id }) => id)
}

async function ordersOf(shopper: Shopper): Promise<string[]> {
  const { body } = await shopper.get<{ orders: { id: string }[] }>('/v1/orders')
  return body.orders.map(({ id }) => id)
}
