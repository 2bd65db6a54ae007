import type { Phase } from './task'

/** What became of a request: its answer, with HTTP's status whatever it came by, or why there was none. */
export type Outcome = { status: number; body: string } | { error: string }

/** One who asks, and does not ask again before the answer is there. */
export interface Caller {
  send: (done: (outcome: Outcome) => void) => void
}

/** Connected, and as many as are wanted. */
export interface Callers {
  /** @param index the phase's number: no two phases share an idempotency key */
  forPhase: (phase: Phase, index: number) => Caller[]
  close: () => void
}

/** A long life: nothing may lapse while it is measured. In seconds. */
export const longTtlSeconds = 7_200
