import { setTimeout as sleep } from 'node:timers/promises'

import type { Connection } from './connection'
import { Tally } from './tally'
import type { Phase, PhaseResult } from './task'

/** How long answers are waited for when a phase's time is over, in ms. */
const drainMs = 30_000

/** Runs one phase over open connections; resolves when all answers are there. */
export async function runPhase(phase: Phase, connections: Connection[], nextRequest: () => string): Promise<PhaseResult> {
  const { shape } = phase
  const now = performance.now()
  if (shape.kind === 'count') return closedLoop(new Tally(now, Infinity), connections, nextRequest, Infinity, shape.requests)
  const endsAt = now + shape.seconds * 1000
  const tally = new Tally(now, endsAt)
  if (shape.kind === 'closed') return closedLoop(tally, connections, nextRequest, endsAt, Infinity)
  return openLoop(tally, connections, nextRequest, now, shape)
}

async function closedLoop(
  tally: Tally,
  connections: Connection[],
  nextRequest: () => string,
  endsAt: number,
  requests: number,
): Promise<PhaseResult> {
  let broken = false
  const runOne = async (connection: Connection): Promise<void> =>
    new Promise((resolve) => {
      const send = (): void => {
        const startedAt = performance.now()
        if (broken || startedAt >= endsAt || tally.sent >= requests) {
          resolve()
          return
        }
        tally.sent++
        connection.send(nextRequest(), (outcome) => {
          tally.add(outcome, startedAt, performance.now())
          // A server that is gone would be asked again at once, and again.
          if ('error' in outcome) broken = true
          send()
        })
      }
      send()
    })
  await inTime(Promise.all(connections.map(runOne)))
  return tally.result()
}

/**
 * Each request has a time at which it should start. One that finds no free connection waits for it, and its latency is
 * counted from that time all the same: a system that stalls is charged for those who would have come meanwhile (coordinated
 * omission).
 */
async function openLoop(
  tally: Tally,
  connections: Connection[],
  nextRequest: () => string,
  startedAt: number,
  { seconds, perSecond }: { seconds: number; perSecond: number },
): Promise<PhaseResult> {
  const total = Math.round(seconds * perSecond)
  const free = [...connections]
  const sendDue = (): void => {
    const now = performance.now()
    while (tally.sent < total) {
      const dueAt = startedAt + (tally.sent * 1000) / perSecond
      if (dueAt > now) return
      const connection = free.shift()
      if (connection === undefined) return
      tally.sent++
      connection.send(nextRequest(), (outcome) => {
        tally.add(outcome, dueAt, performance.now())
        free.push(connection)
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
