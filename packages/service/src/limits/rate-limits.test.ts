import { createLog } from '../log'
import { scrape } from '../metrics'
import { checkTaken, openRateLimits, type RateLimit } from './rate-limits'

const log = createLog('test', 'silent')

async function limitOf(name: string, perMinute: number): Promise<RateLimit> {
  const limit = (await openRateLimits({ REDIS_TIMEOUT_MS: 100 }, log)).limit(name, perMinute)
  if (limit === undefined) throw new Error('the limit is off')
  return limit
}

test('a key has so many in a minute, and the next one is told when to come back', async () => {
  const limit = await limitOf('three', 3)
  const taken = [await limit.take('a'), await limit.take('a'), await limit.take('a'), await limit.take('a')]
  expect(taken.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
    [true, 2],
    [true, 1],
    [true, 0],
    [false, 0],
  ])
  for (const { resetMs } of taken) expect(resetMs).toBeGreaterThan(0)
  for (const { resetMs } of taken) expect(resetMs).toBeLessThanOrEqual(60_000)
  expect((await limit.take('b')).remaining).toBe(2)
  expect(await scrape()).toContain('rate_limited_total{limit="three"} 1')
})

test('many at once get no more than those one after the other', async () => {
  const limit = await limitOf('crowd', 10)
  const taken = await Promise.all(Array.from({ length: 100 }, async () => limit.take('a')))
  expect(taken.filter(({ allowed }) => allowed)).toHaveLength(10)
})

test('after its minute a key begins anew, however often it was refused', async () => {
  jest.useFakeTimers()
  try {
    const limit = await limitOf('again', 1)
    await limit.take('a')
    jest.advanceTimersByTime(59_000)
    expect((await limit.take('a')).allowed).toBe(false)
    jest.advanceTimersByTime(1_001)
    expect((await limit.take('a')).allowed).toBe(true)
  } finally {
    jest.useRealTimers()
  }
})

test('of too many keys the one that was asked about least lately is forgotten, and none that goes on asking', async () => {
  const limit = await limitOf('full', 1)
  const isAllowed = async (key: string): Promise<boolean> => (await limit.take(key)).allowed
  expect([await isAllowed('quiet'), await isAllowed('busy')]).toEqual([true, true])
  expect([await isAllowed('quiet'), await isAllowed('busy')]).toEqual([false, false])
  for (let i = 0; i < 50_000; i++) {
    await limit.take(`other ${i}`)
    if (i % 10_000 === 0) expect(await isAllowed('busy')).toBe(false)
  }
  expect([await isAllowed('quiet'), await isAllowed('busy')]).toEqual([true, false])
})

test('a limit of 0 is none', async () => {
  expect((await openRateLimits({ REDIS_TIMEOUT_MS: 100 }, log)).limit('off', 0)).toBeUndefined()
})

test('a refusal says the limit, and when to try again', async () => {
  const limit = await limitOf('told', 1)
  await limit.take('a')
  const refused = await limit.take('a')
  expect(() => checkTaken(refused, limit, 'requests of one user')).toThrow(
    expect.objectContaining({
      code: 'RATE_LIMITED',
      message: 'At most 1 requests of one user are taken in a minute',
      retryAfterMs: refused.resetMs,
    }),
  )
})
