/** Streams as server-sent events: a whole gateway, with an inventory behind it whose messages the test gives. */
import { connect } from 'node:net'

import type { WatchAvailabilityRequest, WatchAvailabilityResponse } from '@holdfast/contracts/inventory'
import { HoldfastError, type StreamContext } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'

import { type Fixture, runGateway, startFixture } from './support'

const path = '/v1/availability:watch?skus=A&skus=B'

let fixture: Fixture
/** Each request for a stream that has arrived, and its context. */
const asked: { request: WatchAvailabilityRequest; ctx: StreamContext }[] = []
let answer: (ctx: StreamContext) => AsyncIterable<WatchAvailabilityResponse> = untilTheEnd

beforeAll(async () => {
  fixture = await startFixture({
    inventory: {
      watchAvailability: async (request, ctx) => {
        asked.push({ request, ctx })
        if (request.skus.includes('NONE')) throw new HoldfastError('NOT_FOUND', 'There is no product NONE')
        return Promise.resolve(answer(ctx))
      },
    },
    env: { STREAMS_MAX: '4', STREAMS_PER_IP_MAX: '3', STREAM_STALL_MS: '500' },
  })
})
afterAll(async () => fixture.close())
beforeEach(() => {
  asked.length = 0
  answer = untilTheEnd
})
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.stop()
  await waitFor(async () => (await openStreams()) === 0, { what: 'no stream' })
})

const token = (resumeToken: string): WatchAvailabilityResponse => ({ availability: [], resumeToken })

async function* untilTheEnd(ctx: StreamContext, first = token('t1')): AsyncGenerator<WatchAvailabilityResponse> {
  yield first
  if (!ctx.signal.aborted) await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
}

async function openStreams(): Promise<number> {
  const text = await (await fetch(`${fixture.url}/metrics`)).text()
  return Number(/^http_streams_open (\d+)$/m.exec(text)?.[1])
}

interface Reader {
  response: Response
  /** What was told of coming back, once an event was read. */
  retry: string
  /** Waits for the next event or comment; '' at the end. */
  next: () => Promise<string>
  stop: () => void
}

const readers: Reader[] = []

async function open(headers: Record<string, string> = {}, target = path, url = fixture.url): Promise<Reader> {
  const gone = new AbortController()
  const response = await fetch(`${url}${target}`, { headers, signal: gone.signal })
  const reader = response.body?.getReader()
  let text = ''
  const one: Reader = {
    response,
    retry: '',
    next: async () => {
      for (;;) {
        const end = text.indexOf('\n\n')
        if (end >= 0) {
          const event = text.slice(0, end)
          text = text.slice(end + 2)
          if (!event.startsWith('retry:')) return event
          one.retry = event
          continue
        }
        const read = await reader?.read()
        if (read?.value === undefined) return ''
        text += Buffer.from(read.value as Uint8Array).toString()
      }
    },
    stop: () => gone.abort(),
  }
  readers.push(one)
  return one
}

test('each message is an event with its id and one line of JSON', async () => {
  const units = { onHand: 5, reserved: 2, available: 3, withheld: 0, incoming: 0, promised: 0, backorderable: 0 }
  const warehouses = [{ warehouse: 'MAIN', ...units }]
  answer = async function* () {
    yield await Promise.resolve({
      availability: [{ sku: 'A', ...units, warehouses }],
      resumeToken: 't1',
    })
  }
  const { response, next } = await open({ 'x-request-id': 'mine' })
  expect(response.status).toBe(200)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-request-id': 'mine',
  })
  const [id, event, data = '', ...more] = (await next()).split('\n')
  expect([id, event, more]).toEqual(['id: t1', 'event: message', []])
  expect(JSON.parse(data.slice('data: '.length))).toEqual({
    availability: [{ sku: 'A', ...units, warehouses }],
    resumeToken: 't1',
  })
  expect(await next()).toBe('')
  expect(asked[0]).toMatchObject({
    request: { skus: ['A', 'B'], resumeToken: '' },
    ctx: { requestId: 'mine', deadline: Infinity },
  })
})

test('a client is told when to come back', async () => {
  const reader = await open()
  await reader.next()
  expect(reader.retry).toMatch(/^retry: [123]\d{3}$/)
})

test('a message without any field is a comment', async () => {
  answer = async function* () {
    yield await Promise.resolve(token(''))
  }
  expect(await (await open()).next()).toBe(': still here')
})

test.each([
  ['is asked for from there', path],
  ['beats the token in the address, which is that of the first time', `${path}&resumeToken=old`],
  ['beats it in its other spelling too', `${path}&resume_token=old`],
])('the id of the last event %s', async (_what, target) => {
  await open({ 'last-event-id': 't/7=' }, target)
  expect(asked[0]?.request).toMatchObject({ skus: ['A', 'B'], resumeToken: 't/7=' })
})

test.each([
  ['/v1/availability:watch?skus=A&skus=NONE', 404, 'NOT_FOUND'],
  ['/v1/availability:watch?skus=A&colour=red', 400, 'INVALID_ARGUMENT'],
])('%s is a problem before it is a stream', async (target, status, code) => {
  const reply = await fixture.call(`GET ${target}`)
  expect(reply).toMatchObject({ status, body: { code, requestId: reply.headers.get('x-request-id') } })
  expect(reply.headers.get('content-type')).toBe('application/problem+json')
})

test('an error in the stream is its last event, with the problem', async () => {
  answer = async function* () {
    yield await Promise.resolve(token('t1'))
    throw new HoldfastError('UNAVAILABLE', 'What is in stock can not be read right now')
  }
  const { next } = await open({ 'x-request-id': 'mine' })
  expect(await next()).toContain('id: t1')
  const [event, data = ''] = (await next()).split('\n')
  expect(event).toBe('event: error')
  expect(JSON.parse(data.slice('data: '.length))).toMatchObject({ status: 503, code: 'UNAVAILABLE', requestId: 'mine' })
  expect(await next()).toBe('')
})

test('a client that goes away takes its stream along', async () => {
  const { next, stop } = await open()
  await next()
  expect(asked[0]?.ctx.signal.aborted).toBe(false)
  stop()
  await waitFor(() => asked[0]?.ctx.signal.aborted, { what: 'the end of the stream behind' })
})

test('HEAD answers the headers and nothing else', async () => {
  const response = await fetch(`${fixture.url}${path}`, { method: 'HEAD' })
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  await waitFor(() => asked[0]?.ctx.signal.aborted, { what: 'the end of the stream behind' })
})

test('one address has its share of streams, and gets it back', async () => {
  await Promise.all([open(), open(), open()])
  const refused = await fixture.call(`GET ${path}`)
  expect(refused).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } })
  expect(refused.headers.get('retry-after')).toBe('10')
  readers[0]?.stop()
  await waitFor(async () => (await openStreams()) === 2, { what: 'the place' })
  expect((await open()).response.status).toBe(200)
})

test('a client that reads nothing is cut off, and no more is made for it than fits on the way', async () => {
  let made = 0
  answer = async function* () {
    for (;;) {
      made++
      yield await Promise.resolve(token('x'.repeat(100_000)))
    }
  }
  const socket = connect(fixture.httpPort, '127.0.0.1')
  socket.write(`GET ${path} HTTP/1.1\r\nhost: shop\r\n\r\n`)
  socket.once('data', () => socket.pause())
  await waitFor(() => asked[0]?.ctx.signal.aborted, { what: 'the end of the stream behind', timeoutMs: 30_000 })
  expect(made).toBeLessThan(1_000)
  socket.destroy()
})

test('two gateways share nothing: a stream goes on at the other, and one that stops says so', async () => {
  const other = await runGateway({ ...fixture.env, STREAMS_MAX: '1', STREAMS_PER_IP_MAX: '0' })
  const otherUrl = `http://127.0.0.1:${other.httpPort}`
  try {
    const { next } = await open({ 'last-event-id': 't1' }, path, otherUrl)
    expect(await next()).toContain('id: t1')
    expect(asked[0]?.request.resumeToken).toBe('t1')
    const full = await fetch(`${otherUrl}${path}`)
    expect([full.status, await full.json()]).toEqual([503, expect.objectContaining({ code: 'OVERLOADED' })])
    const stopped = other.stop()
    const [event, data] = (await next()).split('\n')
    expect([event, data]).toEqual(['event: error', expect.stringContaining('"code":"UNAVAILABLE"')])
    expect(await next()).toBe('')
    await stopped
  } finally {
    await other.stop()
  }
})
