import { randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import { waitFor } from '@holdfast/testing'

import {
  admin,
  endpointAt,
  event,
  isSigned,
  openReceiver,
  openWorld,
  orderEvents,
  type Process,
  type Receiver,
  subjects,
  subjectsOf,
  untilTaken,
  type World,
} from './world'

let world: World
let service: Process
let receiver: Receiver

beforeAll(async () => {
  world = await openWorld()
  service = await world.start()
})
afterAll(async () => world.close())

beforeEach(async () => {
  receiver = await openReceiver()
})
afterEach(async () => {
  const { endpoints } = await service.client.listWebhookEndpoints({ pageSize: 200, pageToken: '' }, admin())
  for (const { id } of endpoints) await service.client.deleteWebhookEndpoint({ id }, admin())
  await receiver.close()
})

const register = async (url = receiver.url, eventTypes?: string[]) => {
  const { endpoint, secret } = await service.client.createWebhookEndpoint(endpointAt(url, eventTypes), admin())
  if (endpoint === undefined) throw new Error('no endpoint')
  return { id: endpoint.id, secret }
}

const deliveriesOf = async (endpointId: string) =>
  (
    await service.client.listWebhookDeliveries(
      {
        endpointId,
        status: 'STATUS_UNSPECIFIED',
        eventType: '',
        eventId: '',
        after: undefined,
        before: undefined,
        pageSize: 200,
        pageToken: '',
      },
      admin(),
    )
  ).deliveries

const endpointOf = async (id: string) => (await service.client.getWebhookEndpoint({ id }, admin())).endpoint

test('an event goes as it is on its topic, signed, to whom it concerns', async () => {
  const { id, secret } = await register()
  const { id: other } = await register(`${receiver.url}/stock`, ['holdfast.stock.*'])
  const [placed] = orderEvents(1, 'signed')
  await world.publish(placed === undefined ? [] : [placed])
  await untilTaken(receiver, 1)
  const [got] = receiver.taken
  if (got === undefined || placed === undefined) throw new Error('nothing was taken')
  expect(isSigned(got, secret)).toBe(true)
  expect(JSON.parse(got.raw)).toEqual({
    specversion: '1.0',
    id: placed.id,
    source: '//holdfast/order',
    type: 'holdfast.order.placed.v1',
    subject: placed.subject,
    time: placed.at.toISOString(),
    datacontenttype: 'application/json',
    partitionkey: placed.key,
    requestid: placed.requestId,
    actor: 'USER:u1',
    aggregateversion: '1',
    audit: 'true',
    data: placed.data,
  })
  expect(got.headers).toMatchObject({ 'webhook-id': placed.id, 'content-type': 'application/json' })
  await waitFor(async () => (await deliveriesOf(id))[0]?.status === 'DELIVERED', { what: 'the log to say so' })
  expect(await deliveriesOf(id)).toMatchObject([{ eventId: placed.id, attempts: 1, lastStatus: 200, lastError: '' }])
  expect(await deliveriesOf(other)).toEqual([])
})

test('a receiver that fails for a while misses nothing, gets one at a time and in order, and holds up nobody else', async () => {
  const healthy = await openReceiver()
  await register()
  await register(healthy.url)
  const events = orderEvents(30, 'late')
  const answers = [500, undefined, 503, 302, 404, undefined, 500]
  let asked = 0
  receiver.answer = () => {
    const turn = asked++
    return turn < answers.length ? answers[turn] : 204
  }
  await world.publish(events)
  await untilTaken(receiver, 30)
  await untilTaken(healthy, 30)
  expect(subjects(receiver.taken)).toEqual(subjectsOf(events))
  expect(subjects(receiver.asked.slice(0, 8))).toEqual(Array.from({ length: 8 }, () => 'late-1'))
  expect(receiver.mostAtOnce).toBe(1)
  expect(receiver.asked.some(({ url }) => url.includes('elsewhere'))).toBe(false)
  expect(subjects(healthy.asked)).toEqual(subjectsOf(events))
  await healthy.close()
})

test('an event that is delivered to us twice goes out once', async () => {
  const { id } = await register()
  const events = orderEvents(5, 'twice')
  await world.publish(events)
  await world.publish([...events, ...orderEvents(1, 'after')])
  await untilTaken(receiver, 6)
  expect(subjects(receiver.asked)).toEqual([...subjectsOf(events), 'after-1'])
  expect(await deliveriesOf(id)).toHaveLength(6)
})

test('a dead endpoint is paused after the last try, keeps what it did not get, and gets it when it is resumed', async () => {
  const hasty = await world.start({ WEBHOOK_RETRY_SECONDS: '0.05,0.05' })
  await service.kill('SIGTERM')
  service = hasty
  const { id } = await register()
  receiver.answer = () => 500
  const events = orderEvents(3, 'dead')
  await world.publish(events)
  await waitFor(async () => (await endpointOf(id))?.status === 'PAUSED', { what: 'the pause' })
  expect(await endpointOf(id)).toMatchObject({ pauseReason: 'FAILING' })
  expect(receiver.asked).toHaveLength(3)
  const [, , head] = await deliveriesOf(id)
  expect(head).toMatchObject({ subject: 'dead-1', status: 'PENDING', attempts: 3, lastStatus: 500, lastError: '500 answer' })
  const paused = await waitFor(
    async () => (await world.published()).find(({ type, key }) => type === 'holdfast.webhook_endpoint.paused.v1' && key === id),
    { what: 'the event' },
  )
  expect(paused.actor).toBe('SERVICE:notification')

  receiver.answer = () => 200
  await world.publish(orderEvents(1, 'meanwhile'))
  await service.client.resumeWebhookEndpoint({ id }, admin())
  await untilTaken(receiver, 4)
  expect(subjects(receiver.taken)).toEqual([...subjectsOf(events), 'meanwhile-1'])
})

test('410 Gone pauses at once; an admin pauses and resumes, and twice is a replay', async () => {
  const { id } = await register()
  receiver.answer = () => 410
  await world.publish(orderEvents(1, 'gone'))
  await waitFor(async () => (await endpointOf(id))?.pauseReason === 'GONE', { what: 'the pause' })
  expect(receiver.asked).toHaveLength(1)
  const { client } = service
  receiver.answer = () => 200
  expect(await client.resumeWebhookEndpoint({ id }, admin())).toMatchObject({ replayed: false, endpoint: { status: 'ACTIVE' } })
  await untilTaken(receiver, 1)
  expect((await endpointOf(id))?.pauseReason).toBeUndefined()
  expect(await client.resumeWebhookEndpoint({ id }, admin())).toMatchObject({ replayed: true })
  expect(await client.pauseWebhookEndpoint({ id }, admin())).toMatchObject({
    replayed: false,
    endpoint: { pauseReason: 'ASKED' },
  })
  expect(await client.pauseWebhookEndpoint({ id }, admin())).toMatchObject({ replayed: true })
  await world.publish(orderEvents(1, 'waits'))
  await waitFor(async () => (await deliveriesOf(id)).length === 2, { what: 'it to be queued' })
  expect((await deliveriesOf(id))[0]).toMatchObject({ subject: 'waits-1', status: 'PENDING', attempts: 0 })
})

test('the log is replayed by time and by id, each under its own webhook-id, and a repeat with the same key does nothing', async () => {
  const { id } = await register()
  const events = [10, 20, 30, 40].map((minute) =>
    event('holdfast.order.placed.v1', `at-${minute}`, 1, {}, { at: new Date(Date.now() - 7_200_000 + minute * 60_000) }),
  )
  await world.publish(events)
  await untilTaken(receiver, 4)
  await waitFor(async () => (await deliveriesOf(id)).every(({ status }) => status === 'DELIVERED'), { what: 'all to be noted' })
  const span = { endpointId: id, deliveryId: 0n, after: events[1]?.at, before: events[3]?.at, clientToken: 'again' }
  expect(await service.client.replayWebhookDeliveries(span, admin())).toMatchObject({ count: 2, replayed: false })
  await untilTaken(receiver, 6)
  expect(subjects(receiver.taken.slice(4))).toEqual(['at-20', 'at-30'])
  expect(receiver.taken[4]?.id).toBe(events[1]?.id)
  expect(await service.client.replayWebhookDeliveries(span, admin())).toMatchObject({ count: 2, replayed: true })

  const first = (await deliveriesOf(id)).at(-1)
  const one = { endpointId: id, deliveryId: first?.id ?? 0n, after: undefined, before: undefined, clientToken: '' }
  expect(await service.client.replayWebhookDeliveries(one, admin())).toMatchObject({ count: 1 })
  await untilTaken(receiver, 7)
  expect(subjects(receiver.asked.slice(6))).toEqual(['at-10'])
  expect((await deliveriesOf(id))[0]).toMatchObject({ replayOf: first?.id })
  const { id: other } = await register(`${receiver.url}/other`)
  await expect(service.client.replayWebhookDeliveries({ ...one, endpointId: other }, admin())).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
})

test('a rotated secret signs beside the old one until the overlap is over', async () => {
  const { id, secret } = await register()
  const rotate = async (overlapSeconds: number, clientToken: string) =>
    service.client.rotateWebhookSecret({ id, overlapSeconds, clientToken }, admin())
  const { secret: next } = await rotate(600, 'first')
  await world.publish(orderEvents(1, 'both'))
  await untilTaken(receiver, 1)
  expect([secret, next].map((one) => receiver.taken[0] && isSigned(receiver.taken[0], one))).toEqual([true, true])
  expect(await rotate(600, 'first')).toMatchObject({ secret: '', replayed: true })

  const { secret: last } = await rotate(0, 'second')
  await world.publish(orderEvents(1, 'alone'))
  await untilTaken(receiver, 2)
  expect([secret, next, last].map((one) => receiver.taken[1] && isSigned(receiver.taken[1], one))).toEqual([false, false, true])
})

test('what a receiver never takes is skipped by an admin, and those behind it go', async () => {
  const { id } = await register()
  receiver.answer = ({ subject }) => (subject === 'poison-1' ? 400 : 200)
  await world.publish(orderEvents(2, 'poison'))
  await waitFor(async () => (await deliveriesOf(id)).some(({ attempts }) => attempts > 0), { what: 'a try' })
  const head = (await deliveriesOf(id)).at(-1)?.id ?? 0n
  await service.client.skipWebhookDelivery({ id: head }, admin())
  if ((await endpointOf(id))?.status === 'PAUSED') await service.client.resumeWebhookEndpoint({ id }, admin())
  await untilTaken(receiver, 1)
  expect(subjects(receiver.taken)).toEqual(['poison-2'])
  expect(await service.client.skipWebhookDelivery({ id: head }, admin())).toMatchObject({
    replayed: true,
    delivery: { status: 'SKIPPED' },
  })
})

test('the log is filtered and comes in pages; a delivery shows what is sent', async () => {
  const { id } = await register()
  await world.publish([...orderEvents(5, 'page'), event('holdfast.order.confirmed.v1', 'page-6', 2, {})])
  await untilTaken(receiver, 6)
  const filter = { endpointId: id, eventId: '', after: undefined, before: undefined, status: 'STATUS_UNSPECIFIED' } as const
  const seen: string[] = []
  let pageToken = ''
  do {
    const page = await service.client.listWebhookDeliveries({ ...filter, eventType: '', pageSize: 4, pageToken }, admin())
    seen.push(...page.deliveries.map(({ subject }) => subject))
    pageToken = page.nextPageToken
  } while (pageToken !== '')
  expect(seen).toEqual(['page-6', 'page-5', 'page-4', 'page-3', 'page-2', 'page-1'])
  const confirmed = { ...filter, eventType: 'holdfast.order.confirmed.v1', pageSize: 0, pageToken: '' }
  const { deliveries } = await service.client.listWebhookDeliveries(confirmed, admin())
  expect(deliveries.map(({ subject }) => subject)).toEqual(['page-6'])
  const { payload } = await service.client.getWebhookDelivery({ id: deliveries[0]?.id ?? 0n }, admin())
  expect(payload).toBe(receiver.taken.find(({ subject }) => subject === 'page-6')?.raw)
})

test('an endpoint is made once per key, changed, found and deleted', async () => {
  const { client } = service
  const request = { ...endpointAt(receiver.url), clientToken: randomUUID() }
  const first = await client.createWebhookEndpoint(request, admin())
  const again = await client.createWebhookEndpoint(request, admin())
  expect([first.replayed, again.replayed, again.secret, again.endpoint?.id]).toEqual([false, true, '', first.endpoint?.id])
  await expect(client.createWebhookEndpoint({ ...request, description: 'another' }, admin())).rejects.toMatchObject({
    code: 'IDEMPOTENCY_KEY_REUSED',
  })
  const id = first.endpoint?.id ?? ''
  const change = { id, url: `${receiver.url}/new`, description: undefined, eventTypes: ['holdfast.reservation.*'] }
  const { endpoint } = await client.updateWebhookEndpoint(change, admin())
  expect(endpoint).toMatchObject({ description: 'a test', version: 2, eventTypes: ['holdfast.reservation.*'] })
  expect((await client.updateWebhookEndpoint(change, admin())).endpoint?.version).toBe(2)
  await world.publish([...orderEvents(1, 'unwanted'), event('holdfast.reservation.created.v1', 'wanted', 1, {})])
  await untilTaken(receiver, 1)
  expect(receiver.asked.map(({ url, subject }) => [url, subject])).toEqual([['/new', 'wanted']])
  await client.deleteWebhookEndpoint({ id }, admin())
  await expect(client.getWebhookEndpoint({ id }, admin())).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(client.deleteWebhookEndpoint({ id }, admin())).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('no event that is published carries a secret', async () => {
  const { id, secret } = await register()
  await service.client.rotateWebhookSecret({ id, overlapSeconds: 5, clientToken: '' }, admin())
  const told = await waitFor(
    async () => {
      const ofEndpoint = (await world.published()).filter(({ key }) => key === id)
      return ofEndpoint.length >= 2 && ofEndpoint
    },
    { what: 'both events' },
  )
  expect(told.map(({ type }) => type)).toEqual([
    'holdfast.webhook_endpoint.created.v1',
    'holdfast.webhook_endpoint.secret_rotated.v1',
  ])
  expect(JSON.stringify(told)).not.toContain('whsec_')
  expect(JSON.stringify(told)).not.toContain(secret.slice(6))
})

test('without leave, private targets are neither registered nor connected to, by address or by name', async () => {
  let connections = 0
  const inside = createServer((socket) => {
    connections++
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(inside, 'listening')
  const { port } = inside.address() as AddressInfo
  const strict = await world.start({ WEBHOOK_PRIVATE_TARGETS: 'off', WEBHOOK_RETRY_SECONDS: '0.05' })
  // Only the strict one sends now.
  await service.kill('SIGTERM')
  service = strict
  for (const url of [`https://127.0.0.1:${port}/`, `https://[::1]:${port}/`, `http://shop.example/`]) {
    await expect(strict.client.createWebhookEndpoint(endpointAt(url), admin())).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  }
  const { id } = await register(`https://localhost:${port}/`)
  await world.publish(orderEvents(1, 'inside'))
  await waitFor(async () => (await endpointOf(id))?.status === 'PAUSED', { what: 'the tries to be over' })
  expect((await deliveriesOf(id))[0]).toMatchObject({ status: 'PENDING', lastStatus: 0 })
  expect((await deliveriesOf(id))[0]?.lastError).toMatch(/^localhost is (127\.0\.0\.1|::1), of a private network$/)
  expect(connections).toBe(0)
  inside.close()
})
