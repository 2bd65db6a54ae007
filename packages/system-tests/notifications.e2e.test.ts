/** What the outside hears of a shop: webhooks of stock and orders, and mail to who bought. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { waitFor } from '@holdfast/testing'
import { SMTPServer } from 'smtp-server'
import { Webhook } from 'standardwebhooks'

import { checkOut, one, openShop, reserved, type Shop } from './shop'

interface Hook {
  id: string
  type: string
  subject: string
  data: { after: Record<string, unknown> }
}

const hooks: Hook[] = []
const mails: { to: string; text: string }[] = []
let secret = ''
let receiver: Server
let mailServer: SMTPServer
let shop: Shop

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let raw = ''
    request.setEncoding('utf8').on('data', (part: string) => (raw += part))
    request.on('end', () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
      const hook = new Webhook(secret).verify(raw, headers) as Hook
      // At least once: as a receiver should, by the id.
      if (!hooks.some(({ id }) => id === headers['webhook-id'])) hooks.push(hook)
      response.writeHead(204).end()
    })
  }).listen(0, '127.0.0.1')
  mailServer = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, session, done) => {
      let text = ''
      stream.on('data', (part: Buffer) => (text += part.toString()))
      stream.on('end', () => {
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address).join(), text })
        done()
      })
    },
  })
  const mail = mailServer.listen(0, '127.0.0.1')
  await Promise.all([once(receiver, 'listening'), once(mail, 'listening')])
  shop = await openShop({
    notifications: true,
    envFor: {
      notification: {
        WEBHOOK_PRIVATE_TARGETS: 'on',
        SMTP_URL: `smtp://127.0.0.1:${(mail.address() as AddressInfo).port}`,
        MAIL_FROM: 'shop@shop.example',
        RESERVATION_REMINDER_SECONDS: '2',
      },
    },
  })
})
afterAll(async () => {
  await shop.close()
  receiver.close()
  receiver.closeAllConnections()
  await new Promise<void>((resolve) => {
    mailServer.close(resolve)
  })
})

test('stock that runs out and comes back, and an order, are told by webhook and by mail, over a crash', async () => {
  const sku = await shop.product(12)
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
  const eventTypes = ['holdfast.stock.*', 'holdfast.order.confirmed.v1']
  const made = await shop.admin.post<{ secret: string }>('/v1/webhooks/endpoints', { url, eventTypes })
  expect(made.status).toBe(201)
  secret = made.body.secret

  const shopper = await shop.shopper()
  const first = await reserved(shopper, one(sku, 11))
  await waitFor(() => hooks.length >= 1, { what: 'the first webhook', timeoutMs: 30_000 })
  await shop.system.kill('notification')
  const held = await reserved(shopper, one(sku))
  // The shop sells on without it.
  const { body } = await checkOut(shopper, first.id)
  await shopper.post(`/v1/reservations/${held.id}:cancel`)
  await shop.system.restart('notification')

  await waitFor(() => hooks.length >= 4, { what: 'the webhooks', timeoutMs: 30_000 })
  const about = hooks.filter(({ subject }) => subject === sku).map(({ type, data }) => [type, data.after['available'] ?? 0])
  expect(about).toEqual([
    ['holdfast.stock.ran_low.v1', 1],
    ['holdfast.stock.ran_out.v1', 0],
    ['holdfast.stock.came_back.v1', 1],
  ])
  expect(hooks.filter(({ type }) => type === 'holdfast.order.confirmed.v1').map(({ subject }) => subject)).toEqual([
    body.order.id,
  ])

  const [mail] = await waitFor(() => mails.length > 0 && mails, { what: 'the mail', timeoutMs: 30_000 })
  expect(mail?.to).toBe(shopper.user.email)
  expect(mail?.text).toContain(body.order.id)
  expect(mails).toHaveLength(1)
})

test('a reservation is told of before it lapses', async () => {
  const shopper = await shop.shopper()
  const { id } = await reserved(shopper, one(await shop.product(20)), { ttlSeconds: 6 })
  const mail = await waitFor(() => mails.find(({ text }) => text.includes(id)), { what: 'the reminder', timeoutMs: 30_000 })
  expect(mail.to).toBe(shopper.user.email)
  expect(mail.text).toContain('Subject: Your reservation is about to lapse')
})

test('the gateway is ready without it, and says so', async () => {
  await shop.system.kill('notification')
  const response = await fetch(`${shop.system.url}/readyz`)
  expect([response.status, await response.json()]).toMatchObject([200, { parts: { notification: 'no answer' } }])
  expect(await shop.admin.get('/v1/webhooks/endpoints')).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } })
  await shop.system.restart('notification')
})
