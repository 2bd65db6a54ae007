import type { Caller } from './caller'
import { runPhase } from './phase'

const stallMs = 400

/** Answers at once, but for its first answer, which takes a while. */
function stallingCaller(): Caller {
  let asked = 0
  return {
    send: (done) => {
      const answer = (): void => done({ status: 201, body: '' })
      if (asked++ === 0) setTimeout(answer, stallMs)
      else answer()
    },
  }
}

test('an open loop charges a stall to all who should have started meanwhile', async () => {
  const result = await runPhase({ shape: { kind: 'open', seconds: 0.5, perSecond: 100 } }, [stallingCaller()])
  expect(result).toMatchObject({ sent: 50, accepted: 50 })
  // Forty of fifty requests were due during the stall: the median one has waited for more than a third of it.
  expect(result.latency.p50).toBeGreaterThan(stallMs / 3)
  expect(result.latency.max).toBeGreaterThan(stallMs * 0.99)
})

test('a closed loop sees the same stall once', async () => {
  const result = await runPhase({ shape: { kind: 'count', requests: 50 } }, [stallingCaller()])
  expect(result).toMatchObject({ sent: 50, accepted: 50 })
  expect(result.latency.p95).toBeLessThan(stallMs / 3)
  expect(result.latency.max).toBeGreaterThan(stallMs * 0.99)
})

test('a closed loop has as many requests under way as callers, and waits for the last answer', async () => {
  let underWay = 0
  let most = 0
  const caller: Caller = {
    send: (done) => {
      most = Math.max(most, ++underWay)
      setImmediate(() => {
        underWay--
        done({ status: 201, body: '' })
      })
    },
  }
  const result = await runPhase(
    { shape: { kind: 'closed', seconds: 0.05 } },
    Array.from({ length: 7 }, () => caller),
  )
  expect(most).toBe(7)
  expect(underWay).toBe(0)
  expect(result.accepted).toBe(result.sent)
})

test('a closed loop ends when what it asks is gone', async () => {
  const gone: Caller = { send: (done) => void setImmediate(done, { error: 'reset' }) }
  const result = await runPhase({ shape: { kind: 'closed', seconds: 60 } }, [gone, gone])
  expect(result).toMatchObject({ accepted: 0, failed: 2, firstFailure: 'reset' })
})
