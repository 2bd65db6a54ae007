import { once } from 'node:events'
import { connect } from 'node:net'

import { type CallContext, ConfigError, scrape } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { OrderServiceService } from '@holdfast/contracts/order'
import { Reservation } from '@holdfast/contracts/reservation'

import { createPages } from '../src/http/pages'
import { startHttpServer } from '../src/http/server'
import { type Fixture, runGateway, startFixture } from './support'

let gateway: Fixture
let order: { port: number; close: () => void }
/** Calls of the order service that wait for good, and those that were cancelled. */
const waiting: string[] = []
const cancelled: string[] = []
let release = (): void => undefined
let arrived = 0

beforeAll(async () => {
  order = await startWaitingOrders()
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  gateway = await startFixture({
    reservation: {
      getReservation: async ({ id }: { id: string }, _ctx: CallContext) => {
        arrived++
        await gate
        return { reservation: Reservation.fromJSON({ id }), requestId: '' }
      },
    },
    env: {
      ORDER_ADDR: `127.0.0.1:${order.port}`,
      REQUEST_TIMEOUT_MS: '2000',
      HOLDFAST_ADMIN_EMAIL: 'Root@Example.com',
      HOLDFAST_ADMIN_PASSWORD: 'the first password',
    },
  })
})
afterAll(async () => {
  await gateway.close()
  order.close()
})

async function startWaitingOrders(): Promise<{ port: number; close: () => void }> {
  const server = new Server()
  const wait = (call: { request: { id: string }; on: (event: 'cancelled', listener: () => void) => void }): void => {
    waiting.push(call.request.id)
    call.on('cancelled', () => cancelled.push(call.request.id))
  }
  const refuse = (): void => undefined
  const methods = Object.fromEntries(Object.keys(OrderServiceService).map((method) => [method, refuse]))
  server.addService(OrderServiceService, { ...methods, getOrder: wait })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  return { port, close: () => server.forceShutdown() }
}

/** Sends raw bytes and answers what comes back until the other side closes. */
async function talk(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk
  })
  socket.write(text)
  await once(socket, 'close')
  return answer
}

test('the first admin is there, and can log in', async () => {
  const body = { email: 'root@example.com', password: 'the first password' }
  expect(await gateway.call('POST /v1/auth/login', { body })).toMatchObject({ status: 200, body: { user: { role: 'ADMIN' } } })
})

/** Gateways that start at once with this admin. */
async function startWithAdmin(email: string, password: string, gateways = 1): Promise<void> {
  const env = { ...gateway.env, HOLDFAST_ADMIN_EMAIL: email, HOLDFAST_ADMIN_PASSWORD: password }
  const more = await Promise.all(Array.from({ length: gateways }, async () => runGateway(env)))
  await Promise.all(more.map(async ({ stop }) => stop()))
}

async function userOf(email: string): Promise<unknown> {
  const { rows } = await gateway.db.query<object>('select role, version::int from users where email = $1', [email])
  return rows[0]
}

test('gateways that start at once make one admin', async () => {
  await startWithAdmin('second@example.com', 'another password', 2)
  expect(await userOf('second@example.com')).toEqual({ role: 'ADMIN', version: 1 })
})

test('an admin is not made with a password that anybody would try; one who is there already stops no start by it', async () => {
  await expect(startWithAdmin('third@example.com', 'Password1234')).rejects.toThrow(ConfigError)
  await expect(startWithAdmin('third@example.com', 'Password1234')).rejects.toThrow(
    'HOLDFAST_ADMIN_PASSWORD: password: is one of those that are tried first',
  )
  expect(await userOf('third@example.com')).toBeUndefined()
  await startWithAdmin('second@example.com', 'Password1234')
})

describe('a user who has the address of the first admin already', () => {
  beforeAll(async () => gateway.db.query(`update users set role = 'USER'`))
  afterEach(async () => gateway.db.query(`update users set role = 'USER'`))

  test('stops the start when the password is not theirs, and stays a user', async () => {
    const { email } = await gateway.register()
    await expect(startWithAdmin(email, 'another password')).rejects.toThrow(ConfigError)
    await expect(startWithAdmin(email, 'another password')).rejects.toThrow('HOLDFAST_ADMIN_PASSWORD: is not the password')
    expect(await userOf(email)).toEqual({ role: 'USER', version: 1 })
  })

  test('becomes it, once, when the password is theirs', async () => {
    const { email, password } = await gateway.register()
    await startWithAdmin(email, password, 2)
    expect(await userOf(email)).toEqual({ role: 'ADMIN', version: 2 })
  })

  test('stays a user where there is another admin, as one who was demoted', async () => {
    const other = await gateway.register()
    await gateway.db.query(`update users set role = 'ADMIN' where id = $1`, [other.id])
    const { email, password } = await gateway.register()
    await startWithAdmin(email, password)
    await startWithAdmin(email, 'another password')
    expect(await userOf(email)).toEqual({ role: 'USER', version: 1 })
  })
})

test('an admin that nobody could register as stops the start by name', async () => {
  const short = { ...gateway.env, HOLDFAST_ADMIN_PASSWORD: 'short' }
  await expect(runGateway(short)).rejects.toThrow('HOLDFAST_ADMIN_PASSWORD: password: must have')
  const { HOLDFAST_ADMIN_PASSWORD: _password, ...half } = gateway.env
  await expect(runGateway(half)).rejects.toThrow('HOLDFAST_ADMIN_EMAIL and HOLDFAST_ADMIN_PASSWORD')
})

test('a port that is taken is said in one line', async () => {
  const starting = runGateway({ ...gateway.env, HOLDFAST_PORT: String(gateway.httpPort) })
  await expect(starting).rejects.toThrow(
    new ConfigError(`HOLDFAST_PORT: 127.0.0.1:${gateway.httpPort} is in use by another program`),
  )
})

test('a client that goes away takes its call with it', async () => {
  const { accessToken } = await gateway.register()
  const leaving = new AbortController()
  const headers = { authorization: `Bearer ${accessToken}` }
  const asked = fetch(`${gateway.url}/v1/orders/left-alone`, { headers, signal: leaving.signal })
  await waitFor(() => waiting.includes('left-alone'), { what: 'the call to arrive' })
  leaving.abort()
  await expect(asked).rejects.toThrow('aborted')
  await waitFor(() => cancelled.includes('left-alone'), { what: 'the call to be cancelled' })
  const counted = /^http_requests_total\{method="GET",route="\/v1\/orders\/\{id\}",status="(\d+)"\} 1$/m
  let status: string | undefined
  await waitFor(async () => (status = counted.exec(await scrape())?.[1]), { what: 'the request to be counted' })
  expect(status).toBe('499')
})

test('a service that is too slow is a 504 when the time is over', async () => {
  const { accessToken } = await gateway.register()
  const answer = await gateway.call('GET /v1/orders/slow', { token: accessToken })
  expect(answer).toMatchObject({ status: 504, body: { code: 'DEADLINE_EXCEEDED' } })
})

test.each([
  ['what is no HTTP', 'HELO there\r\n\r\n', 400],
  ['headers that are too large', `GET / HTTP/1.1\r\nHost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
  [
    'two lengths',
    'POST /v1/reservations HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
])('%s gets a problem and an end', async (_what, text, status) => {
  const [head = '', body = ''] = (await talk(gateway.httpPort, text)).split('\r\n\r\n')
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(head).toMatch(/content-type: application\/problem\+json/)
  expect(head).toMatch(/connection: close/)
  expect(JSON.parse(body)).toMatchObject({ status, code: 'INVALID_ARGUMENT', requestId: expect.any(String) })
})

test('a client that sends too slowly is told so and cut off, also one that never closes', async () => {
  const routes = { find: () => undefined }
  const api = { routes, serve: jest.fn() }
  const rpc = { has: () => false }
  const pages = createPages({ readiness: jest.fn(), jwks: () => ({ keys: [] }), metrics: false })
  const log = { info: jest.fn(), error: jest.fn() }
  const limits = { headersTimeout: 50, requestTimeout: 50, connectionsCheckingInterval: 10 }
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    limits,
    edge: { admitRequest: undefined },
    ...({ api, rpc, pages, log } as unknown as Pick<Parameters<typeof startHttpServer>[0], 'api' | 'rpc' | 'pages' | 'log'>),
  })
  const answer = await talk(server.port, 'GET / HTTP/1.1\r\nHost: x\r\n')
  expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  expect(answer).toContain('"code":"DEADLINE_EXCEEDED"')
  // Cut off, its next write meets a connection that is gone.
  const stubborn = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
  const drip = setInterval(() => stubborn.write('x'), 50)
  let cut = false
  stubborn.on('error', () => (cut = true)).resume()
  stubborn.write('GET / HTTP/1.1\r\nHost: ')
  try {
    await waitFor(() => cut, { what: 'the one that never closes to be cut off' })
  } finally {
    clearInterval(drip)
    stubborn.destroy()
    await server.stop()
  }
})

test('an address in absolute form and an unknown expectation are served', async () => {
  const answer = await talk(
    gateway.httpPort,
    `GET http://shop.example/healthz HTTP/1.1\r\nHost: x\r\nExpect: more\r\nConnection: close\r\n\r\n`,
  )
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
})

// The last: it stops the gateway.
test('a stop finishes what is under way, and lets nobody in', async () => {
  const { accessToken } = await gateway.register()
  const inAdvance = connect(gateway.httpPort, '127.0.0.1')
  await once(inAdvance, 'connect')
  const asked = gateway.call('GET /v1/reservations/last', { token: accessToken })
  await waitFor(() => arrived === 1, { what: 'the call to arrive' })
  const closed = once(inAdvance, 'close')
  const stopped = gateway.stopGateway()
  await closed
  await waitFor(
    async () =>
      fetch(`${gateway.url}/healthz`).then(
        () => false,
        () => true,
      ),
    { what: 'new connections to be refused' },
  )
  release()
  const answer = await asked
  expect(answer).toMatchObject({ status: 200, body: { reservation: { id: 'last' } } })
  expect(answer.headers.get('connection')).toBe('close')
  await stopped
})
