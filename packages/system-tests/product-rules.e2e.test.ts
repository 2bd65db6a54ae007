/** What a product may say of itself, as shoppers meet it over HTTP: that it is made of others, how many one may have, and beyond what is there. */
import { type AvailabilityReply, type OrderReply, type ReservationReply, waitFor } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'

import { checkOut, countStatuses, one, openShop, reserve, reserved, type Shop, type Shopper, times } from './shop'

const patience = { timeoutMs: 30_000 }

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(async () => shop.close())
afterEach(async () => shop.expectBalanced())

async function bundle(priceMinor: number, parts: { sku: string; quantity: number }[]): Promise<string> {
  const sku = `SET-${randomUUID().slice(0, 8).toUpperCase()}`
  const price = { currency: 'USD', amountMinor: String(priceMinor) }
  const made = await shop.admin.post('/v1/products', { sku, name: 'Set', price, parts })
  const bySku = parts.toSorted((a, b) => (a.sku < b.sku ? -1 : 1))
  expect(made).toMatchObject({ status: 201, body: { product: { sku, parts: bySku } } })
  return sku
}

describe('bundles', () => {
  test('50 shoppers race for two bundles that share a part: exactly what there is of it is reserved', async () => {
    const [shared, plenty] = [await shop.product(9), await shop.product(100)]
    const sets = [await bundle(1_500, [...one(plenty), ...one(shared)]), await bundle(2_500, [...one(shared), ...one(plenty, 2)])]
    const shopper = await shop.shopper()
    const replies = await times(50, async (index) => reserve(shopper, one(sets[index % 2] ?? '')))
    expect(countStatuses(replies)).toEqual({ 201: 9, 409: 41 })
    expect(await shop.available(shared)).toEqual({ onHand: 9, reserved: 9, available: 0 })
    for (const sku of sets) expect(await shop.available(sku)).toEqual({ onHand: 0, reserved: 0, available: 0 })
  })

  test('a bundle is one line of the reservation and of the order, at its own price, and comes back with a cancelled order', async () => {
    const [bread, butter] = [await shop.product(10), await shop.product(10)]
    const parts = [...one(bread, 2), ...one(butter)].sort((a, b) => (a.sku < b.sku ? -1 : 1))
    const set = await bundle(1_500, parts)
    const shopper = await shop.shopper()
    const made = await reserved(shopper, [...one(set, 2), ...one(bread)])
    const line = {
      sku: set,
      quantity: 2,
      warehouse: 'MAIN',
      unitPrice: { amountMinor: '1500' },
      parts: parts.map(({ sku, quantity }) => ({ sku, quantity: quantity * 2, warehouse: 'MAIN' })),
    }
    const lines = expect.arrayContaining([
      expect.objectContaining({ sku: bread, quantity: 1 }),
      expect.objectContaining({ sku: set }),
    ]) as unknown
    expect(made.lines).toEqual(lines)
    expect(made.lines.find(({ sku }) => sku === set)).toMatchObject(line)
    const { body } = await checkOut(shopper, made.id)
    expect(body.order).toMatchObject({ status: 'CONFIRMED', total: { amountMinor: '4000' } })
    expect(body.order.lines.find(({ sku }) => sku === set)).toMatchObject(line)
    expect(await shop.available(bread)).toEqual({ onHand: 5, reserved: 0, available: 5 })
    await shopper.post<OrderReply>(`/v1/orders/${body.order.id}:cancel`)
    await waitFor(async () => (await shop.available(bread)).available === 10 && (await shop.available(butter)).available === 10, {
      what: 'the units to come back',
    })
  })
})

describe('limits', () => {
  test('50 concurrent reserves of one shopper never pass the limit; what they bought counts, what they cancelled does not', async () => {
    const sku = await shop.product(100)
    expect(await shop.admin.patch(`/v1/products/${sku}`, { mostPerShopper: 3 })).toMatchObject({
      status: 200,
      body: { product: { mostPerShopper: 3 } },
    })
    const shopper = await shop.shopper()
    const replies = await times(50, async () => reserve(shopper, one(sku)))
    expect(countStatuses(replies)).toEqual({ 201: 3, 409: 47 })
    expect(replies.find(({ status }) => status === 409)?.body).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      errors: [{ field: 'lines[0].quantity', message: 'at most 3 for each shopper, of which 0 are left' }],
    })
    expect((await reserve(await shop.shopper(), one(sku, 3))).status).toBe(201)
    const [bought, given] = replies.filter(({ status }) => status === 201).map(({ body }) => body.reservation.id)
    const { body } = await checkOut(shopper, bought ?? '')
    expect((await reserve(shopper, one(sku))).status).toBe(409)
    await shopper.post(`/v1/reservations/${given}:cancel`)
    expect((await reserve(shopper, one(sku))).status).toBe(201)
    expect((await reserve(shopper, one(sku))).status).toBe(409)
    await shopper.post(`/v1/orders/${body.order.id}:cancel`)
    await waitFor(async () => (await reserve(shopper, one(sku))).status === 201, { what: 'the units of the cancelled order' })
    expect((await reserve(shopper, one(sku))).status).toBe(409)
  })
})

describe('backorders', () => {
  const until = '2031-05-01T00:00:00Z'
  const promising = async (stock: number, cap: number): Promise<string> => {
    const sku = await shop.product(stock)
    const { status, body } = await shop.admin.patch(`/v1/products/${sku}`, { backorder: { cap, until } })
    expect([status, body]).toMatchObject([200, { product: { backorder: { cap, until, warehouse: 'MAIN' } } }])
    return sku
  }
  const levelOf = async (sku: string) => {
    const { body } = await shop.anonymous.get<AvailabilityReply>(`/v1/availability?skus=${sku}`)
    const { onHand, reserved, available, promised, backorderable } = body.availability[0] ?? {}
    return { onHand, reserved, available, promised, backorderable }
  }
  const arrive = async (sku: string, delta: number) =>
    expect(await shop.admin.post(`/v1/products/${sku}/stock:adjust`, { delta, reason: 'delivery' })).toMatchObject({
      status: 200,
    })
  const orderOf = async (shopper: Shopper, id: string) => (await shopper.get<OrderReply>(`/v1/orders/${id}`)).body.order
  const missingOf = async (shopper: Shopper, id: string) => (await orderOf(shopper, id)).lines.map((line) => line.backordered)
  const untilMissing = async (shopper: Shopper, id: string, units: number) =>
    waitFor(async () => (await missingOf(shopper, id))[0] === units, { what: `${units} of the order to be missing`, ...patience })

  test('50 reserves of three shoppers at once never pass stock and cap; lines say what is not there, and until when', async () => {
    const sku = await promising(5, 4)
    const [ann, ben, cem] = [await shop.shopper(), await shop.shopper(), await shop.shopper()]
    const replies = await times(50, async (index) => reserve([ann, ben, cem][index % 3] ?? ann, one(sku)))
    expect(countStatuses(replies)).toEqual({ 201: 9, 409: 41 })
    expect(replies.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'INSUFFICIENT_STOCK' })
    const lines = replies.flatMap(({ status, body }) => (status === 201 ? body.reservation.lines : []))
    expect(lines.filter(({ backordered }) => backordered === 1).map((line) => line.backorderUntil)).toEqual(Array(4).fill(until))
    expect(await levelOf(sku)).toEqual({ onHand: 5, reserved: 5, available: 0, promised: 4, backorderable: 0 })
  })

  test('arriving stock goes to whom it was promised first, reserved or sold, and nobody else has it meanwhile', async () => {
    const sku = await promising(1, 10)
    const [ann, ben, cem] = [await shop.shopper(), await shop.shopper(), await shop.shopper()]
    const first = await reserved(ann, one(sku, 3))
    expect(first.lines).toMatchObject([{ quantity: 3, backordered: 2, backorderUntil: until }])
    const second = await reserved(ben, one(sku, 2))
    const third = await reserved(cem, one(sku, 2))
    const { order } = (await checkOut(ann, first.id)).body
    expect(order).toMatchObject({ status: 'CONFIRMED', lines: [{ quantity: 3, backordered: 2, backorderUntil: until }] })
    expect(await levelOf(sku)).toEqual({ onHand: 0, reserved: 0, available: 0, promised: 6, backorderable: 4 })

    const move = async (status: string) => shop.admin.post(`/v1/orders/${order.id}:transition`, { status })
    await move('PROCESSING')
    expect(await move('SHIPPED')).toMatchObject({ status: 409, body: { code: 'ILLEGAL_TRANSITION' } })
    await arrive(sku, 3)
    await untilMissing(ann, order.id, 0)
    const backordered = async (shopper: Shopper, id: string) =>
      (await shopper.get<ReservationReply>(`/v1/reservations/${id}`)).body.reservation.lines[0]?.backordered
    await waitFor(async () => (await backordered(ben, second.id)) === 1, { what: 'the second to have one', ...patience })
    expect(await backordered(cem, third.id)).toBe(2)
    expect((await move('SHIPPED')).status).toBe(200)
    const { order: sold } = (await checkOut(ben, second.id)).body
    expect(sold).toMatchObject({ status: 'CONFIRMED', lines: [{ backordered: 1 }] })
    await arrive(sku, 4)
    await untilMissing(ben, sold.id, 0)
    await waitFor(async () => (await backordered(cem, third.id)) === 0, { what: 'the third to have both', ...patience })
    await waitFor(async () => (await levelOf(sku)).available === 1, { what: 'the rest to be free', ...patience })
    expect(await levelOf(sku)).toEqual({ onHand: 3, reserved: 2, available: 1, promised: 0, backorderable: 10 })
  })

  test('a cancelled order gives back what it had, and what it waited for goes to the next', async () => {
    const sku = await promising(1, 10)
    const [ann, ben] = [await shop.shopper(), await shop.shopper()]
    const { order } = (await checkOut(ann, (await reserved(ann, one(sku, 4))).id)).body
    await arrive(sku, 1)
    await untilMissing(ann, order.id, 2)
    const { order: next } = (await checkOut(ben, (await reserved(ben, one(sku, 3))).id)).body
    await ann.post(`/v1/orders/${order.id}:cancel`)
    await untilMissing(ben, next.id, 1)
    await waitFor(async () => (await orderOf(ann, order.id)).paymentStatus === 'REFUNDED', {
      what: 'the money back',
      ...patience,
    })
    expect(await levelOf(sku)).toEqual({ onHand: 0, reserved: 0, available: 0, promised: 1, backorderable: 9 })
  })

  test('a part of a reservation is sold with its place among the promises', async () => {
    const sku = await promising(0, 10)
    const [ann, ben] = [await shop.shopper(), await shop.shopper()]
    const whole = await reserved(ann, one(sku, 3))
    const { order: waiting } = (await checkOut(ben, (await reserved(ben, one(sku))).id)).body
    const { body } = await ann.post<OrderReply>('/v1/checkout', { reservationId: whole.id, lines: one(sku, 2) })
    expect(body.order).toMatchObject({ status: 'CONFIRMED', lines: [{ quantity: 2, backordered: 2 }] })
    await arrive(sku, 3)
    await untilMissing(ann, body.order.id, 0)
    expect(await missingOf(ben, waiting.id)).toEqual([1])
    await arrive(sku, 1)
    await untilMissing(ben, waiting.id, 0)
  })

  test('what makes no sense is refused', async () => {
    const sku = await shop.product(1)
    const change = async (backorder: unknown) => (await shop.admin.patch(`/v1/products/${sku}`, { backorder })).body
    expect(await change({})).toMatchObject({ code: 'INVALID_ARGUMENT', errors: [{ field: 'backorder.cap' }] })
    expect(await change({ cap: 1, until: 'soon' })).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await change({ cap: 1, warehouse: 'NOWHERE' })).toMatchObject({ code: 'NOT_FOUND' })
    const set = await bundle(100, one(sku))
    const ofBundle = await shop.admin.patch(`/v1/products/${set}`, { backorder: { cap: 1 } })
    expect(ofBundle).toMatchObject({ status: 400, body: { errors: [{ field: 'backorder' }] } })
    const shopper = await shop.shopper()
    expect((await shopper.patch(`/v1/products/${sku}`, { backorder: { cap: 1 } })).status).toBe(403)
  })
})
