/** Clients that go away in the middle: what they asked for is done or not, their repeat says which, and nothing leaks. */
import { credentials, Metadata } from '@grpc/grpc-js'
import { CreateReservationRequest, ReservationServiceClient } from '@holdfast/contracts/reservation'
import type { FaultPoint } from '@holdfast/service'
import { freePort, type OrderReply, type ReservationReply, type ServiceName, untilAnswered, waitFor } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'
import { request } from 'node:http'

import { expectAtRest, paymentsOf } from './books'
import { checkOut, one, openShop, reserved, type Shop, type Shopper, times } from './shop'

const stock = 5
const units = 2
const price = 1_000
const patience = { timeoutMs: 40_000 }

let shop: Shop
let reservationMetrics = ''
beforeAll(async () => {
  const port = await freePort()
  reservationMetrics = `http://127.0.0.1:${port}/metrics`
  shop = await openShop({ faults: true, envFor: { reservation: { METRICS_PORT: String(port) } } })
})
afterAll(async () => shop.close())

interface Post {
  shopper: Shopper
  path: string
  body: unknown
  key: string
}

/** A request of which nobody will read the answer. @param bytes how many of the body are sent; all */
async function postAndGo({ shopper, path, body, key }: Post, whenToGo: () => Promise<unknown>, bytes?: number): Promise<void> {
  const content = JSON.stringify(body)
  const headers = {
    authorization: `Bearer ${shopper.user.token}`,
    'content-type': 'application/json',
    'content-length': content.length,
    'idempotency-key': key,
  }
  // No agent: the connection is this request's own, and goes with it.
  const sent = request(`${shopper.url}${path}`, { method: 'POST', headers, agent: false })
  sent.on('error', () => undefined)
  await new Promise<void>((resolve) => sent.write(content.slice(0, bytes), () => resolve()))
  if (bytes === undefined) sent.end()
  await whenToGo()
  sent.destroy()
}

/** The client goes while its call is at a point, and repeats it when the call has gone on. */
async function goAt<Body>(service: ServiceName, point: FaultPoint, post: Post) {
  const { faults } = shop.system
  faults.arm(service, point, 'hang')
  await postAndGo(post, async () =>
    waitFor(() => faults.hasStruck(service, point), { what: `the call to be at ${point}`, ...patience }),
  )
  faults.disarm(service, point)
  return untilAnswered(async () => post.shopper.post<Body>(post.path, post.body, { idempotencyKey: post.key }))
}

const stage = async () => {
  const [shopper, sku] = await Promise.all([shop.shopper(), shop.product(stock, price)])
  return { shopper, sku, key: randomUUID() }
}

test.each([
  ['inventory', 'inventory.held'],
  ['reservation', 'reservation.held'],
  ['reservation', 'reservation.created'],
] as const)('one that reserves goes at %s, %s', async (service, point) => {
  const { shopper, sku, key } = await stage()
  const post = { shopper, path: '/v1/reservations', body: { lines: one(sku, units) }, key }
  const { status, body } = await goAt<ReservationReply>(service, point, post)
  expect([200, 201]).toContain(status)
  expect(await idsOf(shopper, 'reservations')).toEqual([body.reservation.id])
  expect(await shop.available(sku)).toEqual({ onHand: stock, reserved: units, available: stock - units })
})

test.each(['order.pending', 'payment.protected', 'payment.authorized', 'payment.sold', 'payment.captured'] as const)(
  'one that pays goes at %s',
  async (point) => {
    const { shopper, sku, key } = await stage()
    const { id } = await reserved(shopper, one(sku, units))
    const { status, body } = await goAt<OrderReply>('order', point, {
      shopper,
      path: '/v1/checkout',
      body: { reservationId: id },
      key,
    })
    expect([status, body.order.status]).toEqual([200, 'CONFIRMED'])
    expect(await idsOf(shopper, 'orders')).toEqual([body.order.id])
    expect(await paymentsOf(shop, body.order.id)).toEqual([{ state: 'captured', amountMinor: units * price }])
    expect(await shop.available(sku)).toEqual({ onHand: stock - units, reserved: 0, available: stock - units })
  },
)

test('one that cancels a paid order goes when it is cancelled, and the stock comes back once', async () => {
  const { shopper, sku, key } = await stage()
  const { id } = await reserved(shopper, one(sku, units))
  const { order } = (await checkOut(shopper, id)).body
  const post = { shopper, path: `/v1/orders/${order.id}:cancel`, body: {}, key }
  expect((await goAt<OrderReply>('order', 'order.cancelled', post)).body.order.status).toBe('CANCELLED')
  await waitFor(async () => (await paymentsOf(shop, order.id))[0]?.state === 'refunded', {
    what: 'the money to be back',
    ...patience,
  })
  await expectAtRest(shop)
  expect(await shop.available(sku)).toEqual({ onHand: stock, reserved: 0, available: stock })
})

test('a gRPC client that cancels its call', async () => {
  const { shopper, sku, key } = await stage()
  const client = new ReservationServiceClient(shop.system.grpc.reservation, credentials.createInsecure())
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${shopper.user.token}`)
  metadata.set('idempotency-key', key)
  const { faults } = shop.system
  faults.arm('reservation', 'reservation.held', 'hang')
  const told = new Promise((resolve) => {
    const call = client.createReservation(CreateReservationRequest.fromPartial({ lines: one(sku, units) }), metadata, resolve)
    void waitFor(() => faults.hasStruck('reservation', 'reservation.held'), {
      what: 'the call to be there',
      ...patience,
    }).finally(() => call.cancel())
  })
  await told
  client.close()
  faults.disarm('reservation', 'reservation.held')
  const lines = one(sku, units)
  const again = async () => shopper.post<ReservationReply>('/v1/reservations', { lines }, { idempotencyKey: key })
  const { body } = await untilAnswered(again)
  expect(await idsOf(shopper, 'reservations')).toEqual([body.reservation.id])
  expect(await shop.available(sku)).toEqual({ onHand: stock, reserved: units, available: stock - units })
})

test('300 that go at any moment, some with half a request: each repeat finds one reservation, and no queue keeps anything', async () => {
  const count = 300
  const [shopper, sku] = await Promise.all([shop.shopper(), shop.product(count)])
  const body = { lines: one(sku) }
  const keys = Array.from({ length: count }, () => randomUUID())
  await times(count, async (index) => {
    const post = { shopper, path: '/v1/reservations', body, key: keys[index] ?? '' }
    const turns = async () => {
      for (let turn = 0; turn < index % 30; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
    await postAndGo(post, turns, index % 5 === 0 ? 10 : undefined)
  })
  const replies = await Promise.all(
    keys.map(async (idempotencyKey) =>
      untilAnswered(async () => shopper.post<ReservationReply>('/v1/reservations', body, { idempotencyKey })),
    ),
  )
  // There were as many units as keys: had one been lost, somebody would have been refused.
  expect(replies.filter(({ status }) => status !== 200 && status !== 201)).toEqual([])
  expect(new Set(replies.map((reply) => reply.body.reservation.id)).size).toBe(count)
  expect(await shop.available(sku)).toEqual({ onHand: count, reserved: count, available: 0 })
  await expectAtRest(shop)
  for (const url of [`${shop.system.url}/metrics`, reservationMetrics]) {
    await waitFor(async () => (await waitingItems(url)) === 0, { what: `the queues of ${url} to be empty`, ...patience })
  }
})

async function idsOf(shopper: Shopper, what: 'orders' | 'reservations'): Promise<string[]> {
  const { body } = await shopper.get<Record<string, { id: string }[]>>(`/v1/${what}`)
  return (body[what] ?? []).map(({ id }) => id)
}

/** Over all queues of a process. */
async function waitingItems(metricsUrl: string): Promise<number> {
  const text = await (await fetch(metricsUrl)).text()
  const values = [...text.matchAll(/^combiner_queue_items\{.*\} (\d+)$/gm)].map(([, value]) => Number(value))
  expect(values.length).toBeGreaterThan(0)
  return values.reduce((sum, value) => sum + value, 0)
}
