import { setTimeout as sleep } from 'node:timers/promises'

import { type CallContext, HoldfastError } from '@holdfast/service'

import type { Base } from './deps'
import { drive } from './drive'
import { type AttemptRow, findAttempt } from './sql/attempts'

/** Between two looks at an attempt that another process drives, in ms. */
const lookMs = 100
/** Between two looks at one that this process drives, whose end it hears of at once, in ms. */
const ownLookMs = 1_000
/** What an answer needs to reach its caller before the deadline, in ms. */
const answerMs = 50
/** A stop waits so long for payments under way, in ms; the others are recovered when their lease has lapsed. */
const stopMs = 3_000

/** The attempts that this process drives. They go on whether or not somebody waits for them. */
export class Payments {
  private readonly underWay = new Map<string, Promise<HoldfastError | undefined>>()

  constructor(private readonly base: Base) {}

  /** Drives an attempt that names this driver. @param token undefined to recover it; see {@link drive} */
  async begin(attempt: AttemptRow, driver: string, token: string | undefined): Promise<HoldfastError | undefined> {
    const driven = drive(attempt, { base: this.base, driver, token }).finally(() => {
      // Another drive of this process may have taken it over meanwhile.
      if (this.underWay.get(attempt.id) === driven) this.underWay.delete(attempt.id)
    })
    this.underWay.set(attempt.id, driven)
    return driven
  }

  /**
   * Waits for the end of an attempt, whoever drives it.
   * @returns the attempt as it ended, or open and WAITING when its callback has not come for a while
   * @throws UNAVAILABLE when it was left open for now, DEADLINE_EXCEEDED when the caller's time is over; it goes on either way
   */
  async outcome(attemptId: string, ctx: CallContext): Promise<AttemptRow> {
    const waitUntil = ctx.deadline - answerMs
    const calledBackBy = Date.now() + this.base.limits.callbackWaitMs
    for (let looks = 0; ; looks++) {
      const driven = this.underWay.get(attemptId)
      const attempt = driven !== undefined && looks === 0 ? undefined : await findAttempt(this.base.database.pool, attemptId)
      if (attempt !== undefined && attempt.ended_at !== null) return attempt
      const waits = attempt?.state === 'WAITING'
      const left = (waits ? Math.min(waitUntil, calledBackBy) : waitUntil) - Date.now()
      if (left <= 0 && attempt !== undefined && waits) return attempt
      if (left <= 0) throw stillUnderWay()
      // Also one's own is looked at: another process may have taken it over and ended it.
      const error = await firstOf(driven, Math.min(driven === undefined ? lookMs : ownLookMs, left))
      if (error !== undefined) throw error
    }
  }

  /** Waits a little for what is under way; what is left goes on after its lease, in another process or after the next start. */
  async stop(): Promise<void> {
    await Promise.race([Promise.all(this.underWay.values()), sleep(stopMs, undefined, { ref: false })])
  }
}

function stillUnderWay(): HoldfastError {
  return new HoldfastError('DEADLINE_EXCEEDED', 'The payment is still under way; repeat the request to learn its outcome')
}

/** What a drive ends with, or undefined after a time. */
async function firstOf(driven: Promise<HoldfastError | undefined> | undefined, ms: number): Promise<HoldfastError | undefined> {
  const pause = new AbortController()
  const paused = sleep(ms, undefined, { signal: pause.signal }).catch(() => undefined)
  try {
    return await Promise.race(driven === undefined ? [paused] : [driven, paused])
  } finally {
    pause.abort()
  }
}
