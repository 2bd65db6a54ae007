import { countStatuses, one, openShop, reserve, type Shop, times } from './shop'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(async () => shop.close())
afterEach(async () => shop.expectBalanced())

test.each(['COMBINING', 'PESSIMISTIC', 'OPTIMISTIC'])(
  'an admin may ask for %s: 50 race for 5, exactly 5 win',
  async (strategy) => {
    const sku = await shop.product(5)
    const replies = await times(50, async () => {
      for (;;) {
        const reply = await reserve(shop.admin, one(sku), { strategy })
        // The bounded tries were used up: asking again is the caller's part.
        if ((reply.body as { code?: string }).code !== 'CONFLICT') return reply
      }
    })
    expect(countStatuses(replies)).toEqual({ 201: 5, 409: 45 })
    expect(await shop.available(sku)).toEqual({ onHand: 5, reserved: 5, available: 0 })
  },
)

test('a shopper gets the default and may not choose another, and nobody one that does not exist', async () => {
  const sku = await shop.product(5)
  const shopper = await shop.shopper()
  expect((await reserve(shopper, one(sku), { strategy: 'COMBINING' })).status).toBe(201)
  expect(await reserve(shopper, one(sku), { strategy: 'PESSIMISTIC' })).toMatchObject({
    status: 403,
    body: { code: 'PERMISSION_DENIED', errors: [{ field: 'strategy' }] },
  })
  expect(await reserve(shop.admin, one(sku), { strategy: 'MAGIC' })).toMatchObject({
    status: 400,
    body: { errors: [{ field: 'strategy' }] },
  })
  expect(await reserve(shop.admin, one(sku), { strategy: 17 })).toMatchObject({
    status: 400,
    body: { errors: [{ field: 'strategy' }] },
  })
  expect(await shop.available(sku)).toMatchObject({ reserved: 1 })
})
