/** The client at a running system. */
import { adminToken, startTestSystem, type TestSystem } from '@holdfast/testing'

import { createClient } from '../src/index.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem({})
})
afterAll(async () => system.stop())

test('a shopper reserves what an admin put on sale, sees the stock change, and pays', async () => {
  const admin = createClient({ url: system.url, token: async () => adminToken(system) })
  const sku = 'CLIENT-1'
  const made = await admin.createProduct({ sku, name: 'A thing', price: { currency: 'USD', amountMinor: 1_000 }, stock: 3 })
  expect(made.product).toMatchObject({ sku, version: 1, price: { amountMinor: '1000' } })

  const anonymous = createClient({ url: system.url })
  const { accessToken } = await anonymous.register({ email: 'client@shop.example', password: 'a long enough password' })
  const shopper = createClient({ url: system.url, token: () => accessToken })

  const stock = anonymous.watchAvailability({ skus: [sku] })
  const levels: (number | undefined)[] = [(await stock.next()).value?.availability[0]?.available]
  const { reservation } = await shopper.createReservation({ lines: [{ sku, quantity: 2 }] })
  levels.push((await stock.next()).value?.availability[0]?.available)
  await stock.return(undefined)
  expect(levels).toEqual([3, 1])

  await expect(shopper.createReservation({ lines: [{ sku, quantity: 2 }] })).rejects.toMatchObject({ code: 'INSUFFICIENT_STOCK' })
  const { order } = await shopper.checkout({ reservationId: reservation?.id })
  expect(order).toMatchObject({ status: 'CONFIRMED', paymentStatus: 'SUCCEEDED' })
  const { orders } = await shopper.listOrders({ pageSize: 10 })
  expect(orders.map(({ id }) => id)).toEqual([order?.id])
})
