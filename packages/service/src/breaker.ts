/**
 * A peer that hangs is left alone: its callers are told so at once, instead of each waiting for its own deadline and keeping others
 * waiting behind it. A peer that is not there needs no breaker, gRPC refuses calls to it by itself.
 */
import { HoldfastError } from './errors'
import type { Logger } from './log'
import { counter, gauge } from './metrics'

/**
 * How a call ended. `answered`: the peer has said something, be it a refusal. `unanswered`: its deadline came and the peer had said
 * nothing. `lost`: there was no connection, or not any more. `given up`: by who asked, which says nothing of the peer.
 */
export type CallEnd = 'answered' | 'unanswered' | 'lost' | 'given up'

/** A call that had less time says nothing of the peer, in ms. */
const patienceMs = 1_000
/** Calls without an answer, and without one to anybody else meanwhile, before the peer is left alone. */
const mostUnanswered = 3
/** Whether it answers again is tried so long after the last try has ended, in ms. */
const probePauseMs = 1_000

const open = gauge('peer_breaker_open', 'Whether a peer that hangs is left alone: 1, else 0', ['peer'])
const refused = counter('peer_calls_refused_total', 'Calls that were refused at once because the peer hangs', ['peer'])

/** One for each peer of a process, whatever replicas it has: while one of them answers, calls go on. */
export class Breaker {
  private unanswered = 0
  private answeredAt = -Infinity
  private isOpen = false
  /** The one call that goes through while it is open. */
  private probe: symbol | undefined
  private probeAt = 0

  /** @param log told when the peer is left alone, and when it answers again */
  constructor(
    private readonly peer: string,
    private readonly log?: Logger,
  ) {
    open.set({ peer }, 0)
    refused.inc({ peer }, 0)
  }

  /**
   * To be called before anything of a call is sent.
   * @returns is told, once, how the call has ended
   * @throws UNAVAILABLE while the peer hangs
   */
  admit(): (end: CallEnd) => void {
    const call = Symbol(this.peer)
    const beganAt = performance.now()
    if (this.isOpen) {
      if (this.probe !== undefined || beganAt < this.probeAt) {
        refused.inc({ peer: this.peer })
        const message = `The ${this.peer} service does not answer, and is left alone for a moment; nothing was sent to it`
        throw new HoldfastError('UNAVAILABLE', message, { retryAfterMs: probePauseMs })
      }
      this.probe = call
    }
    return (end) => this.ended(call, beganAt, end)
  }

  private ended(call: symbol, beganAt: number, end: CallEnd): void {
    const now = performance.now()
    const waited = now - beganAt >= patienceMs
    // A connection that is refused is nobody's hanging; one that breaks after a while may be the end of one that hung.
    if (end === 'answered' || (end === 'lost' && !waited)) return this.answered(now)
    if (this.probe === call) {
      this.probe = undefined
      this.probeAt = now + probePauseMs
    }
    // Of two replicas one may answer while the other hangs: half an outage must not be made a whole one.
    if (this.isOpen || end !== 'unanswered' || !waited || this.answeredAt >= beganAt) return
    this.unanswered++
    if (this.unanswered >= mostUnanswered) this.leaveAlone(now)
  }

  private answered(now: number): void {
    this.answeredAt = now
    this.unanswered = 0
    if (!this.isOpen) return
    this.isOpen = false
    this.probe = undefined
    open.set({ peer: this.peer }, 0)
    this.log?.info({ peer: this.peer }, 'the peer answers again')
  }

  private leaveAlone(now: number): void {
    this.isOpen = true
    // The next call tries at once: it may have been this process that stood still, with the answers waiting before its door.
    this.probeAt = now
    open.set({ peer: this.peer }, 1)
    this.log?.warn({ peer: this.peer, calls: this.unanswered }, 'the peer does not answer; it is left alone')
  }
}
