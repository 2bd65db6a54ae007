import { type ServiceError, status } from '@grpc/grpc-js'

import type { Outcome } from './caller'

/** A deadline that nothing meets by being slow: latencies are what is measured. */
export function inTime(): { deadline: number } {
  return { deadline: Date.now() + 60_000 }
}

/** A refusal is an answer; a peer that is gone is none. */
export function grpcOutcome(error: ServiceError): Outcome {
  const body = `${status[error.code]} ${error.details}`
  if (error.code === status.UNAVAILABLE) return { error: body }
  return { status: error.code === status.FAILED_PRECONDITION ? 409 : 500, body }
}
