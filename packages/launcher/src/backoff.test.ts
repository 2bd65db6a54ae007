import { backoff } from './backoff'

test('each pause is twice the one before, up to the longest', () => {
  const pauses = backoff({ firstMs: 200, longestMs: 5_000, steadyMs: 30_000, now: () => 0 })
  expect(Array.from({ length: 7 }, () => pauses.next())).toEqual([200, 400, 800, 1_600, 3_200, 5_000, 5_000])
})

test('who ran a while begins again with the first pause', () => {
  let now = 0
  const pauses = backoff({ firstMs: 200, longestMs: 5_000, steadyMs: 30_000, now: () => now })
  pauses.started()
  pauses.next()
  now = 29_999
  expect(pauses.next()).toBe(400)
  pauses.started()
  now += 30_000
  expect(pauses.next()).toBe(200)
})
