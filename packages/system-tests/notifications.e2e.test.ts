/** What the outside hears of a shop: webhooks of stock and orders, and mail to who bought. */
import { randomUUID } from 'node:crypto'

import { waitFor } from '@holdfast/testing'

import { type MailServer, openMailServer, openReceiver, type Receiver } from './receiver'
import { checkOut, one, openShop, reserved, type Shop } from './shop'

let receiver: Receiver
let mailServer: MailServer
let shop: Shop

beforeAll(async () => {
  receiver = await openReceiver()
  mailServer = await openMailServer()
  shop = await openShop({
    notifications: true,
    envFor: {
      notification: {
        WEBHOOK_PRIVATE_TARGETS: 'on',
        SMTP_URL: mailServer.url,
        MAIL_FROM: 'shop@shop.example',
        RESERVATION_REMINDER_SECONDS: '5',
      },
    },
  })
})
afterAll(async () => {
  await shop.close()
  await receiver.close()
  await mailServer.close()
})

/** At least once: as a receiver should, by the id. */
const hooks = () => [...new Map(receiver.deliveries.map((delivery) => [delivery.id, delivery])).values()]

test('stock that runs out and comes back, and an order, are told by webhook and by mail, over a crash', async () => {
  const sku = await shop.product(12)
  await receiver.register(shop, ['holdfast.stock.*', 'holdfast.order.confirmed.v1'])

  const shopper = await shop.shopper()
  const first = await reserved(shopper, one(sku, 11))
  await waitFor(() => hooks().length >= 1, { what: 'the first webhook', timeoutMs: 30_000 })
  await shop.system.kill('notification')
  const held = await reserved(shopper, one(sku))
  // The shop sells on without it.
  const { body } = await checkOut(shopper, first.id)
  await shopper.post(`/v1/reservations/${held.id}:cancel`)
  await shop.system.restart('notification')

  await waitFor(() => hooks().length >= 4, { what: 'the webhooks', timeoutMs: 30_000 })
  const about = hooks()
    .filter(({ subject }) => subject === sku)
    .map(({ type, data }) => [type, data.after['available'] ?? 0])
  expect(about).toEqual([
    ['holdfast.stock.ran_low.v1', 1],
    ['holdfast.stock.ran_out.v1', 0],
    ['holdfast.stock.came_back.v1', 1],
  ])
  expect(
    hooks()
      .filter(({ type }) => type === 'holdfast.order.confirmed.v1')
      .map(({ subject }) => subject),
  ).toEqual([body.order.id])

  const [mail] = await waitFor(() => mailServer.mails.length > 0 && mailServer.mails, { what: 'the mail', timeoutMs: 30_000 })
  expect(mail?.to).toBe(shopper.user.email)
  expect(mail?.text).toContain(body.order.id)
  expect(mailServer.mails).toHaveLength(1)
})

test("a product's own threshold counts instead of the shop's, from when it is set on", async () => {
  const price = { currency: 'USD', amountMinor: '1000' }
  const sku = `OWN-${randomUUID().slice(0, 8).toUpperCase()}`
  const made = await shop.admin.post('/v1/products', { sku, name: 'Lamp', price, stock: 20, lowStockAt: 0 })
  expect(made).toMatchObject({ status: 201, body: { product: { sku, lowStockAt: 0 } } })
  await reserved(await shop.shopper(), one(sku, 18))
  const change = async (lowStockAt: number) => (await shop.admin.patch(`/v1/products/${sku}`, { lowStockAt })).body
  expect(await change(3)).toMatchObject({ product: { lowStockAt: 3 } })
  const told = await waitFor(() => hooks().filter(({ subject }) => subject === sku).length > 0 && hooks(), {
    what: 'the webhook',
    timeoutMs: 30_000,
  })
  expect(told.filter(({ subject }) => subject === sku)).toMatchObject([
    { type: 'holdfast.stock.ran_low.v1', data: { before: { state: 'IN_STOCK' }, after: { available: 2, lowAt: 3 } } },
  ])
  expect((await shop.admin.get(`/v1/products/${sku}`)).body).toMatchObject({ product: { lowStockAt: 3 } })
  expect(await change(-1)).not.toHaveProperty('product.lowStockAt')
})

test('a reservation is told of before it lapses', async () => {
  const shopper = await shop.shopper()
  const { id } = await reserved(shopper, one(await shop.product(20)), { ttlSeconds: 11 })
  const mail = await waitFor(() => mailServer.mails.find(({ text }) => text.includes(id)), {
    what: 'the reminder',
    timeoutMs: 30_000,
  })
  expect(mail.to).toBe(shopper.user.email)
  expect(mail.text).toContain('Subject: Your reservation is about to lapse')
})

test('whoever waited is told once that it is their turn', async () => {
  const [shopper, sku] = [await shop.shopper(), await shop.product(0)]
  const { id } = (await shopper.post<{ entry: { id: string } }>('/v1/waitlist', { sku, quantity: 2 })).body.entry
  await shop.admin.post(`/v1/products/${sku}/stock:adjust`, { delta: 2, reason: 'more of it' })
  const mails = () => mailServer.mails.filter(({ text }) => text.includes(id))
  await waitFor(() => mails().length > 0, { what: 'the mail', timeoutMs: 30_000 })
  // Another notice, from after it: what would be told twice was told by then.
  await checkOut(shopper, (await reserved(shopper, one(await shop.product(1)))).id)
  const bought = () => mailServer.mails.some(({ to, text }) => to === shopper.user.email && text.includes('confirmed'))
  await waitFor(bought, { what: 'the mail of an order', timeoutMs: 30_000 })
  expect(mails()).toMatchObject([{ to: shopper.user.email }])
  expect(mails()[0]?.text).toContain('Subject: It is your turn')
  expect(mails()[0]?.text).toContain(`2 x ${sku}`)
})

test('the gateway is ready without it, and says so', async () => {
  await shop.system.kill('notification')
  const response = await fetch(`${shop.system.url}/readyz`)
  expect([response.status, await response.json()]).toMatchObject([200, { parts: { notification: 'no answer' } }])
  expect(await shop.admin.get('/v1/webhooks/endpoints')).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } })
  await shop.system.restart('notification')
})
