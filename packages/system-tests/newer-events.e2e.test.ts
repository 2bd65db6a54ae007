/** Services of an older version beside newer ones: what they do not know of an event, or of its kind, stops nobody. */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { findDeadLetterQueues, type Message, type Transport } from '@holdfast/events'
import { waitFor } from '@holdfast/testing'

import { openMailServer, openReceiver, type MailServer, type Receiver } from './receiver'
import { checkOut, one, openShop, reserved, type Shop } from './shop'

jest.setTimeout(180_000)

interface Sample {
  topic: string
  key: string
  headers: Record<string, string>
  value: unknown
}

/** One real event of every type. */
const samples = JSON.parse(readFileSync(join(__dirname, '..', '..', 'docs', 'events', 'samples.json'), 'utf8')) as Sample[]
/** Every consumer of the services, and what it reads. */
const consumers: Record<string, string[]> = {
  audit: [...new Set(samples.flatMap(({ topic, headers }) => (headers['ce_audit'] === 'true' ? [topic] : [])))],
  order: ['holdfast.inventory.v1', 'holdfast.reservation.v1'],
  'reservation-fills': ['holdfast.inventory.v1'],
  'notification-stock': ['holdfast.inventory.v1'],
  'notification-webhooks': [...new Set(samples.map(({ topic }) => topic))],
  'notification-mail': ['holdfast.order.v1', 'holdfast.reservation.v1'],
}
const patience = { timeoutMs: 60_000 }

let receiver: Receiver
let mailServer: MailServer
let shop: Shop
let events: Transport
beforeAll(async () => {
  receiver = await openReceiver()
  mailServer = await openMailServer()
  const mail = { SMTP_URL: mailServer.url, MAIL_FROM: 'shop@shop.example' }
  shop = await openShop({ notifications: true, envFor: { notification: { WEBHOOK_PRIVATE_TARGETS: 'on', ...mail } } })
  await receiver.register(shop, ['*'])
  events = await shop.openEvents()
})
afterAll(async () => {
  await events.close()
  await shop.close()
  await receiver.close()
  await mailServer.close()
})

/** As a newer version may publish it: the same, and more at every place. */
function withMore(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMore)
  if (typeof value !== 'object' || value === null) return value
  const known = Object.entries(value).map(([name, inside]) => [name, withMore(inside)])
  return { ...Object.fromEntries(known), ofANewerVersion: { depth: [1, 'two'] } }
}

/** Names of states that this version has never heard of. */
function withOtherStates(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withOtherStates)
  if (typeof value !== 'object' || value === null) return value
  const changed = Object.entries(value).map(([name, inside]) => [
    name,
    typeof inside === 'string' && /^(status|state|paymentStatus|kind|role)$/.test(name)
      ? 'OF_A_NEWER_VERSION'
      : withOtherStates(inside),
  ])
  return Object.fromEntries(changed)
}

function messageOf(sample: Sample, value: unknown, type = sample.headers['ce_type'] ?? ''): Message {
  const { topic, key } = sample
  const headers = { ...sample.headers, ce_id: randomUUID(), ce_type: type, ce_ofanewerversion: 'yes' }
  return { topic, key, headers, value: JSON.stringify(value) }
}

/** Every consumer has done with all that was published, and parked nothing. */
async function expectDone(): Promise<void> {
  for (const [consumer, topics] of Object.entries(consumers)) {
    const waiting = async () => [...(await events.lag(consumer, topics)).values()].reduce((sum, count) => sum + count, 0)
    await waitFor(async () => (await waiting()) === 0, { what: `${consumer} to have done with all`, ...patience })
  }
  expect(await findDeadLetterQueues(events)).toEqual([])
}

test.each<[string, (sample: Sample) => Message]>([
  ['every event, with fields and a header that are not known', (sample) => messageOf(sample, withMore(sample.value))],
  ['every event, in states that are not known', (sample) => messageOf(sample, withOtherStates(sample.value))],
  [
    'the next version of every event',
    (sample) => messageOf(sample, { changed: 'altogether' }, sample.headers['ce_type']?.replace(/\.v\d+$/, '.v2')),
  ],
  [
    'an event of a kind that is not known, on every topic',
    (sample) => messageOf(sample, { after: { id: sample.key } }, 'holdfast.voucher.folded.v1'),
  ],
])('%s: passes through all consumers, and reaches an endpoint as it is', async (_what, change) => {
  const messages = samples.map(change)
  await events.publish(messages)
  await expectDone()
  const delivered = () => new Map(receiver.deliveries.map((delivery) => [delivery.id, delivery]))
  await waitFor(() => messages.every(({ headers }) => delivered().has(headers['ce_id'] ?? '')), {
    what: 'all to be delivered',
    ...patience,
  })
  for (const { headers, value } of messages) {
    const { type, raw } = delivered().get(headers['ce_id'] ?? '') ?? {}
    expect([type, (JSON.parse(raw ?? '') as { data: unknown }).data]).toEqual([headers['ce_type'], JSON.parse(value)])
  }
})

test('after all that the shop goes on: an order is recorded, delivered and told of by mail', async () => {
  const shopper = await shop.shopper()
  const { id } = await reserved(shopper, one(await shop.product(5)))
  const { body } = await checkOut(shopper, id)
  await waitFor(() => receiver.deliveries.some(({ subject }) => subject === body.order.id), { what: 'the webhook', ...patience })
  await waitFor(() => mailServer.mails.some(({ text }) => text.includes(body.order.id)), { what: 'the mail', ...patience })
  const records = async () =>
    (await shop.admin.get<{ records: unknown[] }>(`/v1/audit/records?objectId=${body.order.id}`)).body.records
  await waitFor(async () => (await records()).length === 1, { what: 'the audit record', ...patience })
  await waitFor(
    async () => {
      const { projection } = (await shop.admin.get<{ projection: { sequence: string; headSequence: string } }>('/v1/activity'))
        .body
      return projection.sequence === projection.headSequence
    },
    { what: 'the activity figures to be up to date', ...patience },
  )
  expect(await findDeadLetterQueues(events)).toEqual([])
})
