/**
 * Every event of the contract is published by a running system, and looks as the documents show it: `docs/events/samples.json`,
 * from which `npm run catalogue` makes the rest. `HOLDFAST_WRITE_SAMPLES=1` writes that file anew.
 */
import { eventDescriptors } from '@holdfast/contracts'
import { readSamples, type Sample, writeSamples } from '@holdfast/catalogue'
import { openEmbeddedTransport, type Transport } from '@holdfast/events'
import { createLog } from '@holdfast/service'
import { type OrderReply, type TestUser, waitFor } from '@holdfast/testing'
import { Client } from 'pg'

import { checkOut, one, openShop, reserved, type Shop, type Shopper, statusOf } from './shop'

const log = createLog('test', 'silent')
const types = eventDescriptors().map((event) => event.type)
const sku = 'LAPTOP001'

let shop: Shop
let transport: Transport
/** The first message of each type. */
const samples = new Map<string, Sample>()

beforeAll(async () => {
  shop = await openShop({ notifications: true, env: { CHECKPOINT_INTERVAL_MS: '300' } })
  transport = await openEmbeddedTransport({ url: shop.system.databaseUrl('events'), log })
  await transport.subscribe({
    group: 'samples',
    topics: [...new Set(eventDescriptors().map((event) => event.topic))],
    log,
    onBatch: async ({ messages }) => {
      for (const { topic, key, headers, value } of messages) {
        const type = headers['ce_type'] ?? ''
        if (!samples.has(type)) samples.set(type, { topic, key, headers, value: JSON.parse(value) })
      }
      return Promise.resolve()
    },
  })
  await useEverything(await shop.shopper())
  await waitFor(() => types.every((type) => samples.has(type)), { what: 'a message of each type', timeoutMs: 30_000 }).catch(
    () => undefined,
  )
  if (process.env['HOLDFAST_WRITE_SAMPLES'] === '1') writeSamples([...samples.values()])
})
afterAll(async () => {
  await transport.close()
  await shop.close()
})

test.each(types)('%s is published as the documents show it', (type) => {
  const sample = samples.get(type)
  if (sample === undefined) throw new Error(`nothing here published ${type}: add what does to this test`)
  const documented = readSamples().get(type)
  if (documented === undefined) throw new Error(`no sample of ${type}: HOLDFAST_WRITE_SAMPLES=1 and this test writes one`)
  expect(shapeOf(documented)).toEqual(shapeOf(sample))
})

test('what is published is in the contract', () => {
  expect([...samples.keys()].filter((type) => !types.includes(type))).toEqual([])
})

/** Whatever publishes something, each once at least. */
async function useEverything(shopper: Shopper): Promise<void> {
  await changeProducts()
  await endReservations(shopper)
  await waitInLine(shopper)
  await buy(shopper)
  await backorder(shopper)
  await repairTheBooks(shopper)
  await sellOut(shopper)
  await notify()
  await promote(shopper.user)
  await comeAndGo(shopper.user)
  await shop.admin.post('/v1/activity:rebuild', {})
}

async function changeProducts(): Promise<void> {
  await shop.product(100, 129_999, sku)
  await shop.admin.patch(`/v1/products/${sku}`, { name: 'Laptop, 14 inches' })
  await shop.admin.post('/v1/warehouses', { code: 'NORTH', name: 'North' })
  await shop.admin.patch('/v1/warehouses/NORTH', { priority: 50 })
  await shop.admin.post('/v1/channels', { code: 'WEB', name: 'Website', warehouses: ['MAIN'] })
  await shop.admin.patch('/v1/channels/WEB', { warehouses: ['MAIN', 'NORTH'] })
  await shop.admin.delete('/v1/channels/WEB')
  await shop.admin.post(`/v1/products/${sku}/stock:adjust`, { delta: 5, reason: 'counted' })
  const counted = { expectedOnHand: 105, onHand: 105, reason: 'yearly count', reasonCode: 'COUNT', reference: 'C-2026-1' }
  await shop.admin.post(`/v1/products/${sku}/stock:adjust`, counted)
  const broken = { from: 'SELLABLE', to: 'DAMAGED', quantity: 2, reason: 'dropped', reasonCode: 'DAMAGE' }
  await shop.admin.post(`/v1/products/${sku}/stock:move`, broken)
  await shop.admin.post(`/v1/products/${sku}/stock:setSafety`, { units: 3 })
  const order = { lines: one(sku, 20), reference: 'PO-1', supplier: 'Laptops Ltd.', expectedAt: '2026-12-01T08:00:00Z' }
  const { id } = (await shop.admin.post<{ shipment: { id: string } }>('/v1/shipments', order)).body.shipment
  const arrived = [
    { sku, quantity: 11, state: 'SELLABLE' },
    { sku, quantity: 1, state: 'DAMAGED' },
  ]
  await shop.admin.post(`/v1/shipments/${id}:receive`, { receiptReference: 'DELIVERY-1', lines: arrived })
  await shop.admin.post(`/v1/shipments/${id}:cancel`)
  await shop.admin.post('/v1/allocations', { lines: one(sku, 2), reference: 'PRESS-1', reason: 'for the press' })
}

async function endReservations(shopper: Shopper): Promise<void> {
  const { id } = await reserved(shopper, one(sku, 2))
  await shopper.post(`/v1/reservations/${id}:extend`, { ttlSeconds: 900 })
  await shopper.post(`/v1/reservations/${id}:change`, { lines: one(sku, 3) })
  await shopper.post(`/v1/reservations/${id}:cancel`)
  const short = await reserved(shopper, one(sku), { ttlSeconds: 1 })
  await waitFor(async () => (await statusOf(shopper, short.id)) === 'EXPIRED', { what: 'its end', timeoutMs: 30_000 })
}

/** Left, bought, and let go. */
async function waitInLine(shopper: Shopper): Promise<void> {
  const wanted = await shop.product(0, 24_999, 'CONSOLE001')
  const join = async () =>
    (await shopper.post<{ entry: { id: string } }>('/v1/waitlist', { sku: wanted, quantity: 1 })).body.entry.id
  await shopper.delete(`/v1/waitlist/${await join()}`)
  await shop.admin.post(`/v1/products/${wanted}/stock:adjust`, { delta: 1, reason: 'delivered' })
  for (const end of ['cancel', 'buy']) {
    const id = await join()
    const entry = async () =>
      (await shopper.get<{ entry: { status: string; reservationId: string } }>(`/v1/waitlist/${id}`)).body.entry
    const becomes = async (status: string) =>
      waitFor(async () => (await entry()).status === status, { what: `the entry to be ${status}`, timeoutMs: 30_000 })
    await becomes('OFFERED')
    const { reservationId } = await entry()
    if (end === 'cancel') await shopper.post(`/v1/reservations/${reservationId}:cancel`)
    else await checkOut(shopper, reservationId)
    await becomes(end === 'cancel' ? 'LAPSED' : 'FULFILLED')
  }
}

async function buy(shopper: Shopper): Promise<void> {
  const placed = (await shopper.post<OrderReply>('/v1/orders', { lines: one(sku) })).body.order
  await shopper.post(`/v1/reservations/${placed.reservationId}:change`, { lines: one(sku, 2) })
  const linesOf = async () => (await shopper.get<OrderReply>(`/v1/orders/${placed.id}`)).body.order.lines
  await waitFor(async () => (await linesOf())[0]?.quantity === 2, { what: 'the order to have them too', timeoutMs: 30_000 })
  await shopper.post(`/v1/orders/${placed.id}:confirm`, { paymentToken: 'tok_declined' })
  const { id } = await reserved(shopper, one(sku, 2))
  await checkOut(shopper, id, 'tok_declined')
  await checkOut(shopper, (await reserved(shopper, one(sku))).id, 'tok_callback')
  const order = (await checkOut(shopper, id)).body.order.id
  await shop.admin.post(`/v1/orders/${order}:transition`, { status: 'PROCESSING' })
  const regretted = (await checkOut(shopper, (await reserved(shopper, one(sku))).id)).body.order.id
  await shopper.post(`/v1/orders/${regretted}:cancel`)
  await waitFor(async () => (await shopper.get<OrderReply>(`/v1/orders/${regretted}`)).body.order.paymentStatus === 'REFUNDED', {
    what: 'the refund',
    timeoutMs: 30_000,
  })
}

/** Sold before it was there. */
async function backorder(shopper: Shopper): Promise<void> {
  await shop.product(1, 39_999, 'DRONE001')
  await shop.admin.patch('/v1/products/DRONE001', { backorder: { cap: 10, until: '2026-12-24T00:00:00Z' } })
  await checkOut(shopper, (await reserved(shopper, one('DRONE001', 3))).id)
  await shop.admin.post('/v1/products/DRONE001/stock:adjust', { delta: 1, reason: 'delivery' })
  await published('holdfast.order.backorder_filled.v1')
}

async function repairTheBooks(shopper: Shopper): Promise<void> {
  const { id } = await reserved(shopper, one(sku))
  await spoil('inventory', 'update stock_levels set reserved = reserved + 1 where sku = $1', sku)
  await repair('reserved', `${sku}/MAIN`)
  await spoil('inventory', `update hold_lines set expires_at = expires_at + interval '1 hour' where hold_id = $1`, id)
  await repair('hold_line', `${id}/1`)
  await spoil('reservation', `update reservations set status = 'CANCELLED', version = version + 1 where id = $1`, id)
  await repair('reservation', id)
}

async function spoil(service: 'inventory' | 'reservation', sql: string, value: string): Promise<void> {
  const client = new Client({ connectionString: shop.system.databaseUrl(service) })
  await client.connect()
  expect((await client.query(sql, [value])).rowCount).toBe(1)
  await client.end()
}

async function repair(kind: string, id: string): Promise<void> {
  // What is under way at first is a difference a moment later.
  await waitFor(async () => (await shop.admin.post('/v1/consistency:repair', { kind, id })).status === 200, {
    what: `the repair of ${kind} ${id}`,
    timeoutMs: 30_000,
  })
}

/** Low, out, and back. */
async function sellOut(shopper: Shopper): Promise<void> {
  await shop.product(12, 79_999, 'PHONE001')
  await published('holdfast.product.created.v1')
  await reserved(shopper, one('PHONE001', 8))
  await published('holdfast.stock.ran_low.v1')
  const { id } = await reserved(shopper, one('PHONE001', 4))
  await published('holdfast.stock.ran_out.v1')
  await shopper.post(`/v1/reservations/${id}:cancel`)
  await published('holdfast.stock.came_back.v1')
}

async function published(type: string): Promise<void> {
  await waitFor(() => samples.has(type), { what: type, timeoutMs: 30_000 })
}

/** An endpoint that nothing is ever sent to. */
async function notify(): Promise<void> {
  const { admin } = shop
  const wanted = { url: 'https://hook.example/', eventTypes: ['holdfast.product.created.v1'] }
  const { id } = (await admin.post<{ endpoint: { id: string } }>('/v1/webhooks/endpoints', wanted)).body.endpoint
  const endpoint = `/v1/webhooks/endpoints/${id}`
  await admin.post(`${endpoint}:pause`)
  await shop.product(1, 7_999, 'CHARGER001')
  const delivery = await waitFor(
    async () => {
      const path = `/v1/webhooks/deliveries?endpointId=${id}`
      return (await admin.get<{ deliveries: { id: string }[] }>(path)).body.deliveries[0]?.id
    },
    { what: 'a delivery', timeoutMs: 30_000 },
  )
  await admin.post(`/v1/webhooks/deliveries/${delivery}:skip`)
  await admin.post(`${endpoint}:rotate-secret`, {})
  await admin.patch(endpoint, { description: 'orders to the warehouse' })
  await admin.post(`${endpoint}:replay`, { deliveryId: delivery })
  // Nothing is left to be tried: whether a try has failed by the end would be luck.
  const left = await admin.get<{ deliveries: { id: string }[] }>(`/v1/webhooks/deliveries?endpointId=${id}`)
  for (const one of left.body.deliveries) await admin.post(`/v1/webhooks/deliveries/${one.id}:skip`)
  await admin.patch(endpoint, { url: 'https://hook.example/new' })
  await admin.post(`${endpoint}:resume`)
  await admin.delete(endpoint)
}

async function promote({ id }: TestUser): Promise<void> {
  await shop.admin.patch(`/v1/users/${id}`, { role: 'ADMIN' })
}

async function comeAndGo({ email, password, refreshToken }: TestUser): Promise<void> {
  await shop.anonymous.post('/v1/auth/login', { email, password })
  await shop.anonymous.post('/v1/auth/refresh', { refreshToken })
  await shop.anonymous.post('/v1/auth/refresh', { refreshToken })
  await shop.anonymous.post('/v1/auth/logout', { refreshToken: (await shop.shopper()).user.refreshToken })
}

/** Names and kinds of all values; what differs from run to run is the same. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return [...new Set(value.map((item) => JSON.stringify(shapeOf(item))))]
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]))
  }
  if (typeof value !== 'string') return typeof value
  const patterns = { uuid: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, time: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, number: /^\d+$/ }
  const masked = value.replace(patterns.uuid, '<uuid>').replace(patterns.time, '<time>').replace(patterns.number, '<number>')
  return /^[\w.-]{40,}$/.test(masked) ? '<signature or hash>' : masked
}
