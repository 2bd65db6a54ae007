/**
 * The one error type, and the closed list of its codes. A code says what went wrong in the words of the domain; which
 * gRPC status and HTTP status that is stands here and nowhere else.
 */
import { status as Grpc } from '@grpc/grpc-js'

/** Every code, with its gRPC status, its HTTP status, and a title for people. */
export const errorCodes = {
  INVALID_ARGUMENT: { grpc: Grpc.INVALID_ARGUMENT, http: 400, title: 'The request is not valid' },
  UNAUTHENTICATED: { grpc: Grpc.UNAUTHENTICATED, http: 401, title: 'A valid token is needed' },
  PERMISSION_DENIED: { grpc: Grpc.PERMISSION_DENIED, http: 403, title: 'Not allowed' },
  NOT_FOUND: { grpc: Grpc.NOT_FOUND, http: 404, title: 'Not found' },
  METHOD_NOT_ALLOWED: { grpc: Grpc.UNIMPLEMENTED, http: 405, title: 'Not possible with this address' },
  NOT_ACCEPTABLE: { grpc: Grpc.INVALID_ARGUMENT, http: 406, title: 'Not to be had in that form' },
  ALREADY_EXISTS: { grpc: Grpc.ALREADY_EXISTS, http: 409, title: 'It is there already' },
  INSUFFICIENT_STOCK: { grpc: Grpc.FAILED_PRECONDITION, http: 409, title: 'Not enough stock' },
  LIMIT_EXCEEDED: { grpc: Grpc.FAILED_PRECONDITION, http: 409, title: 'More than one shopper may have' },
  RESERVATION_EXPIRED: { grpc: Grpc.FAILED_PRECONDITION, http: 409, title: 'The reservation has expired' },
  RESERVATION_NOT_ACTIVE: { grpc: Grpc.FAILED_PRECONDITION, http: 409, title: 'The reservation is not active' },
  ILLEGAL_TRANSITION: { grpc: Grpc.FAILED_PRECONDITION, http: 409, title: 'Not possible from this status' },
  PAYMENT_IN_PROGRESS: { grpc: Grpc.FAILED_PRECONDITION, http: 409, title: 'A payment is under way' },
  CONFLICT: { grpc: Grpc.ABORTED, http: 409, title: 'Others changed it meanwhile' },
  PRECONDITION_FAILED: { grpc: Grpc.ABORTED, http: 412, title: 'It is not the version that was named' },
  PAYLOAD_TOO_LARGE: { grpc: Grpc.INVALID_ARGUMENT, http: 413, title: 'The request is too large' },
  UNSUPPORTED_MEDIA_TYPE: { grpc: Grpc.INVALID_ARGUMENT, http: 415, title: 'This media type is not understood' },
  IDEMPOTENCY_KEY_REUSED: {
    grpc: Grpc.FAILED_PRECONDITION,
    http: 422,
    title: 'The idempotency key was used for another request',
  },
  PAYMENT_DECLINED: { grpc: Grpc.FAILED_PRECONDITION, http: 402, title: 'The payment was declined' },
  RATE_LIMITED: { grpc: Grpc.RESOURCE_EXHAUSTED, http: 429, title: 'Too many requests' },
  OVERLOADED: { grpc: Grpc.UNAVAILABLE, http: 503, title: 'Too much to do right now' },
  UNAVAILABLE: { grpc: Grpc.UNAVAILABLE, http: 503, title: 'Not available right now' },
  DEADLINE_EXCEEDED: { grpc: Grpc.DEADLINE_EXCEEDED, http: 504, title: 'It took too long' },
  UNIMPLEMENTED: { grpc: Grpc.UNIMPLEMENTED, http: 501, title: 'No such method' },
  INTERNAL: { grpc: Grpc.INTERNAL, http: 500, title: 'Something went wrong here' },
} as const

export type ErrorCode = keyof typeof errorCodes

/** What is wrong with one field; `field` is its path in JSON names, as `lines[0].quantity`. */
export interface FieldProblem {
  field: string
  message: string
}

export interface ErrorDetails {
  fields?: FieldProblem[]
  /** When to try again, in ms. */
  retryAfterMs?: number
  /** The error behind it: for the log, never for the wire. */
  cause?: unknown
}

export class HoldfastError extends Error {
  readonly code: ErrorCode
  readonly fields: FieldProblem[]
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause })
    this.name = 'HoldfastError'
    this.code = code
    this.fields = details.fields ?? []
    this.retryAfterMs = details.retryAfterMs ?? defaultRetryAfterMs(code)
  }

  /** Any thrown thing as one of ours; what is not known becomes INTERNAL and tells nothing of its inside. */
  static from(error: unknown): HoldfastError {
    if (error instanceof HoldfastError) return error
    return new HoldfastError('INTERNAL', 'Something went wrong here; it was logged with the request id', { cause: error })
  }
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code)
}

/** INVALID_ARGUMENT about one field. */
export function invalidField(field: string, message: string): HoldfastError {
  return new HoldfastError('INVALID_ARGUMENT', `${field}: ${message}`, { fields: [{ field, message }] })
}

/** NOT_FOUND: it is not there, or it is another's, which looks the same. */
export function notFound(what: string, id: string): HoldfastError {
  return new HoldfastError('NOT_FOUND', `There is no ${what} ${id}`)
}

function defaultRetryAfterMs(code: ErrorCode): number | undefined {
  return code === 'OVERLOADED' || code === 'UNAVAILABLE' ? 1000 : undefined
}
