import type { Outcome } from './caller'
import { Latencies } from './latencies'
import type { PhaseResult } from './task'

/** Counts what came back in one phase. All times in ms of `performance.now()`. */
export class Tally {
  sent = 0
  private accepted = 0
  private refused = 0
  private conflicts = 0
  private failed = 0
  private firstFailure: string | undefined
  private inTime = 0
  private readonly latencies = new Latencies()
  private lastAcceptedAt: number
  private lastAnswerAt: number
  private refusedAfter = 0

  constructor(
    private readonly startedAt: number,
    /** Answers after it count, but not towards the rate; Infinity: the phase ends with its last answer. */
    private readonly endsAt: number,
  ) {
    this.lastAcceptedAt = startedAt
    this.lastAnswerAt = startedAt
  }

  get answered(): number {
    return this.accepted + this.refused + this.conflicts + this.failed
  }

  /** @param dueAt when the request started, or should have */
  add(outcome: Outcome, dueAt: number, now: number): void {
    if ('error' in outcome || ![200, 201, 409].includes(outcome.status)) {
      this.failed++
      this.firstFailure ??= 'error' in outcome ? outcome.error : `${outcome.status} ${outcome.body.slice(0, 300)}`
      return
    }
    if (outcome.status === 409 && outcome.body.includes('"CONFLICT"')) {
      this.conflicts++
      return
    }
    this.lastAnswerAt = now
    if (now <= this.endsAt) this.inTime++
    this.latencies.record(now - dueAt)
    if (outcome.status === 409) {
      this.refused++
      this.refusedAfter++
      return
    }
    this.accepted++
    this.lastAcceptedAt = now
    this.refusedAfter = 0
  }

  result(): PhaseResult {
    const { sent, accepted, refused, conflicts, failed, firstFailure, refusedAfter } = this
    const endsAt = Number.isFinite(this.endsAt) ? this.endsAt : this.lastAnswerAt
    const seconds = (endsAt - this.startedAt) / 1000
    return {
      sent,
      accepted,
      refused,
      conflicts,
      failed,
      refusedAfter,
      ...(firstFailure !== undefined && { firstFailure }),
      perSecond: seconds > 0 ? this.inTime / seconds : 0,
      latency: this.latencies.summary(),
      lastAcceptedAfter: (this.lastAcceptedAt - this.startedAt) / 1000,
      refusedAfterSeconds: (this.lastAnswerAt - this.lastAcceptedAt) / 1000,
    }
  }
}
