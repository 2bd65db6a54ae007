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

/** Where requests go, and what they are. */
export type Target =
  /** POST with JSON; `body` has `$SKU` in the place of the SKU, and is that of POST /v1/reservations when not given. */
  | { kind: 'http'; url: string; body?: string }
  /** reservation.CreateReservation over gRPC. */
  | { kind: 'grpc'; address: string }
  /** inventory.Hold over gRPC, as the reservation service whose key this is (PEM). */
  | { kind: 'holds'; address: string; serviceKey?: string }

/** How a system is asked. */
export type Way = Target['kind']

export type Strategy = 'COMBINING' | 'PESSIMISTIC' | 'OPTIMISTIC'

export interface LoadTask {
  target: Target
  /** Of several users, taken in turn; none: no authorization. */
  tokens: string[]
  /** Named in each request, where not the default is wanted. HTTP only. */
  strategy?: Strategy
  /** Whether holds that wait travel in one call, one call at a time; else each has a call of its own. */
  batched?: boolean
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
  /** Answered 200 or 201. */
  accepted: number
  /** Answered 409: not enough stock. */
  refused: number
  /** Answered 409: others were quicker at every try of an OPTIMISTIC request. */
  conflicts: number
  /** Any other answer, or none. */
  failed: number
  /** The first failure, for people. */
  firstFailure?: string
  /** Accepted or refused within the phase's time, a second; conflicts are no answer. */
  perSecond: number
  /** Of what was accepted or refused. In an open loop from the time at which the request should have started. */
  latency: Latency
  /** Seconds from the first request to the last that was accepted. */
  lastAcceptedAfter: number
  /** Refusals after that, and the seconds they took. */
  refusedAfter: number
  refusedAfterSeconds: number
}
