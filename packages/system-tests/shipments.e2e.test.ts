/** Stock on the way, from suppliers and between warehouses: each unit comes once, and is nowhere twice meanwhile. */
import { type ProblemReply } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'

import { countStatuses, one, openShop, reserved, type Shop, times } from './shop'
import { history, type Level, levels, post } from './stock'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(async () => shop?.close())
afterEach(async () => shop.expectBalanced())

interface ShipmentReply {
  shipment: {
    id: string
    kind: string
    state: string
    warehouse: string
    fromWarehouse: string
    lines: { sku: string; expected: number; received: number; writtenOff: number; open: number }[]
  }
  replayed: boolean
}

const announce = async (body: object, idempotencyKey?: string) =>
  shop.admin.post<ShipmentReply & ProblemReply>('/v1/shipments', body, { idempotencyKey })

const receive = async (id: string, receiptReference: string, lines: object[], more: object = {}) =>
  shop.admin.post<ShipmentReply & ProblemReply>(`/v1/shipments/${id}:receive`, { receiptReference, lines, ...more })

describe('incoming stock', () => {
  test('is incoming and not available until it is received, each unit in its state', async () => {
    const [a, b] = [await shop.product(1), await shop.product(0)]
    const lines = [...one(b, 4), ...one(a, 2), ...one(a, 3)]
    const made = await announce({ lines, reference: 'PO-7', supplier: 'Things Ltd.', expectedAt: '2026-12-24T08:00:00Z' })
    expect(made.status).toBe(201)
    const { id } = made.body.shipment
    expect(made.headers.get('location')).toBe(`/v1/shipments/${id}`)
    expect(made.body.shipment).toMatchObject({ kind: 'PURCHASE', state: 'OPEN', warehouse: 'MAIN', supplier: 'Things Ltd.' })
    expect(await levels(shop, a)).toMatchObject({ onHand: 1, available: 1, incoming: 5, warehouses: [{ incoming: 5 }] })
    const arrived = [...one(a, 3), { sku: a, quantity: 1, state: 'DAMAGED' }, { sku: b, quantity: 4, state: 'QUALITY' }]
    expect((await receive(id, 'D-1', arrived)).body.shipment).toMatchObject({ state: 'OPEN' })
    expect(await levels(shop, a)).toMatchObject({ onHand: 5, available: 4, withheld: 1, incoming: 1 })
    expect(await levels(shop, b)).toMatchObject({ onHand: 4, available: 0, incoming: 0 })
    const closed = await receive(id, 'D-2', [], { closing: true })
    expect(closed.body.shipment.state).toBe('RECEIVED')
    const line = closed.body.shipment.lines.find(({ sku }) => sku === a)
    expect(line).toEqual({ sku: a, expected: 5, received: 4, writtenOff: 1, open: 0 })
    expect(await levels(shop, a)).toMatchObject({ onHand: 5, incoming: 0 })
    const moved = (await history(shop, a)).map(({ kind, from, to, quantity }) => `${kind} ${from} ${to} ${quantity}`)
    expect(moved.toSorted()).toEqual([
      'EXPECTED SUPPLIER INCOMING 5',
      'OPENING SUPPLIER SELLABLE 1',
      'RECEIPT INCOMING DAMAGED 1',
      'RECEIPT INCOMING SELLABLE 3',
      'WRITE_OFF INCOMING VARIANCE 1',
    ])
  })

  test('receiving twice adds once, however many do it at once', async () => {
    const sku = await shop.product(0)
    const { id } = (await announce({ lines: one(sku, 10) })).body.shipment
    const replies = await times(8, async () => receive(id, 'D-1', one(sku, 4)))
    expect(countStatuses(replies)).toEqual({ 200: 8 })
    expect(replies.filter(({ body }) => !body.replayed)).toHaveLength(1)
    expect(await levels(shop, sku)).toMatchObject({ onHand: 4, incoming: 6 })
    expect(await receive(id, 'D-1', one(sku, 5))).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } })
    await receive(id, 'D-2', one(sku, 6))
    expect((await receive(id, 'D-1', one(sku, 4))).body).toMatchObject({ replayed: true, shipment: { state: 'RECEIVED' } })
  })

  test('more than is on the way never arrives, whoever is first', async () => {
    const sku = await shop.product(0)
    const { id } = (await announce({ lines: one(sku, 10) })).body.shipment
    const replies = await times(6, async (index) => receive(id, `D-${index}`, one(sku, 3)))
    expect(countStatuses(replies)).toEqual({ 200: 3, 409: 3 })
    expect(await levels(shop, sku)).toMatchObject({ onHand: 9, incoming: 1 })
    expect(await receive(id, 'D-9', one(sku, 2))).toMatchObject({
      status: 409,
      body: { code: 'ILLEGAL_TRANSITION', errors: [{ field: 'lines[0].quantity', message: 'must be up to 1' }] },
    })
  })

  test('a key announces once, and belongs to its request', async () => {
    const [sku, key] = [await shop.product(0), randomUUID()]
    const replies = await times(4, async () => announce({ lines: one(sku, 2) }, key))
    expect(countStatuses(replies)).toEqual({ 200: 3, 201: 1 })
    expect(new Set(replies.map(({ body }) => body.shipment.id)).size).toBe(1)
    expect(await levels(shop, sku)).toMatchObject({ incoming: 2 })
    expect((await announce({ lines: one(sku, 3) }, key)).status).toBe(422)
  })

  test('a cancelled one leaves nothing on the way, and a receipt comes before it or is refused', async () => {
    const sku = await shop.product(0)
    const { id } = (await announce({ lines: one(sku, 5) })).body.shipment
    const cancel = async () => shop.admin.post<ShipmentReply & ProblemReply>(`/v1/shipments/${id}:cancel`)
    const [first, receipt, second] = await Promise.all([cancel(), receive(id, 'D-1', one(sku, 2)), cancel()])
    expect([first.status, second.status]).toEqual([200, 200])
    expect([200, 409]).toContain(receipt.status)
    expect(await levels(shop, sku)).toMatchObject({ onHand: receipt.status === 200 ? 2 : 0, incoming: 0 })
    expect((await receive(id, 'D-2', one(sku))).body.code).toBe('ILLEGAL_TRANSITION')
    expect((await cancel()).body).toMatchObject({ replayed: true, shipment: { state: 'CANCELLED' } })
  })

  test('they are listed, newest first, by state and warehouse, in pages', async () => {
    const code = `W-${randomUUID().slice(0, 8).toUpperCase()}`
    await shop.admin.post('/v1/warehouses', { code, name: 'Another' })
    const sku = await shop.product(0)
    const ids: string[] = []
    for (let left = 3; left > 0; left--) ids.unshift((await announce({ warehouse: code, lines: one(sku) })).body.shipment.id)
    interface List {
      shipments: { id: string }[]
      nextPageToken: string
    }
    const list = async (query: string) => (await shop.admin.get<List>(`/v1/shipments?warehouse=${code}${query}`)).body
    const first = await list('&pageSize=2')
    const rest = await list(`&pageSize=2&pageToken=${first.nextPageToken}`)
    expect([...first.shipments, ...rest.shipments].map(({ id }) => id)).toEqual(ids)
    expect(rest.nextPageToken).toBeFalsy()
    await shop.admin.post(`/v1/shipments/${ids[0]}:cancel`)
    expect((await list('&state=OPEN')).shipments.map(({ id }) => id)).toEqual(ids.slice(1))
    expect((await shop.admin.get<ShipmentReply>(`/v1/shipments/${ids[0]}`)).body.shipment.state).toBe('CANCELLED')
  })

  test('what makes no sense is refused by its name, and a shopper is', async () => {
    const sku = await shop.product(0)
    const { id } = (await announce({ lines: one(sku, 5) })).body.shipment
    const refused: [Promise<{ status: number; body: ProblemReply }>, number, string?][] = [
      [announce({ lines: [] }), 400, 'lines'],
      [announce({ lines: one(sku, 0) }), 400, 'lines[0].quantity'],
      [announce({ lines: one('NOPE') }), 404],
      [announce({ lines: one(sku), warehouse: 'NOWHERE' }), 404],
      [announce({ lines: one(sku), supplier: 'x'.repeat(201) }), 400, 'supplier'],
      [receive(id, '', one(sku)), 400, 'receiptReference'],
      [receive(id, 'D-1', []), 400, 'lines'],
      [receive(id, 'D-1', [{ sku, quantity: 1, state: 'SOLD' }]), 400, 'lines[0].state'],
      [receive(id, 'D-1', one('NOPE')), 400, 'lines[0].sku'],
      [receive(randomUUID(), 'D-1', one(sku)), 404],
    ]
    for (const [call, status, field] of refused) {
      const reply = await call
      expect([reply.status, reply.body.errors?.[0]?.field]).toEqual([status, field])
    }
    const shopper = await shop.shopper()
    for (const path of ['/v1/shipments', `/v1/shipments/${id}:receive`, `/v1/shipments/${id}:cancel`])
      expect((await shopper.post(path, {})).status).toBe(403)
    expect((await shopper.get('/v1/shipments')).status).toBe(403)
  })
})

describe('transfers', () => {
  interface TransferReply extends ShipmentReply {
    from: Level
    to: Level
  }
  const [north, transferred] = [`N-${randomUUID().slice(0, 8).toUpperCase()}`, { from: 'MAIN', quantity: 3 }]
  beforeAll(async () => shop.admin.post('/v1/warehouses', { code: north, name: 'North' }))
  const transfer = async (sku: string, body: object, key?: string) =>
    post<TransferReply>(shop, sku, 'transfer', { ...transferred, to: north, ...body }, key)
  const unitsAt = async (sku: string) =>
    Object.fromEntries(
      ((await levels(shop, sku))?.warehouses ?? []).map(({ warehouse, onHand, incoming }) => [warehouse, [onHand, incoming]]),
    )

  test('units are on the way until they are received, and of no warehouse meanwhile', async () => {
    const sku = await shop.product(5)
    const { status, body } = await transfer(sku, {})
    expect(status).toBe(200)
    expect(body).toMatchObject({
      shipment: { kind: 'TRANSFER', state: 'OPEN', fromWarehouse: 'MAIN', warehouse: north },
      from: { onHand: 2 },
      to: { incoming: 3 },
    })
    expect(await unitsAt(sku)).toEqual({ MAIN: [2, 0], [north]: [0, 3] })
    expect(await shop.available(sku)).toMatchObject({ onHand: 2, available: 2 })
    await receive(body.shipment.id, 'D-1', one(sku, 2))
    expect(await unitsAt(sku)).toEqual({ MAIN: [2, 0], [north]: [2, 1] })
    await shop.admin.post(`/v1/shipments/${body.shipment.id}:cancel`)
    expect(await unitsAt(sku)).toEqual({ MAIN: [3, 0], [north]: [2, 0] })
  })

  test('an immediate one is there at once, and a key sends once', async () => {
    const [sku, key] = [await shop.product(5), randomUUID()]
    const replies = await times(5, async () => transfer(sku, { immediate: true }, key))
    expect(replies.filter(({ body }) => !body.replayed)).toHaveLength(1)
    expect(new Set(replies.map(({ body }) => `${body.shipment.id} ${body.shipment.state}`)).size).toBe(1)
    expect(await unitsAt(sku)).toEqual({ MAIN: [2, 0], [north]: [3, 0] })
    expect((await transfer(sku, {}, key)).status).toBe(422)
  })

  test('both ways at once end, and no unit is lost or made', async () => {
    const sku = await shop.product(12)
    await transfer(sku, { quantity: 6, immediate: true })
    const replies = await times(20, async (index) =>
      transfer(sku, { quantity: 2, immediate: true, ...(index % 2 === 1 && { from: north, to: 'MAIN' }) }),
    )
    for (const { status } of replies) expect([200, 409]).toContain(status)
    expect(await shop.available(sku)).toEqual({ onHand: 12, reserved: 0, available: 12 })
  })

  test('only what is free is sent: not what is reserved or kept back', async () => {
    const sku = await shop.product(5)
    await reserved(await shop.shopper(), one(sku, 2))
    await shop.admin.post(`/v1/products/${sku}/stock:setSafety`, { units: 1 })
    expect(await transfer(sku, {})).toMatchObject({
      status: 409,
      body: { code: 'INSUFFICIENT_STOCK', errors: [{ field: 'quantity' }] },
    })
    expect((await transfer(sku, { quantity: 2 })).status).toBe(200)
  })

  test('what makes no sense is refused by its name, and a shopper is', async () => {
    const sku = await shop.product(5)
    const wrong: [object, number, string?][] = [
      [{ to: 'MAIN' }, 400, 'to'],
      [{ from: '' }, 400, 'from'],
      [{ quantity: -1 }, 400, 'quantity'],
      [{ immediate: true, expectedAt: '2026-12-24T08:00:00Z' }, 400, 'expectedAt'],
      [{ to: 'NOWHERE' }, 404],
    ]
    for (const [body, status, field] of wrong) {
      const reply = await transfer(sku, body)
      expect([reply.status, reply.body.errors?.[0]?.field]).toEqual([status, field])
    }
    const shopper = await shop.shopper()
    expect((await shopper.post(`/v1/products/${sku}/stock:transfer`, { ...transferred, to: north })).status).toBe(403)
  })
})
