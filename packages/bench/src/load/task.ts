/** What the load generator is told, and what it answers: everything in it goes through a process channel as JSON. */

/** How requests follow one another. */
export type Shape =
  /** Each connection sends its next request when the one before is answered. */
  | { kind: 'closed'; seconds: number }
  /** Requests start at fixed times, however slow the answers are. */
  | { kind: 'open'; seconds: number; perSecond: number }
  /** As closed, so many requests. */
  | { kind: 'count'; requests: number }

export interface Phase {
  shape: Shape
  connections: number
  /** Requests take them in turn, one unit each. */
  skus: string[]
  /** How long a reservation lives, in seconds; longer than any run. */
  ttlSeconds?: number
}

export interface LoadTask {
  /** `http://host:port`; asked is POST /v1/reservations. */
  url: string
  /** Of several users, taken in turn; none: no authorization header. */
  tokens: string[]
  /** Begins every idempotency key, so that no two tasks share one. */
  keyPrefix: string
  /** One after the other; the next begins when the last answer of the one before is there. */
  phases: Phase[]
}

/** In ms. */
export interface Latency {
  p50: number
  p95: number
  p99: number
  max: number
}

export interface PhaseResult {
  /** All of the phase, also those whose answers came after its time. */
  sent: number
  /** Answered 201. */
  accepted: number
  /** Answered 409: not enough stock. */
  refused: number
  /** Any other answer, or none. */
  failed: number
  /** The first failure, for people. */
  firstFailure?: string
  /** Accepted or refused within the phase's time, a second. */
  perSecond: number
  /** Of what was accepted or refused. In an open loop from the time at which the request should have started. */
  latency: Latency
  /** Seconds from the first request to the last that was accepted. */
  lastAcceptedAfter: number
  /** Refusals after that, and the seconds they took. */
  refusedAfter: number
  refusedAfterSeconds: number
}
