import { type ErrorCode, HoldfastApiError, type Problem } from '@holdfast/client'

/** What happened, in the words of a shop. */
export interface Words {
  title: string
  /** What to do about it. */
  text: string
  /** Whoever looks into it asks for it; absent where the request reached nobody. */
  requestId?: string
}

/** For every code of the closed list, so that none is forgotten. Undefined: what the system itself says is the best there is. */
const words: Record<ErrorCode, Omit<Words, 'requestId'> | undefined> = {
  INVALID_ARGUMENT: undefined,
  LIMIT_EXCEEDED: undefined,
  ALREADY_EXISTS: undefined,
  ILLEGAL_TRANSITION: undefined,
  UNAUTHENTICATED: { title: 'You are signed out', text: 'Sign in again to go on.' },
  PERMISSION_DENIED: { title: 'Not for this account', text: 'Your account may not do this.' },
  NOT_FOUND: { title: 'Not here', text: 'It does not exist, or it belongs to somebody else.' },
  METHOD_NOT_ALLOWED: { title: 'That is not possible', text: 'This page may be older than the system: reload it.' },
  NOT_ACCEPTABLE: { title: 'That is not possible', text: 'This page may be older than the system: reload it.' },
  UNSUPPORTED_MEDIA_TYPE: { title: 'That is not possible', text: 'This page may be older than the system: reload it.' },
  UNIMPLEMENTED: { title: 'That is not possible', text: 'This system does not do that.' },
  PAYLOAD_TOO_LARGE: { title: 'Too much at once', text: 'Send less at a time.' },
  INSUFFICIENT_STOCK: {
    title: 'Not enough left',
    text: 'Others were quicker. Take fewer, or look again in a few minutes: what nobody pays for comes back.',
  },
  RESERVATION_EXPIRED: {
    title: 'Its time is over',
    text: 'The units went back into stock. Reserve them again if they are still there.',
  },
  RESERVATION_NOT_ACTIVE: { title: 'It has ended already', text: 'This reservation was paid for or cancelled before.' },
  PAYMENT_IN_PROGRESS: { title: 'A payment is under way', text: 'Wait until it has ended; the units stay yours meanwhile.' },
  CONFLICT: { title: 'Somebody else was changing it', text: 'Try again.' },
  PRECONDITION_FAILED: { title: 'It has changed meanwhile', text: 'Look at how it is now, then decide again.' },
  IDEMPOTENCY_KEY_REUSED: { title: 'That was sent before', text: 'Reload the page and try again.' },
  PAYMENT_DECLINED: {
    title: 'The card was declined',
    text: 'Nothing was paid. Your units are still reserved: try another card.',
  },
  RATE_LIMITED: { title: 'That was very often', text: 'Wait a moment, then try again.' },
  OVERLOADED: { title: 'Very busy right now', text: 'Nothing was changed. Try again in a moment.' },
  UNAVAILABLE: { title: 'Part of the shop does not answer', text: 'Nothing is lost. Try again in a moment.' },
  DEADLINE_EXCEEDED: {
    title: 'That took too long',
    text: 'It may have been done all the same: look before you try again.',
  },
  INTERNAL: { title: 'Something broke on our side', text: 'It is on record under the number below.' },
}

const nobody: Words = {
  title: 'No connection',
  text: 'The shop could not be reached. Check your connection; this page goes on by itself when it is back.',
}

export function wordsFor(error: unknown): Words {
  if (!(error instanceof HoldfastApiError))
    return isOurFault(error) ? { title: 'Something broke in this page', text: error.message } : nobody
  const { code, problem, requestId } = error
  const known = Object.hasOwn(words, code) ? words[code as ErrorCode] : undefined
  return { ...(known ?? { title: problem.title, text: sentence(problem) }), requestId }
}

/** What is wrong with one field of a form. */
export function fieldProblem(error: unknown, field: string): string | undefined {
  if (!(error instanceof HoldfastApiError)) return undefined
  const message = error.problem.errors.find((entry) => entry.field === field)?.message
  return message === undefined ? undefined : capital(message)
}

/** Which of the lines that were sent were refused, by their place among them. */
export function linesAtFault(error: unknown): ReadonlySet<number> {
  if (!(error instanceof HoldfastApiError)) return new Set()
  const places = error.problem.errors.flatMap(({ field }) => /^lines\[(\d+)\]/.exec(field)?.[1] ?? [])
  return new Set(places.map(Number))
}

function sentence({ errors, detail }: Problem): string {
  const text = errors.length === 0 ? detail : errors.map(({ field, message }) => `${field} ${message}`).join('; ')
  return `${capital(text)}.`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** `fetch` throws TypeError without a status, and DOMException when it is given up; all else is a fault. */
function isOurFault(error: unknown): error is Error {
  return error instanceof Error && !(error instanceof TypeError) && !(error instanceof DOMException)
}
