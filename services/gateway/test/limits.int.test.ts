/** The limits of the edge, counted in the process. */
import { randomUUID } from 'node:crypto'

import type { CreateReservationResponse } from '@holdfast/contracts/reservation'

import { type Answer, type Fixture, startFixture } from './support'

const created = (replayed: boolean): CreateReservationResponse => ({ reservation: undefined, requestId: '', replayed })

let reserves = 0
const fakes = {
  inventory: { listProducts: async () => Promise.resolve({ products: [], nextPageToken: '', requestId: '' }) },
  reservation: { createReservation: async () => Promise.resolve(created(++reserves > 1)) },
}

/** A gateway behind a proxy that says who its clients are: each test is another. */
async function start(env: Record<string, string>): Promise<Fixture> {
  return startFixture({ ...fakes, env: { TRUSTED_PROXIES: '127.0.0.1', ...env } })
}

const from = (address: string) => ({ 'x-forwarded-for': address })
const lines = { lines: [{ sku: 'A', quantity: 1 }] }

async function times(count: number, ask: () => Promise<Answer>): Promise<number[]> {
  const statuses: number[] = []
  for (let i = 0; i < count; i++) statuses.push((await ask()).status)
  return statuses
}

let gateway: Fixture
afterEach(async () => gateway.close())

describe('reserving', () => {
  const reserve = async (token: string, headers: Record<string, string> = {}): Promise<Answer> =>
    gateway.call('POST /v1/reservations', { token, body: lines, headers })

  beforeEach(async () => {
    gateway = await start({ RATE_LIMIT_RESERVE_PER_USER: '3' })
  })

  test('has a limit for each user, whatever address they come from and however many share one', async () => {
    const [ann, ben] = [await gateway.register(), await gateway.register()]
    expect(await times(3, async () => reserve(ann.accessToken, from('198.51.100.1')))).toEqual([201, 200, 200])
    const refused = await reserve(ann.accessToken, from('198.51.100.2'))
    expect(refused).toMatchObject({
      status: 429,
      body: { code: 'RATE_LIMITED', status: 429, detail: 'At most 3 requests to reserve of one user are taken in a minute' },
    })
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    const seconds = Number(refused.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(60)
    expect((await reserve(ben.accessToken, from('198.51.100.1'))).status).toBe(200)
    // Not even for another token of the same user.
    const { body } = await gateway.call('POST /v1/auth/login', { body: { email: ann.email, password: ann.password } })
    expect((await reserve(String(body?.['accessToken']))).status).toBe(429)
  })

  test('counts orders that reserve, and repeats of a request, but nothing else', async () => {
    const { accessToken: token } = await gateway.register()
    const headers = { 'idempotency-key': randomUUID() }
    expect([(await reserve(token, headers)).status, (await reserve(token, headers)).status]).toEqual([200, 200])
    // There is no order service here: it was asked, all the same.
    expect((await gateway.call('POST /v1/orders', { token, body: lines })).status).toBe(503)
    expect((await gateway.call('POST /v1/orders', { token, body: lines })).status).toBe(429)
    expect((await reserve(token, headers)).status).toBe(429)
    expect((await gateway.call('GET /v1/auth/me', { token })).status).toBe(200)
    expect((await gateway.call('POST /v1/checkout', { token, body: { reservationId: randomUUID() } })).status).toBe(503)
  })

  test('is the same limit over gRPC-web and Connect', async () => {
    const { accessToken: token } = await gateway.register()
    const path = 'POST /holdfast.reservation.v1.ReservationService/CreateReservation'
    const connect = async (): Promise<Answer> => gateway.call(path, { token, body: lines })
    expect([(await reserve(token)).status, (await connect()).status, (await connect()).status]).toEqual([200, 200, 200])
    expect(await connect()).toMatchObject({ status: 429, body: { code: 'resource_exhausted' } })
    expect((await reserve(token)).status).toBe(429)
  })

  test('is counted for who has a good token alone, and tells what is left', async () => {
    const { accessToken: token } = await gateway.register()
    const forged = `${token.slice(0, -4)}AAAA`
    expect(await times(5, async () => reserve(forged))).toEqual([401, 401, 401, 401, 401])
    const answer = await reserve(token)
    expect(answer.headers.get('ratelimit-policy')).toBe('"reserve";q=3;w=60')
    expect(answer.headers.get('ratelimit')).toMatch(/^"reserve";r=2;t=(60|5\d)$/)
  })

  test('at once gets through as often as the limit says', async () => {
    const { accessToken: token } = await gateway.register()
    const answers = await Promise.all(Array.from({ length: 20 }, async () => reserve(token)))
    expect(answers.filter(({ status }) => status !== 429)).toHaveLength(3)
  })
})

describe('an address', () => {
  const list = async (headers: Record<string, string>): Promise<Answer> => gateway.call('GET /v1/products', { headers })

  test('has one limit for all it asks, and what lies ready costs nothing', async () => {
    gateway = await start({ RATE_LIMIT_PER_IP: '3' })
    const headers = from('198.51.100.1')
    const answer = await list(headers)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('ratelimit-policy')).toBe('"ip";q=3;w=60')
    expect(answer.headers.get('ratelimit')).toMatch(/^"ip";r=2;t=/)
    expect((await gateway.call('GET /v1/nowhere', { headers })).status).toBe(404)
    expect((await gateway.call('GET /v1/auth/me', { headers })).status).toBe(401)
    const refused = await list(headers)
    expect(refused).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } })
    expect(refused.headers.get('ratelimit')).toMatch(/^"ip";r=0;t=/)
    for (const path of ['/healthz', '/.well-known/jwks.json', '/docs/errors', '/']) {
      expect((await gateway.call(`GET ${path}`, { headers })).status).toBe(200)
    }
    expect((await fetch(`${gateway.url}/metrics`, { headers })).status).toBe(200)
    expect((await gateway.call('OPTIONS /v1/products', { headers })).status).toBe(204)
    expect((await list(from('198.51.100.2'))).status).toBe(200)
  })

  test('is what our proxy says, not what the client says before it', async () => {
    gateway = await start({ RATE_LIMIT_PER_IP: '2' })
    let claims = 0
    const spoof = async (): Promise<Answer> => list(from(`203.0.113.${++claims}, 198.51.100.1`))
    expect(await times(3, spoof)).toEqual([200, 200, 429])
    expect(await times(3, async () => list(from(`2001:db8:1:2::${++claims}`)))).toEqual([200, 200, 429])
  })

  test('is that of the connection where no proxy is trusted', async () => {
    gateway = await start({ RATE_LIMIT_PER_IP: '2', TRUSTED_PROXIES: '' })
    let claims = 0
    expect(await times(3, async () => list(from(`203.0.113.${++claims}`)))).toEqual([200, 200, 429])
  })

  test('has no limit when that is 0', async () => {
    gateway = await start({})
    const answers = await Promise.all(Array.from({ length: 120 }, async () => list(from('198.51.100.1'))))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(answers[0]?.headers.get('ratelimit')).toBeNull()
  })
})

describe('a password', () => {
  const login = async (email: string, password: string, address: string): Promise<Answer> =>
    gateway.call('POST /v1/auth/login', { body: { email, password }, headers: from(address) })

  test('can be tried a few times for one name from one address, and its owner gets in from another', async () => {
    gateway = await start({ RATE_LIMIT_LOGIN_PER_NAME: '2' })
    const { email, password } = await gateway.register()
    expect(await times(2, async () => login(email, 'a wrong guess', '198.51.100.1'))).toEqual([401, 401])
    // Even the right one: who may try no more must not learn it either.
    expect((await login(` ${email.toUpperCase()}`, password, '198.51.100.1')).status).toBe(429)
    expect((await login(email, password, '198.51.100.2')).status).toBe(200)
    expect((await login('another@example.com', 'a wrong guess', '198.51.100.1')).status).toBe(401)
  })

  test('can be tried a few times from one address, whatever the name', async () => {
    gateway = await start({ RATE_LIMIT_LOGIN_PER_IP: '2' })
    let names = 0
    const guess = async (): Promise<Answer> => login(`user${++names}@example.org`, 'a wrong guess', '198.51.100.1')
    expect(await times(3, guess)).toEqual([401, 401, 429])
    expect((await login('user1@example.org', 'a wrong guess', '198.51.100.2')).status).toBe(401)
  })
})

describe('registering', () => {
  const register = async (email: string, address: string): Promise<Answer> =>
    gateway.call('POST /v1/auth/register', { body: { email, password: 'a long enough password' }, headers: from(address) })

  test('has a limit by address, and one by the name asked for', async () => {
    gateway = await start({ RATE_LIMIT_REGISTER_PER_IP: '3', RATE_LIMIT_REGISTER_PER_NAME: '1' })
    expect((await register('one@example.org', '198.51.100.1')).status).toBe(201)
    const again = await register('one@example.org', '198.51.100.1')
    expect(again).toMatchObject({ status: 429, body: { detail: 'At most 1 tries to register one user are taken in a minute' } })
    expect(again.headers.get('ratelimit-policy')).toBe('"register_ip";q=3;w=60, "register_name";q=1;w=60')
    expect((await register('two@example.org', '198.51.100.1')).status).toBe(201)
    expect((await register('three@example.org', '198.51.100.1')).status).toBe(429)
    expect((await register('three@example.org', '198.51.100.2')).status).toBe(201)
  })
})
