import { forgetServerTime, observeServerTime, serverNow } from './clock.ts'

/** The server's clock is so much ahead of the time since this began, in ms. */
const ahead = 1_900_000_000_000

/** An answer that was asked for at a time of ours, and came after so long; made half way. */
function hear(sentAt: number, tookMs: number): void {
  observeServerTime(new Date(ahead + sentAt + tookMs / 2).toUTCString(), sentAt, sentAt + tookMs)
}

function error(): number {
  return Math.abs(serverNow() - performance.now() - ahead)
}

beforeEach(forgetServerTime)

test('before the first answer it is the time of this machine', () => {
  expect(Math.abs(serverNow() - Date.now())).toBeLessThan(1_000)
})

test('one answer tells it to the second, many to a part of one', () => {
  hear(400, 20)
  expect(error()).toBeLessThan(600)
  for (let at = 1_000; at < 8_000; at += 370) hear(at, 30)
  expect(error()).toBeLessThan(150)
})

test('a slow answer among quick ones does no harm', () => {
  for (let at = 1_000; at < 8_000; at += 370) hear(at, 30)
  hear(9_000, 4_000)
  expect(error()).toBeLessThan(150)
})

test('after this machine has slept the next answer counts alone', () => {
  for (let at = 1_000; at < 8_000; at += 370) hear(at, 30)
  observeServerTime(new Date(ahead + 3_600_000 + 8_400).toUTCString(), 8_390, 8_410)
  expect(Math.abs(serverNow() - performance.now() - ahead - 3_600_000)).toBeLessThan(600)
})

test('an answer without a time tells nothing', () => {
  observeServerTime(null, 0, 1)
  observeServerTime('some day', 0, 1)
  expect(Math.abs(serverNow() - Date.now())).toBeLessThan(1_000)
})
