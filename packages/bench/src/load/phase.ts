import { setTimeout as sleep } from 'node:timers/promises'

import type { Caller } from './caller'
import { Tally } from './tally'
import type { Phase, PhaseResult } from './task'

/** How long answers are waited for when a phase's time is over, in ms. */
const drainMs = 30_000

/** Runs one phase with callers that are connected; resolves when all answers are there. */
export async function runPhase({ shape }: Pick<Phase, 'shape'>, callers: Caller[]): Promise<PhaseResult> {
  const now = performance.now()
  if (shape.kind === 'count') return closedLoop(new Tally(now, Infinity), callers, Infinity, shape.requests)
  const endsAt = now + shape.seconds * 1000
  const tally = new Tally(now, endsAt)
  if (shape.kind === 'closed') return closedLoop(tally, callers, endsAt, Infinity)
  return openLoop(tally, callers, now, shape)
}

async function closedLoop(tally: Tally, callers: Caller[], endsAt: number, requests: number): Promise<PhaseResult> {
  let broken = false
  const runOne = async (caller: Caller): Promise<void> =>
    new Promise((resolve) => {
      const send = (): void => {
        const startedAt = performance.now()
        if (broken || startedAt >= endsAt || tally.sent >= requests) {
          resolve()
          return
        }
        tally.sent++
        caller.send((outcome) => {
          tally.add(outcome, startedAt, performance.now())
          // A server that is gone would be asked again at once, and again.
          if ('error' in outcome) broken = true
          send()
        })
      }
      send()
    })
  await inTime(Promise.all(callers.map(runOne)))
  return tally.result()
}

/**
 * Each request has a time at which it should start. One that finds no free caller waits for one, and its latency is
 * counted from that time all the same: a system that stalls is charged for those who would have come meanwhile (coordinated
 * omission).
 */
async function openLoop(
  tally: Tally,
  callers: Caller[],
  startedAt: number,
  { seconds, perSecond }: { seconds: number; perSecond: number },
): Promise<PhaseResult> {
  const total = Math.round(seconds * perSecond)
  const free = [...callers]
  const sendDue = (): void => {
    const now = performance.now()
    while (tally.sent < total) {
      const dueAt = startedAt + (tally.sent * 1000) / perSecond
      if (dueAt > now) return
      const caller = free.shift()
      if (caller === undefined) return
      tally.sent++
      caller.send((outcome) => {
        tally.add(outcome, dueAt, performance.now())
        free.push(caller)
        sendDue()
      })
    }
  }
  const giveUpAt = startedAt + seconds * 1000 + drainMs
  while ((tally.sent < total || tally.answered < tally.sent) && performance.now() < giveUpAt) {
    sendDue()
    await sleep(1)
  }
  return tally.result()
}

async function inTime(work: Promise<unknown>): Promise<void> {
  const late = new AbortController()
  // Longer than any phase: answers that never come must not hang the run.
  const timeout = sleep(600_000 + drainMs, undefined, { signal: late.signal }).catch(() => undefined)
  await Promise.race([work, timeout])
  late.abort()
}
