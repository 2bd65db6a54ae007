import type { ErrorCode } from '@holdfast/client'

/** What `holdfast` tells the shell, and what each means. */
export const exitCodes = {
  ok: [0, 'done'],
  refused: [1, 'refused by a rule: not enough stock, not in this state, declined, a limit; or a check found something wrong'],
  usage: [2, 'the command or what was given to it is wrong'],
  signIn: [3, 'not signed in, or not allowed to'],
  notFound: [4, 'there is no such thing, or it is somebody else’s'],
  unavailable: [5, 'no answer, or the system asks to come back later'],
  fault: [6, 'a fault of the system or of this program'],
  partly: [7, 'some of it is done; it says what is left, and how to go on'],
  interrupted: [130, 'Ctrl-C'],
} as const

export type ExitReason = keyof typeof exitCodes

/** Complete by the compiler. */
const reasons: Record<ErrorCode, ExitReason> = {
  INVALID_ARGUMENT: 'usage',
  METHOD_NOT_ALLOWED: 'usage',
  NOT_ACCEPTABLE: 'usage',
  PAYLOAD_TOO_LARGE: 'usage',
  UNSUPPORTED_MEDIA_TYPE: 'usage',
  UNAUTHENTICATED: 'signIn',
  PERMISSION_DENIED: 'signIn',
  NOT_FOUND: 'notFound',
  ALREADY_EXISTS: 'refused',
  INSUFFICIENT_STOCK: 'refused',
  LIMIT_EXCEEDED: 'refused',
  RESERVATION_EXPIRED: 'refused',
  RESERVATION_NOT_ACTIVE: 'refused',
  ILLEGAL_TRANSITION: 'refused',
  PAYMENT_IN_PROGRESS: 'refused',
  CONFLICT: 'refused',
  PRECONDITION_FAILED: 'refused',
  IDEMPOTENCY_KEY_REUSED: 'refused',
  PAYMENT_DECLINED: 'refused',
  RATE_LIMITED: 'unavailable',
  OVERLOADED: 'unavailable',
  UNAVAILABLE: 'unavailable',
  DEADLINE_EXCEEDED: 'unavailable',
  UNIMPLEMENTED: 'fault',
  INTERNAL: 'fault',
}

/** Of an error's code; one that a later system has, or none, goes by its HTTP status. */
export function reasonOf(code: string, status: number): ExitReason {
  if (code in reasons) return reasons[code as ErrorCode]
  if (status === 401 || status === 403) return 'signIn'
  if (status === 404) return 'notFound'
  if ([400, 405, 406, 413, 415].includes(status)) return 'usage'
  if ([429, 502, 503, 504].includes(status)) return 'unavailable'
  return status >= 500 ? 'fault' : 'refused'
}
