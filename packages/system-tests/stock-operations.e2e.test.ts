/** What is done to stock by hand, over HTTP as an admin does it: once each, never what somebody holds, and the books say why. */
import { type ProblemReply, waitFor } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'

import { countStatuses, one, openShop, reserved, type Shop, times } from './shop'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(async () => shop?.close())
afterEach(async () => shop.expectBalanced())

interface Level {
  onHand: number
  reserved: number
  available: number
  withheld: number
  incoming: number
}

interface Movement {
  kind: string
  delta: number
  quantity: number
  from: string
  to: string
  reason: string
  reasonCode: string
  reference: string
  warehouse: string
  actor: { role: string }
}

interface AdjustReply {
  movement?: Movement
  level: Level & { damaged: number; quality: number; safety: number }
  replayed: boolean
}

const reason = 'counted'

const post = async <Reply = AdjustReply>(sku: string, verb: string, body: object, idempotencyKey?: string) =>
  shop.admin.post<Reply & ProblemReply>(`/v1/products/${sku}/stock:${verb}`, { reason, ...body }, { idempotencyKey })

const history = async (sku: string): Promise<Movement[]> =>
  (await shop.admin.get<{ movements: Movement[] }>(`/v1/products/${sku}/stock/history`)).body.movements

describe('adjusting', () => {
  test('"was 7, now 5" moves two units, with its reason code and reference in the history', async () => {
    const sku = await shop.product(7)
    const change = { expectedOnHand: 7, onHand: 5, reasonCode: 'LOSS', reference: 'COUNT-12' }
    const { status, body } = await post(sku, 'adjust', change)
    expect(status).toBe(200)
    expect(body).toMatchObject({ level: { onHand: 5, available: 5 }, replayed: false })
    expect((await history(sku))[0]).toMatchObject({
      kind: 'ADJUSTMENT',
      delta: -2,
      quantity: 2,
      from: 'SELLABLE',
      to: 'VARIANCE',
      reason,
      reasonCode: 'LOSS',
      reference: 'COUNT-12',
      actor: { role: 'ADMIN' },
    })
  })

  test('a stale expectation is a conflict that says how many there are', async () => {
    const sku = await shop.product(7)
    const { status, body } = await post(sku, 'adjust', { expectedOnHand: 6, onHand: 5 })
    expect(status).toBe(409)
    expect(body).toMatchObject({ code: 'CONFLICT', errors: [{ field: 'expectedOnHand', message: 'is 7' }] })
    expect(await shop.available(sku)).toMatchObject({ onHand: 7 })
  })

  test('of many who count from the same number one wins, and a repeat of it is no conflict', async () => {
    const sku = await shop.product(10)
    const keys = Array.from({ length: 10 }, () => randomUUID())
    const change = (index: number) => ({ expectedOnHand: 10, onHand: 11 + index })
    const first = await times(10, async (index) => post(sku, 'adjust', change(index), keys[index]))
    expect(countStatuses(first)).toEqual({ 200: 1, 409: 9 })
    const winner = first.findIndex(({ status }) => status === 200)
    expect(await shop.available(sku)).toMatchObject({ onHand: 11 + winner })
    const repeat = await post(sku, 'adjust', change(winner), keys[winner])
    expect(repeat).toMatchObject({ status: 200, body: { replayed: true, movement: { delta: 1 + winner } } })
    expect(await history(sku)).toHaveLength(2)
  })

  test('a count that finds what is there moves nothing, and is remembered', async () => {
    const [sku, key] = [await shop.product(5), randomUUID()]
    const count = { expectedOnHand: 5, onHand: 5, reasonCode: 'COUNT' }
    const { body } = await post(sku, 'adjust', count, key)
    expect(body).toMatchObject({ level: { onHand: 5 }, replayed: false })
    expect(body.movement).toBeFalsy()
    await post(sku, 'adjust', { delta: 2 })
    expect((await post(sku, 'adjust', count, key)).body).toMatchObject({ level: { onHand: 7 }, replayed: true })
    expect(await history(sku)).toHaveLength(2)
  })

  test('a key belongs to the whole request', async () => {
    const [sku, key] = [await shop.product(5), randomUUID()]
    const change = { delta: 2, reasonCode: 'FOUND', reference: 'R-1' }
    const replies = await times(5, async () => post(sku, 'adjust', change, key))
    expect(replies.filter(({ body }) => !body.replayed)).toHaveLength(1)
    const others = [{ reasonCode: 'COUNT' }, { reference: 'R-2' }, { delta: 3 }, { account: 'DAMAGED' }, { reason: 'other' }]
    for (const other of others) {
      expect(await post(sku, 'adjust', { ...change, ...other }, key)).toMatchObject({
        status: 422,
        body: { code: 'IDEMPOTENCY_KEY_REUSED' },
      })
    }
    expect(await shop.available(sku)).toMatchObject({ onHand: 7 })
  })

  test('what is reserved stays, by whatever way it is asked', async () => {
    const sku = await shop.product(5)
    await reserved(await shop.shopper(), one(sku, 4))
    for (const change of [{ delta: -2 }, { expectedOnHand: 5, onHand: 3 }]) {
      expect(await post(sku, 'adjust', change)).toMatchObject({ status: 409, body: { code: 'INSUFFICIENT_STOCK' } })
    }
    expect(await post(sku, 'adjust', { expectedOnHand: 5, onHand: 4 })).toMatchObject({ status: 200 })
  })

  test('a shopper may not', async () => {
    const sku = await shop.product(5)
    const shopper = await shop.shopper()
    expect((await shopper.post(`/v1/products/${sku}/stock:adjust`, { delta: 1, reason })).status).toBe(403)
  })
})

describe('states of stock, and safety stock', () => {
  test('what is damaged or held for quality is on hand and not available, and can be sellable again', async () => {
    const sku = await shop.product(10)
    expect((await post(sku, 'move', { from: 'SELLABLE', to: 'DAMAGED', quantity: 3, reasonCode: 'DAMAGE' })).body).toMatchObject({
      movement: { kind: 'STATE', delta: 0, quantity: 3, from: 'SELLABLE', to: 'DAMAGED', reasonCode: 'DAMAGE' },
      level: { onHand: 10, available: 7, withheld: 3, damaged: 3 },
    })
    await post(sku, 'move', { from: 'DAMAGED', to: 'QUALITY', quantity: 2 })
    await post(sku, 'move', { from: 'QUALITY', to: 'SELLABLE', quantity: 1 })
    expect(await shop.available(sku)).toEqual({ onHand: 10, reserved: 0, available: 8 })
    const { body } = await post(sku, 'adjust', { delta: -1, account: 'DAMAGED', reason: 'thrown away' })
    expect(body.level).toMatchObject({ onHand: 9, available: 8, damaged: 0, quality: 1 })
    expect((await history(sku)).map(({ kind, from, to, quantity }) => `${kind} ${from} ${to} ${quantity}`)).toEqual([
      'ADJUSTMENT DAMAGED VARIANCE 1',
      'STATE QUALITY SELLABLE 1',
      'STATE DAMAGED QUALITY 2',
      'STATE SELLABLE DAMAGED 3',
      'OPENING SUPPLIER SELLABLE 10',
    ])
  })

  test('moves meet reservations at once, and no unit is both reserved and damaged', async () => {
    const sku = await shop.product(10)
    const shopper = await shop.shopper()
    const [moves, holds] = await Promise.all([
      times(8, async () => post(sku, 'move', { from: 'SELLABLE', to: 'DAMAGED', quantity: 1 })),
      times(8, async () => shopper.post('/v1/reservations', { lines: one(sku) })),
    ])
    const won = [countStatuses(moves)[200] ?? 0, countStatuses(holds)[201] ?? 0]
    expect(won).toEqual([10 - (won[1] ?? 0), 10 - (won[0] ?? 0)])
    expect(countStatuses(moves)[409]).toBe(8 - (won[0] ?? 0) || undefined)
    expect(await shop.available(sku)).toEqual({ onHand: 10, reserved: won[1], available: 0 })
  })

  test('a key moves units once', async () => {
    const [sku, key] = [await shop.product(5), randomUUID()]
    const move = { from: 'SELLABLE', to: 'QUALITY', quantity: 2 }
    const replies = await times(5, async () => post(sku, 'move', move, key))
    expect(replies.filter(({ body }) => !body.replayed)).toHaveLength(1)
    expect(replies.map(({ body }) => body.movement?.quantity)).toEqual([2, 2, 2, 2, 2])
    expect((await post(sku, 'move', { ...move, quantity: 1 }, key)).status).toBe(422)
    expect(await shop.available(sku)).toMatchObject({ available: 3 })
  })

  test('units of a reservation that lapses may be moved from the moment of its end', async () => {
    const sku = await shop.product(2)
    await reserved(await shop.shopper(), one(sku, 2), { ttlSeconds: 1 })
    await waitFor(async () => (await shop.available(sku)).available === 2, { what: 'its end' })
    expect(await post(sku, 'move', { from: 'SELLABLE', to: 'DAMAGED', quantity: 2 })).toMatchObject({ status: 200 })
  })

  test('safety stock is kept back from who reserves, not from who adjusts', async () => {
    const [sku, key] = [await shop.product(5), randomUUID()]
    const shopper = await shop.shopper()
    const set = { units: 4, warehouse: 'MAIN' }
    const safety = async () => shop.admin.post<AdjustReply>(`/v1/products/${sku}/stock:setSafety`, set, { idempotencyKey: key })
    expect((await safety()).body).toMatchObject({ level: { onHand: 5, available: 1, withheld: 4, safety: 4 }, replayed: false })
    expect((await shopper.post('/v1/reservations', { lines: one(sku, 2) })).status).toBe(409)
    await reserved(shopper, one(sku))
    expect((await post(sku, 'adjust', { delta: -4 })).body.level).toMatchObject({ onHand: 1, available: 0 })
    await shop.admin.post(`/v1/products/${sku}/stock:setSafety`, { units: 0 })
    expect((await safety()).body).toMatchObject({ level: { safety: 0 }, replayed: true })
  })

  test.each([
    ['move', 'from', { to: 'DAMAGED', quantity: 1 }],
    ['move', 'from', { from: 'SOLD', to: 'DAMAGED', quantity: 1 }],
    ['move', 'to', { from: 'DAMAGED', to: 'DAMAGED', quantity: 1 }],
    ['move', 'quantity', { from: 'SELLABLE', to: 'DAMAGED', quantity: 0 }],
    ['move', 'reason', { from: 'SELLABLE', to: 'DAMAGED', quantity: 1, reason: ' ' }],
  ])('a %s with a wrong %s is refused by that name', async (verb, field, body) => {
    const sku = await shop.product(1)
    expect(await post(sku, verb, body)).toMatchObject({ status: 400, body: { errors: [{ field }] } })
  })

  test('more than there is of a state, a warehouse that there is not, and a shopper are refused', async () => {
    const sku = await shop.product(1)
    const move = { from: 'DAMAGED', to: 'SELLABLE', quantity: 1, reason }
    expect(await post(sku, 'move', move)).toMatchObject({ status: 409, body: { code: 'INSUFFICIENT_STOCK' } })
    expect(await post(sku, 'move', { ...move, warehouse: 'NOWHERE' })).toMatchObject({ status: 404 })
    const shopper = await shop.shopper()
    expect((await shopper.post(`/v1/products/${sku}/stock:move`, move)).status).toBe(403)
    expect((await shopper.post(`/v1/products/${sku}/stock:setSafety`, { units: 1 })).status).toBe(403)
    expect((await shop.admin.post(`/v1/products/${sku}/stock:setSafety`, { units: -1 })).status).toBe(400)
  })
})

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

const levels = async (sku: string) =>
  (
    await shop.anonymous.get<{ availability: (Level & { warehouses: (Level & { warehouse: string })[] })[] }>(
      `/v1/availability?skus=${sku}`,
    )
  ).body.availability[0]

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
    expect(await levels(a)).toMatchObject({ onHand: 1, available: 1, incoming: 5, warehouses: [{ incoming: 5 }] })
    const arrived = [...one(a, 3), { sku: a, quantity: 1, state: 'DAMAGED' }, { sku: b, quantity: 4, state: 'QUALITY' }]
    expect((await receive(id, 'D-1', arrived)).body.shipment).toMatchObject({ state: 'OPEN' })
    expect(await levels(a)).toMatchObject({ onHand: 5, available: 4, withheld: 1, incoming: 1 })
    expect(await levels(b)).toMatchObject({ onHand: 4, available: 0, incoming: 0 })
    const closed = await receive(id, 'D-2', [], { closing: true })
    expect(closed.body.shipment.state).toBe('RECEIVED')
    const line = closed.body.shipment.lines.find(({ sku }) => sku === a)
    expect(line).toEqual({ sku: a, expected: 5, received: 4, writtenOff: 1, open: 0 })
    expect(await levels(a)).toMatchObject({ onHand: 5, incoming: 0 })
    const moved = (await history(a)).map(({ kind, from, to, quantity }) => `${kind} ${from} ${to} ${quantity}`)
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
    expect(await levels(sku)).toMatchObject({ onHand: 4, incoming: 6 })
    expect(await receive(id, 'D-1', one(sku, 5))).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } })
    await receive(id, 'D-2', one(sku, 6))
    expect((await receive(id, 'D-1', one(sku, 4))).body).toMatchObject({ replayed: true, shipment: { state: 'RECEIVED' } })
  })

  test('more than is on the way never arrives, whoever is first', async () => {
    const sku = await shop.product(0)
    const { id } = (await announce({ lines: one(sku, 10) })).body.shipment
    const replies = await times(6, async (index) => receive(id, `D-${index}`, one(sku, 3)))
    expect(countStatuses(replies)).toEqual({ 200: 3, 409: 3 })
    expect(await levels(sku)).toMatchObject({ onHand: 9, incoming: 1 })
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
    expect(await levels(sku)).toMatchObject({ incoming: 2 })
    expect((await announce({ lines: one(sku, 3) }, key)).status).toBe(422)
  })

  test('a cancelled one leaves nothing on the way, and a receipt comes before it or is refused', async () => {
    const sku = await shop.product(0)
    const { id } = (await announce({ lines: one(sku, 5) })).body.shipment
    const cancel = async () => shop.admin.post<ShipmentReply & ProblemReply>(`/v1/shipments/${id}:cancel`)
    const [first, receipt, second] = await Promise.all([cancel(), receive(id, 'D-1', one(sku, 2)), cancel()])
    expect([first.status, second.status]).toEqual([200, 200])
    expect([200, 409]).toContain(receipt.status)
    expect(await levels(sku)).toMatchObject({ onHand: receipt.status === 200 ? 2 : 0, incoming: 0 })
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
    post<TransferReply>(sku, 'transfer', { ...transferred, to: north, ...body }, key)
  const unitsAt = async (sku: string) =>
    Object.fromEntries(
      ((await levels(sku))?.warehouses ?? []).map(({ warehouse, onHand, incoming }) => [warehouse, [onHand, incoming]]),
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

describe('allocations', () => {
  interface AllocationReply {
    allocation: { lines: { sku: string; warehouse: string; quantity: number }[] }
    replayed: boolean
  }
  const allocate = async (lines: object[], reference: string = randomUUID(), more: object = {}) =>
    shop.admin.post<AllocationReply & ProblemReply>('/v1/allocations', { lines, reference, reason, ...more })

  test('take units out without a hold, all lines or none, and the history says so', async () => {
    const [a, b] = [await shop.product(5), await shop.product(1)]
    const { status, body } = await allocate([...one(a, 2), ...one(b)], 'GIFT-1')
    expect(status).toBe(201)
    expect(body.allocation.lines).toHaveLength(2)
    expect((await history(a))[0]).toMatchObject({
      kind: 'ALLOCATION',
      from: 'SELLABLE',
      to: 'ALLOCATED',
      delta: -2,
      reference: 'GIFT-1',
    })
    const short = await allocate([...one(a), ...one(b)])
    expect(short).toMatchObject({ status: 409, body: { code: 'INSUFFICIENT_STOCK' } })
    expect(await shop.available(a)).toEqual({ onHand: 3, reserved: 0, available: 3 })
  })

  test('a reference takes once, however many ask at once, and belongs to its request', async () => {
    const sku = await shop.product(5)
    const reference = randomUUID()
    const replies = await times(6, async () => allocate(one(sku, 2), reference))
    expect(countStatuses(replies)).toEqual({ 200: 5, 201: 1 })
    expect((await allocate(one(sku, 3), reference)).status).toBe(422)
    expect(await shop.available(sku)).toMatchObject({ onHand: 3 })
  })

  test('they meet reservations at once, and nobody gets what another has', async () => {
    const sku = await shop.product(10)
    const shopper = await shop.shopper()
    const [taken, held] = await Promise.all([
      times(8, async () => allocate(one(sku))),
      times(8, async () => shopper.post('/v1/reservations', { lines: one(sku) })),
    ])
    const [out, on] = [countStatuses(taken)[201] ?? 0, countStatuses(held)[201] ?? 0]
    expect(out + on).toBe(10)
    expect(await shop.available(sku)).toEqual({ onHand: on, reserved: on, available: 0 })
  })

  test('lines that name no warehouse come from the first that has all of them', async () => {
    const code = `A-${randomUUID().slice(0, 8).toUpperCase()}`
    await shop.admin.post('/v1/warehouses', { code, name: 'Another' })
    const [a, b] = [await shop.product(5), await shop.product(0)]
    for (const sku of [a, b]) await post(sku, 'adjust', { delta: 2, warehouse: code })
    const { body } = await allocate([...one(a), ...one(b)])
    expect(body.allocation.lines.map(({ warehouse }) => warehouse)).toEqual([code, code])
    expect((await allocate([{ sku: a, quantity: 2, warehouse: code }])).status).toBe(409)
    expect((await allocate(one(a, 2))).body.allocation.lines[0]?.warehouse).toBe('MAIN')
  })

  test('what makes no sense is refused by its name, and a shopper is', async () => {
    const sku = await shop.product(5)
    const wrong: [Promise<{ status: number; body: ProblemReply }>, number, string?][] = [
      [allocate([]), 400, 'lines'],
      [allocate(one(sku, 0)), 400, 'lines[0].quantity'],
      [allocate(one(sku), ''), 400, 'reference'],
      [allocate(one(sku), randomUUID(), { reason: '' }), 400, 'reason'],
      [allocate(one('NOPE')), 404],
    ]
    for (const [call, status, field] of wrong) {
      const reply = await call
      expect([reply.status, reply.body.errors?.[0]?.field]).toEqual([status, field])
    }
    const shopper = await shop.shopper()
    expect((await shopper.post('/v1/allocations', { lines: one(sku), reference: 'X', reason })).status).toBe(403)
  })
})
