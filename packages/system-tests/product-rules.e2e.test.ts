/** What a product may say of itself, as shoppers meet it over HTTP: that it is made of others, and how many one may have. */
import { type OrderReply, waitFor } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'

import { checkOut, countStatuses, one, openShop, reserve, reserved, type Shop, times } from './shop'

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
