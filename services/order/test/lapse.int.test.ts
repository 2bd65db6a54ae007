import { PlaceOrderRequest } from '@holdfast/contracts/order'
import { randomUUID } from 'node:crypto'

import { Actor_Role } from '@holdfast/contracts/common'
import { type Consumer, openEmbeddedTransport, toMessage, type Transport } from '@holdfast/events'
import { createLog } from '@holdfast/service'
import { createTestDatabase, type TestDatabase, waitFor } from '@holdfast/testing'

import { startOrderConsumer } from '../src/events'
import { as, type Client, codeOf, type Instance, orderOf, startSystem, type System } from './support/system'

let system: System
let order: Instance
let client: Client
let logDatabase: TestDatabase
let transport: Transport
let consumer: Consumer

beforeAll(async () => {
  system = await startSystem()
  order = await system.start()
  client = order.client
  logDatabase = await createTestDatabase()
  transport = await openEmbeddedTransport({ url: logDatabase.url, log: createLog('test', 'silent') })
  consumer = await startOrderConsumer(order.deps, transport)
})

afterAll(async () => {
  await consumer.close()
  await transport.close()
  await system.stop()
  await logDatabase.drop()
})

const place = async (ttlSeconds = 300) =>
  orderOf(
    await client.placeOrder(PlaceOrderRequest.fromPartial({ lines: [{ sku: 'LAPTOP001', quantity: 1 }], ttlSeconds }), as('ann')),
  )
const get = async (id: string) => orderOf(await client.getOrder({ id }, as('ann')))

const publish = async (what: 'created' | 'expired' | 'cancelled' | 'changed', reservationId: string, data: unknown = {}) =>
  publishEvent(`holdfast.reservation.${what}.v1`, 'holdfast.reservation.v1', reservationId, data)
const publishEvent = async (type: string, topic: string, reservationId: string, data: unknown) =>
  transport.publish([
    toMessage(
      {
        id: randomUUID(),
        source: '//holdfast/reservation',
        type,
        topic,
        key: reservationId,
        subject: reservationId,
        version: 2n,
        audit: true,
        requestId: 'r-1',
        traceparent: undefined,
        actor: { id: 'sweeper', role: Actor_Role.SERVICE },
        at: new Date(),
      },
      JSON.stringify(data),
    ),
  ])
const caughtUp = async () => waitFor(async () => (await consumer.lag()) === 0, { what: 'the events to be consumed' })

test.each(['expired', 'cancelled'] as const)('a reservation that is %s cancels its PENDING order, once', async (what) => {
  const { id, reservationId } = await place()
  await publish('created', reservationId)
  await publish(what, reservationId)
  await publish(what, reservationId)
  await caughtUp()
  expect(await get(id)).toMatchObject({
    status: 'CANCELLED',
    cancelReason: `reservation_${what}`,
    paymentStatus: 'UNPAID',
    version: 2,
  })
  expect(await system.events(id)).toEqual(['placed by ann', 'cancelled by order'])
})

test('a PENDING order has the lines that its reservation has, told once; older ones, and what is paid, stay as they are', async () => {
  const [{ id, reservationId }, paid] = [await place(), await place()]
  await client.confirmOrder({ id: paid.id, paymentToken: '', clientToken: '' }, as('ann'))
  const line = (quantity: number, currency = 'USD') => ({
    sku: 'LAPTOP001',
    warehouse: 'MAIN',
    quantity,
    unitPrice: { currency, amountMinor: '500' },
  })
  const news = (of: string, linesVersion: number, lines: unknown[]) => ({ after: { id: of, linesVersion, lines } })
  await publish('changed', reservationId, news(reservationId, 3, [line(4)]))
  await publish('changed', reservationId, news(reservationId, 2, [line(9)]))
  await publish('changed', reservationId, news(reservationId, 3, [line(4)]))
  await publish('changed', paid.reservationId, news(paid.reservationId, 2, [line(9)]))
  // Of these there is no order: who pays is told.
  await publish('changed', reservationId, news(reservationId, 4, [line(1), line(1, 'EUR')]))
  await caughtUp()
  expect(await get(id)).toMatchObject({ status: 'PENDING', version: 2, total: { amountMinor: 2_000n }, lines: [{ quantity: 4 }] })
  expect(await system.events(id)).toEqual(['placed by ann', 'repriced by order'])
  expect(await get(paid.id)).toMatchObject({ status: 'CONFIRMED', lines: [{ quantity: 1 }] })
})

test('an order says what is still to come, by the latest fill of the lines that it has, and does not ship before all is there', async () => {
  const { id, reservationId } = await place()
  const fill = async (fills: number, backordered: number, linesVersion = 1) => {
    const line = {
      sku: 'LAPTOP001',
      warehouse: 'MAIN',
      quantity: 3,
      unitPrice: { currency: 'USD', amountMinor: '500' },
      backordered,
    }
    const after = { id: reservationId, state: 'COMMITTED', linesVersion, fills, lines: [line] }
    await publishEvent('holdfast.backorder.filled.v1', 'holdfast.inventory.v1', reservationId, { after })
  }
  await fill(2, 1)
  await fill(1, 2)
  await fill(3, 0, 2)
  await caughtUp()
  expect(await get(id)).toMatchObject({ status: 'PENDING', version: 2, lines: [{ quantity: 3, backordered: 1 }] })
  await client.confirmOrder({ id, paymentToken: '', clientToken: '' }, as('ann'))
  const move = async (status: 'PROCESSING' | 'SHIPPED') =>
    client.transitionOrder({ id, status, clientToken: '' }, as('boss', 'ADMIN'))
  await move('PROCESSING')
  expect(await codeOf(move('SHIPPED'))).toBe('ILLEGAL_TRANSITION')
  await fill(4, 0)
  await caughtUp()
  expect((await move('SHIPPED')).order).toMatchObject({ status: 'SHIPPED', lines: [{ backordered: 0 }] })
  expect(await system.events(id)).toEqual([
    'placed by ann',
    'backorder_filled by sweeper',
    'confirmed by ann',
    'transitioned by boss',
    'backorder_filled by sweeper',
    'transitioned by boss',
  ])
})

test('an event of an older time changes nothing about an order that is paid', async () => {
  const { id, reservationId } = await place()
  await client.confirmOrder({ id, paymentToken: '', clientToken: '' }, as('ann'))
  await publish('expired', reservationId)
  await caughtUp()
  expect((await get(id)).status).toBe('CONFIRMED')
})

test('the worker asks about a PENDING order past its time, without any event', async () => {
  const { id } = await place(1)
  await waitFor(async () => (await get(id)).status === 'CANCELLED', { what: 'the order to lapse' })
  expect(await get(id)).toMatchObject({ cancelReason: 'reservation_expired' })
})

test('a reservation that was extended keeps its order', async () => {
  const { id, reservationId } = await place()
  await system.database.pool.query('update orders set look_at = clock_timestamp() where id = $1', [id])
  await waitFor(
    async () =>
      (await system.database.pool.query("select from orders where id = $1 and look_at > now() + interval '1 minute'", [id]))
        .rowCount === 1,
    { what: 'the worker to look' },
  )
  expect((await get(id)).status).toBe('PENDING')
  expect(system.world.reservation(reservationId).status).toBe('ACTIVE')
})

test('an event during a payment leaves the order to its driver, and after a decline the order lapses', async () => {
  const { id, reservationId } = await place()
  const declining = await system.start({
    provider: (simulated) => ({
      ...simulated,
      authorize: async (payment, signal) => {
        system.world.cancel(reservationId)
        await publish('cancelled', reservationId)
        await caughtUp()
        expect((await get(id)).status).toBe('PENDING')
        return simulated.authorize(payment, signal)
      },
    }),
  })
  expect(await codeOf(declining.client.confirmOrder({ id, paymentToken: 'tok_declined', clientToken: '' }, as('ann')))).toBe(
    'PAYMENT_DECLINED',
  )
  await waitFor(async () => (await get(id)).status === 'CANCELLED', { what: 'the order to lapse' })
  expect(await get(id)).toMatchObject({ cancelReason: 'reservation_cancelled', paymentStatus: 'DECLINED' })
})
