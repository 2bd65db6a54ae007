/** Traces of a whole system, as a collector gets them. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { type ReservationReply, waitFor } from '@holdfast/testing'

import { type Collector, type SeenSpan, startCollector } from './collector'
import { checkOut, one, openShop, reserve, type Shop, type Shopper, times } from './shop'
import { readTopic } from './effects'

const patience = { timeoutMs: 30_000 }
const topic = 'holdfast.reservation.v1'

let collector: Collector
let shop: Shop
let shopper: Shopper
let sku: string
beforeAll(async () => {
  collector = await startCollector()
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '100',
    OTEL_EXPORTER_OTLP_TIMEOUT: '1000',
  }
  // A process that sends nothing before it stops.
  shop = await openShop({ env, envFor: { order: { OTEL_BSP_SCHEDULE_DELAY: '600000' } } })
  shopper = await shop.shopper()
  sku = await shop.product(1_000)
})
afterAll(async () => {
  await shop.close()
  await collector.close()
})

interface Trace {
  id: string
  header: string
}

/** What a caller that traces by itself sends along. @param flags `01`: it records; `00`: it does not */
function callersTrace(flags = '01'): Trace {
  const id = randomBytes(16).toString('hex')
  return { id, header: `00-${id}-${randomBytes(8).toString('hex')}-${flags}` }
}

const spansOf = (id: string): SeenSpan[] => collector.spans.filter(({ traceId }) => traceId === id)

/** The span of a trace that goes by a name, once it has arrived. */
async function spanOf(id: string, service: string, name: string | RegExp): Promise<SeenSpan> {
  const isIt = (span: SeenSpan) =>
    span.service === `holdfast-${service}` && (typeof name === 'string' ? span.name === name : name.test(span.name))
  return waitFor(() => spansOf(id).find(isIt), { what: `the span ${String(name)} of ${service}`, ...patience })
}

/** The names of a span and of what it is a part of, from the request on, once they have arrived. */
async function pathOf(span: SeenSpan): Promise<string[]> {
  const { service, name, traceId, parentSpanId } = span
  const own = `${service.replace('holdfast-', '')}: ${name}`
  if (service === 'holdfast-gateway' && span.kind === 2) return [own]
  const parent = await waitFor(() => spansOf(traceId).find(({ spanId }) => spanId === parentSpanId), {
    what: `what ${own} is a part of`,
    ...patience,
  })
  return [...(await pathOf(parent)), own]
}

async function reserveTraced(trace: Trace): Promise<ReservationReply> {
  const reply = await shopper.post<ReservationReply>(
    '/v1/reservations',
    { lines: one(sku) },
    { headers: { traceparent: trace.header } },
  )
  expect(reply.status).toBe(201)
  return reply.body
}

const create = 'holdfast.reservation.v1.ReservationService/CreateReservation'

test('one trace leads from the request through gRPC, PostgreSQL, outbox and event log to the audit record', async () => {
  const trace = callersTrace()
  const { requestId } = await reserveTraced(trace)
  const audited = await spanOf(trace.id, 'audit', `process ${topic}`)
  expect(await pathOf(audited)).toEqual([
    'gateway: POST /v1/reservations',
    `reservation: ${create}`,
    `reservation: send ${topic}`,
    `audit: process ${topic}`,
  ])
  const record = await spanOf(trace.id, 'audit', 'insert-audit-records')
  expect(record.parentSpanId).toBe(audited.spanId)

  const held = await spanOf(trace.id, 'inventory', 'hold_batch')
  expect(await pathOf(held)).toEqual([
    'gateway: POST /v1/reservations',
    `reservation: ${create}`,
    'reservation: combine holds at inventory',
    'reservation: holdfast.inventory.v1.InventoryService/Hold',
    'inventory: holdfast.inventory.v1.InventoryService/Hold',
    'inventory: combine holds',
    'inventory: hold_batch',
  ])
  const written = await spanOf(trace.id, 'reservation', 'insert-reservations')
  expect((await pathOf(written)).slice(-2)).toEqual(['reservation: combine new reservations', 'reservation: insert-reservations'])
  const batch = await spanOf(trace.id, 'reservation', 'holdfast.common.v1.CombinedCallService/CallMany')
  expect((await pathOf(batch)).slice(0, 2)).toEqual([
    'gateway: POST /v1/reservations',
    'gateway: combine /holdfast.reservation.v1.ReservationService/CreateReservation',
  ])

  const request = await spanOf(trace.id, 'gateway', 'POST /v1/reservations')
  expect(request).toMatchObject({ kind: 2, parentSpanId: trace.header.split('-')[2], isError: false })
  expect(request.attributes).toMatchObject({
    'http.request.method': 'POST',
    'http.route': '/v1/reservations',
    'http.response.status_code': '201',
    'holdfast.request_id': requestId,
  })
  expect(await spanOf(trace.id, 'reservation', create)).toMatchObject({
    kind: 2,
    attributes: { 'rpc.system.name': 'grpc', 'rpc.method': create, 'rpc.status_code': 'OK' },
  })
  expect(held).toMatchObject({ kind: 3, attributes: { 'db.system.name': 'postgresql', 'db.query.summary': 'hold_batch' } })
  expect(audited).toMatchObject({
    kind: 5,
    attributes: {
      'messaging.destination.name': topic,
      'messaging.consumer.group.name': 'audit',
      'cloudevents.event_type': 'holdfast.reservation.created.v1',
    },
  })
})

test('an event carries the trace that it is of, and so does the log of each service', async () => {
  const trace = callersTrace()
  const { reservation } = await reserveTraced(trace)
  const sent = await spanOf(trace.id, 'reservation', `send ${topic}`)
  const message = (await readTopic(shop, topic)).find(({ key }) => key === reservation.id)
  expect(message?.headers['traceparent']).toBe(`00-${trace.id}-${sent.spanId}-01`)
  for (const service of ['gateway', 'reservation', 'inventory'] as const) {
    const lines = (): string => readFileSync(shop.system.logFile(service), 'utf8')
    await waitFor(() => lines().includes(`"trace_id":"${trace.id}","span_id":"`), { what: `the line of ${service}`, ...patience })
  }
})

test('requests that are combined are linked: each finds the batch that its work was done in, and the batch finds each', async () => {
  const traces = Array.from({ length: 20 }, () => callersTrace())
  await times(20, async (index) => reserveTraced(traces[index] ?? callersTrace()))
  const requests = await Promise.all(traces.map(async ({ id }) => spanOf(id, 'gateway', 'POST /v1/reservations')))
  const creates = await Promise.all(traces.map(async ({ id }) => spanOf(id, 'reservation', create)))
  const batchesOf = (request: SeenSpan): SeenSpan[] =>
    collector.spans.filter(
      (span) =>
        span.name.startsWith('combine ') &&
        (span.parentSpanId === request.spanId || request.links.some(({ spanId }) => spanId === span.spanId)),
    )
  for (const request of requests) {
    await waitFor(() => batchesOf(request).length > 0, { what: 'the batch of a request', ...patience })
    expect(batchesOf(request).map(({ name }) => name)).toEqual([
      'combine /holdfast.reservation.v1.ReservationService/CreateReservation',
    ])
  }
  const batches = [...new Set(requests.flatMap(batchesOf))]
  // Twenty at once need no twenty batches; and each batch says by its links whom it was for, wherever there were several.
  expect(batches.length).toBeLessThan(20)
  const linked = batches.flatMap(({ links }) => links.map(({ spanId }) => spanId))
  const alone = batches.filter(({ links }) => links.length === 0).map(({ parentSpanId }) => parentSpanId)
  expect([...linked, ...alone].sort()).toEqual(requests.map(({ spanId }) => spanId).sort())

  for (const [index, request] of requests.entries()) {
    // What is one request's alone stays in its own trace, though it travelled with others.
    expect(creates[index]?.parentSpanId).toBe(request.spanId)
    const found = creates[index] === undefined ? [] : batchesOf(creates[index]).map(({ name }) => name)
    expect(found.sort()).toEqual(['combine holds at inventory', 'combine new reservations'])
    await spanOf(request.traceId, 'audit', `process ${topic}`)
  }
})

test('a checkout is one trace over all services, and a refusal is no failure; what waits to be sent is sent at a stop', async () => {
  const trace = callersTrace()
  const { reservation } = await reserveTraced(callersTrace())
  const body = { reservationId: reservation.id, paymentToken: 'tok_declined' }
  const reply = await shopper.post('/v1/checkout', body, { headers: { traceparent: trace.header } })
  expect(reply.status).toBe(402)
  const request = await spanOf(trace.id, 'gateway', 'POST /v1/checkout')
  expect(request).toMatchObject({ isError: false, attributes: { 'http.response.status_code': '402' } })
  expect(spansOf(trace.id).some(({ service }) => service === 'holdfast-order')).toBe(false)
  await shop.system.restart('order')
  const refused = await spanOf(trace.id, 'order', 'holdfast.order.v1.OrderService/Checkout')
  expect(refused).toMatchObject({
    isError: false,
    attributes: { 'holdfast.refusal': 'PAYMENT_DECLINED', 'rpc.status_code': 'FAILED_PRECONDITION' },
  })
  await spanOf(trace.id, 'inventory', 'holdfast.inventory.v1.InventoryService/Protect')
  expect(await pathOf(await spanOf(trace.id, 'audit', 'process holdfast.order.v1'))).toEqual([
    'gateway: POST /v1/checkout',
    'gateway: holdfast.order.v1.OrderService/Checkout',
    'order: holdfast.order.v1.OrderService/Checkout',
    'order: send holdfast.order.v1',
    'audit: process holdfast.order.v1',
  ])
})

test('what a caller says of recording counts for nothing, and neither do its words', async () => {
  const unrecorded = callersTrace('00')
  await reserveTraced(unrecorded)
  await spanOf(unrecorded.id, 'audit', `process ${topic}`)
  const before = collector.spans.length
  await shopper.post('/v1/reservations', { lines: one(sku) }, { headers: { traceparent: 'sent by nobody' } })
  const isNew = ({ name, parentSpanId }: SeenSpan) => name === 'POST /v1/reservations' && parentSpanId === undefined
  await waitFor(() => collector.spans.slice(before).some(isNew), { what: 'a trace of its own', ...patience })
})

test('no span tells a secret, an address or a value, and probes leave none', async () => {
  await shop.anonymous.get('/healthz')
  const { email, password, token } = shopper.user
  const login = await shop.anonymous.post('/v1/auth/login', { email, password })
  expect(login.status).toBe(200)
  await waitFor(() => collector.spans.some(({ name }) => name === 'POST /v1/auth/login'), { what: 'the login', ...patience })
  const all = JSON.stringify(collector.spans)
  for (const secret of [email, password, token, shopper.user.id, sku, '/healthz']) expect(all).not.toContain(secret)
})

test('with the collector away requests are served as before, and the log says what is lost', async () => {
  await collector.close()
  for (let index = 0; index < 20; index++) expect((await reserve(shopper, one(sku))).status).toBe(201)
  const log = (): string => readFileSync(shop.system.logFile('gateway'), 'utf8')
  await waitFor(() => log().includes('spans may be lost'), { what: 'the line about lost spans', timeoutMs: 60_000 })
  expect(log()).toContain(`"endpoint":"${collector.url}"`)
})

test('a process that is told to be off neither makes spans nor sends a header of its own', async () => {
  await shop.system.restart('gateway', { OTEL_SDK_DISABLED: 'true' })
  await shop.system.waitUntilReady(60_000)
  const { status, body } = await reserve(shopper, one(sku))
  expect(status).toBe(201)
  const message = await waitFor(async () => (await readTopic(shop, topic)).find(({ key }) => key === body.reservation.id), {
    what: 'the event',
    ...patience,
  })
  expect(message.headers).not.toHaveProperty('traceparent')
  await expect(checkOut(shopper, body.reservation.id)).resolves.toMatchObject({ status: 200 })
})
