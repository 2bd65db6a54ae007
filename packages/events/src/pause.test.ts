import { Bell, pause } from './pause'

const never = new AbortController().signal
const long = 600_000

test('a ring ends a wait', async () => {
  const bell = new Bell()
  const waited = bell.wait(long, never)
  bell.ring()
  await expect(waited).resolves.toBeUndefined()
})

test('a ring while nobody waits ends the next wait, and only that one', async () => {
  const bell = new Bell()
  bell.ring()
  await bell.wait(long, never)
  const outcome = await Promise.race([bell.wait(long, AbortSignal.timeout(1)).then(() => 'waited'), Promise.resolve('at once')])
  expect(outcome).toBe('at once')
})

test('an abort ends a wait without an error', async () => {
  const stop = new AbortController()
  const waited = pause(long, stop.signal)
  stop.abort()
  await waited
  await pause(long, stop.signal)
})
