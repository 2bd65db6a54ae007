/** Limits that gateways share by a real Redis, which is killed, hung, and brought back. */
import { scrape } from '@holdfast/service'
import { type RedisServer, startRedis, startSentinelRedis, waitFor } from '@holdfast/testing'

import { type Answer, type Fixture, runGateway, startFixture } from './support'

const perMinute = 20
/** Nothing here takes so long but a Redis that hangs; a busy machine is not one. In ms. */
const timeoutMs = 2_000

const fakes = { inventory: { listProducts: async () => Promise.resolve({ products: [], nextPageToken: '', requestId: '' }) } }

let redis: RedisServer
let first: Fixture
let second: Awaited<ReturnType<typeof runGateway>>

beforeAll(async () => {
  redis = await startRedis()
  const env = {
    REDIS_URL: redis.url,
    REDIS_TIMEOUT_MS: String(timeoutMs),
    RATE_LIMIT_PER_IP: String(perMinute),
    TRUSTED_PROXIES: '127.0.0.1',
  }
  first = await startFixture({ ...fakes, env })
  second = await runGateway(first.env)
  await waitFor(async () => (await counted('rate_limit_redis_up')) === 1, { what: 'Redis to be used' })
})
afterEach(() => redis.resume())
afterAll(async () => {
  await second.stop()
  await first.close()
  await redis.stop()
})

let clients = 0
/** Each a client that nobody has counted yet. */
const newClient = (): string => {
  clients++
  return `2001:db8:${(clients >>> 16).toString(16)}:${(clients & 0xffff).toString(16)}::1`
}

async function list(address: string, gateway: 'first' | 'second' | number = 'first'): Promise<Answer> {
  const port = typeof gateway === 'number' ? gateway : gateway === 'first' ? first.httpPort : second.httpPort
  const response = await fetch(`http://127.0.0.1:${port}/v1/products`, { headers: { 'x-forwarded-for': address } })
  await response.arrayBuffer()
  return { status: response.status, headers: response.headers, body: undefined }
}

/** A metric without labels, as this process has it now. */
async function counted(name: string): Promise<number | undefined> {
  const value = new RegExp(`^${name} (.*)$`, 'm').exec(await scrape())?.[1]
  return value === undefined ? undefined : Number(value)
}

async function statuses(count: number, ask: (index: number) => Promise<Answer>): Promise<number[]> {
  return (await Promise.all(Array.from({ length: count }, async (_, index) => ask(index)))).map(({ status }) => status)
}

test('two gateways let through together what the limit says', async () => {
  const address = newClient()
  const all = await statuses(60, async (index) => list(address, index % 2 === 0 ? 'first' : 'second'))
  expect(all.filter((status) => status === 200)).toHaveLength(perMinute)
  expect(all.filter((status) => status === 429)).toHaveLength(40)
  expect((await list(address, 'second')).status).toBe(429)
  expect((await list(newClient(), 'second')).headers.get('ratelimit')).toMatch(/^"ip";r=19;t=/)
  expect(await counted('rate_limit_fallback_total')).toBe(0)
})

test('Redis killed under load: each gateway limits by itself, nobody is told of it, and it is used again when it is back', async () => {
  const seen: number[] = []
  const end = new AbortController()
  const load = Array.from({ length: 8 }, async (_, index) => {
    while (!end.signal.aborted) seen.push((await list(newClient(), index % 2 === 0 ? 'first' : 'second')).status)
  })
  await waitFor(() => seen.length > 50, { what: 'load' })
  await redis.kill()
  const killedAt = seen.length
  await waitFor(() => seen.length > killedAt + 50, { what: 'load without Redis' })
  expect(await counted('rate_limit_redis_up')).toBe(0)
  expect(await counted('rate_limit_fallback_total')).toBeGreaterThan(0)
  for (const gateway of ['first', 'second'] as const) {
    const address = newClient()
    const all = await statuses(40, async () => list(address, gateway))
    expect(all.filter((status) => status === 200)).toHaveLength(perMinute)
    expect(all.filter((status) => status === 429)).toHaveLength(40 - perMinute)
  }
  await redis.start()
  await waitFor(async () => (await counted('rate_limit_redis_up')) === 1, { what: 'Redis to be used again' })
  end.abort()
  await Promise.all(load)
  expect(new Set(seen)).toEqual(new Set([200]))
  await sharedAgain()
})

test('a Redis that hangs is waited for by the requests of that moment alone', async () => {
  redis.pause()
  const atThatMoment = await statuses(10, async () => list(newClient()))
  expect(new Set(atThatMoment)).toEqual(new Set([200]))
  // Many times the limit's time, if each waited; the answers tell that Redis was not asked.
  const before = (await counted('rate_limit_fallback_total')) ?? 0
  const address = newClient()
  const all: number[] = []
  for (let i = 0; i < 40; i++) all.push((await list(address)).status)
  expect(all.filter((status) => status === 200)).toHaveLength(perMinute)
  expect(all.filter((status) => status === 429)).toHaveLength(40 - perMinute)
  expect(await counted('rate_limit_fallback_total')).toBe(before + 40)
  redis.resume()
  await waitFor(async () => (await counted('rate_limit_redis_up')) === 1, { what: 'Redis to be used again' })
  await sharedAgain()
})

test('a gateway starts without Redis, and finds it later', async () => {
  await redis.kill()
  await second.stop()
  second = await runGateway(first.env)
  expect((await list(newClient(), 'second')).status).toBe(200)
  await redis.start()
  await sharedAgain()
})

test('the master that sentinels watch is killed: nobody is told of it, and its successor counts', async () => {
  const watched = await startSentinelRedis()
  await second.stop()
  const env = { ...first.env, REDIS_URL: watched.url, REDIS_SENTINELS: watched.sentinels }
  const third = await runGateway(env)
  second = await runGateway(env)
  const shared = async () => {
    const address = newClient()
    await list(address, third.httpPort)
    return (await list(address, 'second')).headers.get('ratelimit')?.startsWith('"ip";r=18;') === true
  }
  try {
    await waitFor(shared, { what: 'the gateways to share the limit', timeoutMs: 60_000 })
    await watched.master.kill()
    const seen = await statuses(40, async () => list(newClient(), third.httpPort))
    expect(new Set(seen)).toEqual(new Set([200]))
    await waitFor(shared, { what: 'the gateways to share it by the new master', timeoutMs: 60_000 })
  } finally {
    await third.stop()
    await watched.stop()
  }
}, 180_000)

/** What one gateway counts, the other knows: both are tried until both have found Redis again. */
async function sharedAgain(): Promise<void> {
  await waitFor(
    async () => {
      const address = newClient()
      await list(address, 'first')
      const { headers } = await list(address, 'second')
      return headers.get('ratelimit')?.startsWith('"ip";r=18;') === true
    },
    { what: 'the gateways to share the limit again' },
  )
}
