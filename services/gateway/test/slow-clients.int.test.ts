/** Clients that send too slowly, or take nothing of their answer; with short limits. */
import { once } from 'node:events'
import type { Socket } from 'node:net'

import type { Logger } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'

import type { Api } from '../src/http/api'
import { readJsonBody } from '../src/http/body'
import type { ConnectionLimits } from '../src/http/connections'
import { type httpLimits, type HttpServer, startHttpServer } from '../src/http/server'
import type { RpcSurface } from '../src/http/rpc/surface'
import { open, request, talk } from './raw'

const large = 'x'.repeat(16_000_000)
let server: HttpServer

/** A listener whose pages need no service. */
async function start(
  limits: Partial<typeof httpLimits>,
  connections?: ConnectionLimits,
  admitRequest?: () => Promise<void>,
): Promise<HttpServer> {
  const page = (body: string) => () => ({ status: 200, headers: {}, body })
  const pages = new Map([
    ['/small', page('ok')],
    ['/large', page(large)],
  ])
  const log = { info: () => undefined, error: () => undefined } as unknown as Logger
  return startHttpServer({
    host: '127.0.0.1',
    port: 0,
    limits,
    connections,
    api,
    rpc,
    pages,
    edge: { admitRequest },
    log,
  })
}

const rpc: RpcSurface = { has: () => false, serve: async () => Promise.reject(new Error('there is none')) }

/** What became of bodies that could not be read. */
const broken: string[] = []

/** Every POST reads its body. */
const api: Api = {
  routes: { find: () => ({ value: { template: { text: '/body' } }, segments: [] }) } as unknown as Api['routes'],
  serve: async ({ request }) => {
    await readJsonBody(request, { limit: 1_000_000, optional: false, value: false }).catch((error: Error) => {
      broken.push(error.name)
      throw error
    })
    return { status: 200, headers: {}, body: request.url === '/body?large' ? large : 'read' }
  },
}

afterEach(async () => server.stop())

/** Sends a byte now and then until the other side closes. */
async function drip(socket: Socket, everyMs: number): Promise<string> {
  let answer = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
  const timer = setInterval(() => socket.write('x'), everyMs)
  // Its last write may meet a connection that is gone.
  await new Promise((resolve) => socket.once('close', resolve))
  clearInterval(timer)
  return answer
}

test('headers that come a byte at a time are cut off with a 408', async () => {
  server = await start({ headersTimeout: 100, requestTimeout: 10_000, connectionsCheckingInterval: 10 })
  const socket = await open(server.port)
  socket.write('GET /small HTTP/1.1\r\nHost: ')
  expect(await drip(socket, 20)).toMatch(/^HTTP\/1\.1 408 [^]*DEADLINE_EXCEEDED/)
})

test('a body that comes a byte at a time is cut off with a 408, and nothing of it is done', async () => {
  server = await start({ headersTimeout: 100, requestTimeout: 150, connectionsCheckingInterval: 10 })
  const socket = await open(server.port)
  socket.write(request('POST /body', ['Content-Type: application/json', 'Content-Length: 100000']))
  const answer = await drip(socket, 20)
  expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*DEADLINE_EXCEEDED/)
  expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1)
})

test('a chunked body that never ends is cut off as well', async () => {
  server = await start({ headersTimeout: 100, requestTimeout: 150, connectionsCheckingInterval: 10 })
  const head = request('POST /body', ['Content-Type: application/json', 'Transfer-Encoding: chunked'])
  const [answer] = await talk(server.port, `${head}1\r\n{\r\n`)
  expect(answer?.status).toBe(408)
})

test('a client that has gone before its body is read is not waited for', async () => {
  let asked = false
  let admit = (): void => undefined
  server = await start({}, undefined, async () => {
    asked = true
    await new Promise<void>((resolve) => (admit = resolve))
  })
  broken.splice(0)
  const socket = await open(server.port)
  socket.write(request('POST /body', ['Content-Type: application/json', 'Content-Length: 100']))
  await waitFor(() => asked, { what: 'the request' })
  socket.destroy()
  await waitFor(() => server.connections() === 0, { what: 'the end of the connection' })
  admit()
  await waitFor(() => broken.length > 0, { what: 'the end of the request' })
  expect(broken).toEqual(['ClientGoneError'])
})

test('a connection that sends nothing after an answer is closed', async () => {
  server = await start({ keepAliveTimeout: 50, connectionsCheckingInterval: 10 })
  const [answer] = await talk(server.port, request('GET /small'))
  expect(answer?.status).toBe(200)
})

test('a reader that takes nothing of its answer is cut off, and what waited for it is let go', async () => {
  server = await start({ stalledTimeout: 100 })
  const socket = await open(server.port)
  socket.pause()
  socket.write(request('GET /large'))
  // A pause stops our reading but not our being told: once the kernel's buffers are full nothing moves any more.
  await waitFor(() => server.connections() === 0, { what: 'the stalled connection to be cut off' })
  socket.destroy()
})

test('a reader that is slow but reads gets all of its answer', async () => {
  server = await start({ stalledTimeout: 2_000 })
  const socket = await open(server.port)
  let size = 0
  socket.on('data', (chunk: Buffer) => {
    size += chunk.length
    socket.pause()
    setTimeout(() => socket.resume(), 1)
  })
  socket.write(request('GET /large', ['Connection: close']))
  await once(socket, 'close')
  expect(size).toBeGreaterThan(large.length)
})

describe('where there are too many connections', () => {
  test('the one that has waited longest makes room, and who is being served stays', async () => {
    server = await start({}, { most: 3, mostOfOne: 0 })
    const reading = await open(server.port)
    reading.pause()
    reading.write(request('GET /large', ['Connection: close']))
    const oldest = await open(server.port)
    oldest.write('GET /small HTTP/1.1\r\nHost: ')
    const idle = await open(server.port)
    await waitFor(() => server.connections() === 3, { what: 'all to be there' })
    const cutOff = once(oldest, 'close')
    expect((await talk(server.port, request('GET /small', ['Connection: close']))).map(({ status }) => status)).toEqual([200])
    await cutOff
    let size = 0
    reading.on('data', (chunk: Buffer) => (size += chunk.length)).resume()
    await once(reading, 'close')
    expect(size).toBeGreaterThan(large.length)
    idle.destroy()
  })

  test('who announces a body and does not send it makes room', async () => {
    server = await start({}, { most: 1, mostOfOne: 0 })
    const silent = await open(server.port)
    const headers = ['Content-Type: application/json', 'Content-Length: 100', 'Expect: 100-continue']
    silent.write(request('POST /body', headers))
    await once(silent, 'data')
    const cutOff = once(silent, 'close')
    expect((await talk(server.port, request('GET /small', ['Connection: close']))).map(({ status }) => status)).toEqual([200])
    await cutOff
  })

  test.each([
    ['behind an answer that is over', request('GET /small') + request('GET /large', ['Connection: close'])],
    [
      'with a body that has come',
      request('POST /body?large', ['Content-Type: application/json', 'Content-Length: 2', 'Connection: close'], '{}'),
    ],
  ])('who is being served %s stays', async (_how, bytes) => {
    server = await start({}, { most: 1, mostOfOne: 0 })
    const reading = await open(server.port)
    reading.write(bytes)
    const [first] = (await once(reading, 'data')) as [Buffer]
    reading.pause()
    const refused = await open(server.port)
    await once(refused, 'close')
    let size = first.length
    reading.on('data', (chunk: Buffer) => (size += chunk.length)).resume()
    await once(reading, 'close')
    expect(size).toBeGreaterThan(large.length)
  })

  test('of one address, the next is refused until another has gone', async () => {
    server = await start({}, { most: 0, mostOfOne: 2 })
    const held = [await open(server.port), await open(server.port)]
    await waitFor(() => server.connections() === 2, { what: 'both to be there' })
    const refused = await open(server.port)
    await once(refused, 'close')
    held[0]?.destroy()
    await waitFor(() => server.connections() === 1, { what: 'one to be gone' })
    expect((await talk(server.port, request('GET /small', ['Connection: close']))).map(({ status }) => status)).toEqual([200])
    held[1]?.destroy()
  })
})
