import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { rpcDescriptors } from '@holdfast/contracts'
import { type OrderReply, waitFor } from '@holdfast/testing'
import { Client } from 'pg'

import { paymentIds, post, signed } from './payment-provider'
import { checkOut, one, openShop, reserve, reserved, type Shop, type Shopper } from './shop'

interface AuditRecord {
  sequence: string
  action: string
  actor: { id: string; role: string }
  objectType: string
  objectId: string
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
  requestId: string
  hash: string
}

let shop: Shop
let shopper: Shopper
beforeAll(async () => {
  shop = await openShop({ notifications: true, demo: true, env: { CHECKPOINT_INTERVAL_MS: '300' } })
  shopper = await shop.shopper()
})
afterAll(async () => shop.close())

const recordsOf = async (filter: string): Promise<AuditRecord[]> =>
  (await shop.admin.get<{ records: AuditRecord[] }>(`/v1/audit/records?pageSize=500&${filter}`)).body.records

/** A request id of its own for each call, and the records that carry it when the log has caught up. */
async function recordsFor(requestId: string): Promise<AuditRecord[]> {
  const marker = `marker-${requestId}`
  const sku = await shop.product(1)
  await shop.admin.post(`/v1/products/${sku}/stock:adjust`, { delta: 1, reason: marker }, { headers: { 'x-request-id': marker } })
  // Topics are consumed apart from one another: each has caught up once its own newest record is there.
  await waitFor(async () => (await recordsOf(`requestId=${marker}`)).length > 0, {
    what: 'the marker to be audited',
  })
  await waitFor(async () => (await recordsOf(`requestId=${requestId}`)).length > 0, {
    what: `a record of ${requestId}`,
  })
  return recordsOf(`requestId=${requestId}`)
}

const endpoints = '/v1/webhooks/endpoints'

async function newShipment(): Promise<{ id: string; sku: string }> {
  const sku = await shop.product(0)
  const { body } = await shop.admin.post<{ shipment: { id: string } }>('/v1/shipments', { lines: one(sku, 2) })
  return { id: body.shipment.id, sku }
}

/** One call of each mutating RPC, and the one action that it leaves in the audit log. */
const calls: Record<string, { action: string; call: (headers: Record<string, string>) => Promise<{ status: number }> }> = {
  CreateProduct: {
    action: 'product.created',
    call: async (headers) =>
      shop.admin.post(
        '/v1/products',
        { sku: 'AUDIT-1', name: 'x', price: { currency: 'USD', amountMinor: '1' }, stock: 3 },
        { headers },
      ),
  },
  // What is recorded of it is the product that the sale is of.
  CreateSale: {
    action: 'product.created',
    call: async (headers) => shop.admin.post('/v1/demo/sales', { stock: 1, shoppers: 1 }, { headers }),
  },
  UpdateProduct: {
    action: 'product.updated',
    call: async (headers) => shop.admin.patch(`/v1/products/${await shop.product(1)}`, { name: 'another' }, { headers }),
  },
  ImportProducts: {
    action: 'product.created',
    call: async (headers) =>
      shop.admin.post('/v1/products:import', 'sku,name,price,currency\nAUDIT-2,x,1,USD\n', {
        headers: { ...headers, 'content-type': 'text/csv' },
      }),
  },
  ImportStock: {
    action: 'stock.adjusted',
    call: async (headers) =>
      shop.admin.post('/v1/stock:import', `sku,warehouse,on_hand\n${await shop.product(1)},MAIN,5\n`, {
        headers: { ...headers, 'content-type': 'text/csv' },
      }),
  },
  CreateWarehouse: {
    action: 'warehouse.created',
    call: async (headers) => shop.admin.post('/v1/warehouses', { code: 'NORTH', name: 'North' }, { headers }),
  },
  UpdateWarehouse: {
    action: 'warehouse.updated',
    call: async (headers) => {
      await shop.admin.post('/v1/warehouses', { code: 'WEST', name: 'West' })
      return shop.admin.patch('/v1/warehouses/WEST', { name: 'Far west' }, { headers })
    },
  },
  CreateSalesChannel: {
    action: 'channel.created',
    call: async (headers) => shop.admin.post('/v1/channels', { code: 'WEB', name: 'Website', warehouses: ['MAIN'] }, { headers }),
  },
  UpdateSalesChannel: {
    action: 'channel.updated',
    call: async (headers) => {
      await shop.admin.post('/v1/channels', { code: 'SHOP', name: 'Shop', warehouses: ['MAIN'] })
      return shop.admin.patch('/v1/channels/SHOP', { name: 'The shop' }, { headers })
    },
  },
  DeleteSalesChannel: {
    action: 'channel.deleted',
    call: async (headers) => {
      await shop.admin.post('/v1/channels', { code: 'KIOSK', name: 'Kiosk', warehouses: ['MAIN'] })
      return shop.admin.delete('/v1/channels/KIOSK', { headers })
    },
  },
  AdjustStock: {
    action: 'stock.adjusted',
    call: async (headers) =>
      shop.admin.post(`/v1/products/${await shop.product(1)}/stock:adjust`, { delta: 5, reason: 'counted' }, { headers }),
  },
  MoveStock: {
    action: 'stock.moved',
    call: async (headers) => {
      const move = { from: 'SELLABLE', to: 'DAMAGED', quantity: 1, reason: 'dropped' }
      return shop.admin.post(`/v1/products/${await shop.product(1)}/stock:move`, move, { headers })
    },
  },
  SetSafetyStock: {
    action: 'safety_stock.set',
    call: async (headers) => shop.admin.post(`/v1/products/${await shop.product(1)}/stock:setSafety`, { units: 1 }, { headers }),
  },
  CreateShipment: {
    action: 'shipment.created',
    call: async (headers) => shop.admin.post('/v1/shipments', { lines: one(await shop.product(0)) }, { headers }),
  },
  ReceiveShipment: {
    action: 'shipment.received',
    call: async (headers) => {
      const { id, sku } = await newShipment()
      const receipt = { receiptReference: 'R-1', lines: one(sku) }
      return shop.admin.post(`/v1/shipments/${id}:receive`, receipt, { headers })
    },
  },
  CancelShipment: {
    action: 'shipment.cancelled',
    call: async (headers) => shop.admin.post(`/v1/shipments/${(await newShipment()).id}:cancel`, undefined, { headers }),
  },
  TransferStock: {
    action: 'shipment.created',
    call: async (headers) => {
      await shop.admin.post('/v1/warehouses', { code: 'EAST', name: 'East' })
      const transfer = { from: 'MAIN', to: 'EAST', quantity: 1, immediate: true }
      return shop.admin.post(`/v1/products/${await shop.product(1)}/stock:transfer`, transfer, { headers })
    },
  },
  CreateAllocation: {
    action: 'allocation.created',
    call: async (headers) => {
      const allocation = { lines: one(await shop.product(1)), reference: 'AUDIT-1', reason: 'for the press' }
      return shop.admin.post('/v1/allocations', allocation, { headers })
    },
  },
  RepairConsistency: {
    action: 'stock.repaired',
    call: async (headers) => {
      const sku = await shop.product(3)
      const database = new Client({ connectionString: shop.system.databaseUrl('inventory') })
      await database.connect()
      await database.query('update stock_levels set reserved = 1 where sku = $1', [sku])
      await database.end()
      return shop.admin.post('/v1/consistency:repair', { kind: 'reserved', id: `${sku}/MAIN` }, { headers })
    },
  },
  CreateReservation: {
    action: 'reservation.created',
    call: async (headers) => shopper.post('/v1/reservations', { lines: one(await shop.product(1)) }, { headers }),
  },
  CreateWaitlistEntry: {
    action: 'waitlist_entry.joined',
    call: async (headers) => shopper.post('/v1/waitlist', { sku: await shop.product(0), quantity: 1 }, { headers }),
  },
  DeleteWaitlistEntry: {
    action: 'waitlist_entry.left',
    call: async (headers) => {
      const { body } = await shopper.post<{ entry: { id: string } }>('/v1/waitlist', { sku: await shop.product(0), quantity: 1 })
      return shopper.delete(`/v1/waitlist/${body.entry.id}`, { headers })
    },
  },
  CancelReservation: {
    action: 'reservation.cancelled',
    call: async (headers) => shopper.post(`/v1/reservations/${await newReservation()}:cancel`, undefined, { headers }),
  },
  ExtendReservation: {
    action: 'reservation.extended',
    call: async (headers) => shopper.post(`/v1/reservations/${await newReservation()}:extend`, { ttlSeconds: 900 }, { headers }),
  },
  ChangeReservation: {
    action: 'reservation.changed',
    call: async (headers) => {
      const { id, sku } = await twoReserved()
      return shopper.post(`/v1/reservations/${id}:change`, { lines: one(sku) }, { headers })
    },
  },
  ReleaseReservation: {
    action: 'reservation.changed',
    call: async (headers) => {
      const { id, sku } = await twoReserved()
      return shopper.post(`/v1/reservations/${id}:release`, { lines: one(sku) }, { headers })
    },
  },
  PlaceOrder: {
    action: 'order.placed',
    call: async (headers) => shopper.post('/v1/orders', { lines: one(await shop.product(1)) }, { headers }),
  },
  ConfirmOrder: {
    action: 'order.confirmed',
    call: async (headers) => shopper.post(`/v1/orders/${await newOrder()}:confirm`, {}, { headers }),
  },
  Checkout: {
    action: 'order.confirmed',
    call: async (headers) => shopper.post('/v1/checkout', { reservationId: await newReservation() }, { headers }),
  },
  ReceivePaymentCallback: {
    action: 'payment.reported',
    call: async (headers) => {
      const reservationId = await newReservation()
      const { body } = await checkOut(shopper, reservationId, 'tok_callback_slow')
      const [paymentId = ''] = await paymentIds(shop, body.order.id)
      const message = signed(shop, { id: 'audited', paymentId, state: 'pending' })
      return post(shop, { ...message, headers: { ...message.headers, ...headers } })
    },
  },
  CancelOrder: {
    action: 'order.cancelled',
    call: async (headers) => shopper.post(`/v1/orders/${await newOrder()}:cancel`, undefined, { headers }),
  },
  TransitionOrder: {
    action: 'order.transitioned',
    call: async (headers) =>
      shop.admin.post(`/v1/orders/${await confirmedOrder()}:transition`, { status: 'PROCESSING' }, { headers }),
  },
  RebuildActivity: {
    action: 'activity.rebuild_started',
    call: async (headers) => shop.admin.post('/v1/activity:rebuild', {}, { headers }),
  },
  CreateWebhookEndpoint: {
    action: 'webhook_endpoint.created',
    call: async (headers) => shop.admin.post(endpoints, { url: 'https://hook.example/', eventTypes: ['*'] }, { headers }),
  },
  UpdateWebhookEndpoint: {
    action: 'webhook_endpoint.updated',
    call: async (headers) => shop.admin.patch(`${endpoints}/${await newEndpoint()}`, { description: 'new' }, { headers }),
  },
  DeleteWebhookEndpoint: {
    action: 'webhook_endpoint.deleted',
    call: async (headers) => shop.admin.delete(`${endpoints}/${await newEndpoint()}`, { headers }),
  },
  ResumeWebhookEndpoint: {
    action: 'webhook_endpoint.resumed',
    call: async (headers) => shop.admin.post(`${endpoints}/${await newEndpoint()}:resume`, undefined, { headers }),
  },
  PauseWebhookEndpoint: {
    action: 'webhook_endpoint.paused',
    call: async (headers) => {
      const id = await newEndpoint()
      await shop.admin.post(`${endpoints}/${id}:resume`)
      return shop.admin.post(`${endpoints}/${id}:pause`, undefined, { headers })
    },
  },
  RotateWebhookSecret: {
    action: 'webhook_endpoint.secret_rotated',
    call: async (headers) => shop.admin.post(`${endpoints}/${await newEndpoint()}:rotate-secret`, {}, { headers }),
  },
  ReplayWebhookDeliveries: {
    action: 'webhook_endpoint.replayed',
    call: async (headers) =>
      shop.admin.post(`${endpoints}/${await newEndpoint()}:replay`, { after: '2026-01-01T00:00:00Z' }, { headers }),
  },
  SkipWebhookDelivery: {
    action: 'webhook_endpoint.delivery_skipped',
    call: async (headers) => shop.admin.post(`/v1/webhooks/deliveries/${await newDelivery()}:skip`, undefined, { headers }),
  },
  Register: {
    action: 'user.registered',
    call: async (headers) =>
      shop.anonymous.post('/v1/auth/register', { email: 'audited@shop.example', password: 'long enough 1' }, { headers }),
  },
  Login: {
    action: 'user.logged_in',
    call: async (headers) =>
      shop.anonymous.post('/v1/auth/login', { email: shopper.user.email, password: shopper.user.password }, { headers }),
  },
  Refresh: {
    action: 'user.token_refreshed',
    call: async (headers) =>
      shop.anonymous.post('/v1/auth/refresh', { refreshToken: (await shop.shopper()).user.refreshToken }, { headers }),
  },
  Logout: {
    action: 'user.logged_out',
    call: async (headers) =>
      shop.anonymous.post('/v1/auth/logout', { refreshToken: (await shop.shopper()).user.refreshToken }, { headers }),
  },
  LogoutEverywhere: {
    action: 'user.logged_out',
    call: async (headers) => (await shop.shopper()).post('/v1/auth/logout:everywhere', undefined, { headers }),
  },
  UpdateUser: {
    action: 'user.role_changed',
    call: async (headers) => shop.admin.patch(`/v1/users/${(await shop.shopper()).user.id}`, { role: 'ADMIN' }, { headers }),
  },
}

/** A new endpoint that nothing is sent to, and what is queued for it. */
async function newEndpoint(): Promise<string> {
  const wanted = { url: 'https://hook.example/', eventTypes: ['holdfast.product.created.v1'] }
  const { body } = await shop.admin.post<{ endpoint: { id: string } }>('/v1/webhooks/endpoints', wanted)
  await shop.admin.post(`${endpoints}/${body.endpoint.id}:pause`)
  return body.endpoint.id
}
async function newDelivery(): Promise<string> {
  const endpoint = await newEndpoint()
  await shop.product(1)
  return waitFor(
    async () => {
      const path = `/v1/webhooks/deliveries?endpointId=${endpoint}`
      return (await shop.admin.get<{ deliveries: { id: string }[] }>(path)).body.deliveries[0]?.id
    },
    { what: 'a delivery' },
  )
}

/** Reached only by way of another: a checkout commits its reservation, or splits it first, and a repair of the books reaches it. */
const byAnother = new Set(['CommitReservation', 'SplitReservation', 'RepairReservation'])

async function twoReserved(): Promise<{ id: string; sku: string }> {
  const sku = await shop.product(2)
  const { id } = await reserved(shopper, [{ sku, quantity: 2 }])
  return { id, sku }
}

async function newReservation(): Promise<string> {
  return (await reserved(shopper, one(await shop.product(1)))).id
}
async function newOrder(): Promise<string> {
  return (await shopper.post<OrderReply>('/v1/orders', { lines: one(await shop.product(1)) })).body.order.id
}
async function confirmedOrder(): Promise<string> {
  return (await checkOut(shopper, await newReservation())).body.order.id
}

const mutating = rpcDescriptors().filter((rpc) => rpc.mutates && !byAnother.has(rpc.method))

test.each(mutating.map((rpc) => rpc.method))(
  '%s leaves exactly one record about its own object, with actor and request id',
  async (method) => {
    const entry = calls[method]
    if (entry === undefined) throw new Error(`${method} changes something: add a call of it to this test`)
    const requestId = `audit-${method}`
    const { status } = await entry.call({ 'x-request-id': requestId })
    expect([200, 201]).toContain(status)
    const objectType = entry.action.split('.')[0]
    // Other services' records of the same request may come first.
    const own = `requestId=${requestId}&objectType=${objectType}`
    await waitFor(async () => (await recordsOf(own)).length > 0, { what: `a record of ${requestId}` })
    const records = await recordsFor(requestId)
    expect(records.filter((record) => record.objectType === objectType).map(({ action }) => action)).toEqual([entry.action])
    const record = records.find(({ action }) => action === entry.action)
    expect(record).toMatchObject({ requestId, hash: expect.stringMatching(/^[0-9a-f]{64}$/) })
    // What was deleted has no after.
    expect(record?.after ?? record?.before).toEqual(expect.any(Object))
    expect(record?.actor.id).not.toBe('')
  },
)

test('a checkout of a part leaves one record of each change of the part, of the rest, and of the order', async () => {
  const { id, sku } = await twoReserved()
  const requestId = `part-${sku}`
  const part = { reservationId: id, lines: one(sku) }
  const { body } = await shopper.post<OrderReply>('/v1/checkout', part, { headers: { 'x-request-id': requestId } })
  const actionsOf = async (object: string): Promise<string[]> =>
    (await recordsFor(requestId)).filter(({ objectId }) => objectId === object).map(({ action }) => action)
  const [child, order] = [body.order.reservationId, body.order.id]
  await waitFor(async () => (await recordsFor(requestId)).length === 4, {
    what: `the records of ${requestId}`,
  })
  expect(await actionsOf(id)).toEqual(['reservation.changed'])
  expect(await actionsOf(child)).toEqual(['reservation.committed', 'reservation.created'])
  expect(await actionsOf(order)).toEqual(['order.confirmed'])
})

test('a replay and a refusal leave none', async () => {
  const sku = await shop.product(1)
  const first = await reserve(shopper, one(sku), {}, `key-${sku}`)
  const headers = { 'x-request-id': `quiet-${sku}` }
  const replay = await shopper.post('/v1/reservations', { lines: one(sku) }, { idempotencyKey: `key-${sku}`, headers })
  const refusal = await shopper.post('/v1/reservations', { lines: one(sku) }, { headers })
  expect([first.status, replay.status, refusal.status]).toEqual([201, 200, 409])
  // A later change of the same topic is there: these would have been before it.
  const later = await newReservation()
  await waitFor(async () => (await recordsOf(`objectId=${later}`)).length > 0, { what: 'the later record' })
  expect(await recordsOf(`requestId=quiet-${sku}`)).toEqual([])
})

test('a checkout leaves one record of the order and one of the reservation, under one request id', async () => {
  const id = await newReservation()
  await shopper.post('/v1/checkout', { reservationId: id }, { headers: { 'x-request-id': 'one-checkout' } })
  const actions = await waitFor(
    async () => {
      const records = await recordsOf('requestId=one-checkout')
      return records.length >= 2 && records.map(({ action }) => action).sort()
    },
    { what: 'both records' },
  )
  expect(actions).toEqual(['order.confirmed', 'reservation.committed'])
})

test('a checkpoint is signed, fits the log, and is published for whoever keeps it elsewhere', async () => {
  const id = await newReservation()
  await waitFor(async () => (await recordsOf(`objectId=${id}`)).length > 0, { what: 'a record' })
  const { body } = await shop.admin.get<{ checkpoint: { sequence: string; hash: string; signature: string } }>(
    '/v1/audit/checkpoint',
  )
  const { sequence, hash, signature } = body.checkpoint
  expect((await recordsOf('')).find((record) => record.sequence === sequence)?.hash).toBe(hash)
  expect((await shop.admin.get(`/v1/audit:verify?checkpoint=${signature}`)).body).toMatchObject({ valid: true })
  const forged = await shop.admin.get(`/v1/audit:verify?checkpoint=${signature.slice(0, -4)}AAAA`)
  expect(forged).toMatchObject({ status: 400, body: { errors: [{ field: 'checkpoint' }] } })
  expect((await shopper.get('/v1/audit/checkpoint')).status).toBe(403)

  const log = new Client({ connectionString: shop.system.databaseUrl('events') })
  await log.connect()
  const value = await waitFor(
    async () => {
      const { rows } = await log.query<{ value: string }>(
        `select value from messages m join topics t on t.id = m.topic_id where t.name = 'holdfast.audit.v1' and value like '%"signature"%' order by "offset" desc limit 1`,
      )
      return rows[0]?.value
    },
    { what: 'a checkpoint to be published' },
  )
  await log.end()
  const { after } = JSON.parse(value) as { after?: { signature: string } }
  expect((await shop.admin.get(`/v1/audit:verify?checkpoint=${after?.signature}`)).body).toMatchObject({ valid: true })
})

test('the whole log comes out as JSON lines, oldest first', async () => {
  const { url, credentials } = shop.system
  const cli = join(__dirname, '..', 'cli', 'dist', 'src', 'main.js')
  const { email, password } = credentials.admin
  const { stdout: text } = await promisify(execFile)(process.execPath, [cli, 'export-audit', '--url', url], {
    env: { ...process.env, HOLDFAST_ADMIN_EMAIL: email, HOLDFAST_ADMIN_PASSWORD: password },
    maxBuffer: 100_000_000,
  })
  const lines = text.trimEnd().split('\n')
  const records = lines.map((line) => JSON.parse(line) as AuditRecord & { previousHash: string })
  expect(records.length).toBeGreaterThan(20)
  expect(records.map(({ sequence }) => sequence)).toEqual(records.map((_, index) => String(index + 1)))
  expect(records.slice(1).map(({ previousHash }) => previousHash)).toEqual(records.slice(0, -1).map(({ hash }) => hash))
})

test('the log is for admins, has no gap, carries no secret, and verifies until somebody touches it', async () => {
  expect((await shopper.get('/v1/audit/records')).status).toBe(403)
  const records = await recordsOf('')
  const sequences = records.map(({ sequence }) => Number(sequence))
  expect(sequences).toEqual(sequences.map((_, index) => (sequences[0] ?? 0) - index))
  expect(JSON.stringify(records)).not.toMatch(/password|shop\.example|eyJ/)
  expect((await shop.admin.get('/v1/audit:verify')).body).toMatchObject({ valid: true })

  const touched = records[Math.floor(records.length / 2)]?.sequence
  const database = new Client({ connectionString: shop.system.databaseUrl('audit') })
  await database.connect()
  await database.query('alter table audit_records disable trigger audit_records_only_grow')
  await database.query(`update audit_records set action = 'nothing.happened' where sequence = $1`, [touched])
  await database.end()
  expect((await shop.admin.get('/v1/audit:verify')).body).toMatchObject({ valid: false, firstBadSequence: touched })
})
