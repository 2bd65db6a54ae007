/** Where the `type` of a problem leads: every code of the closed list, with its statuses and what to do about it. */
import type { IncomingMessage } from 'node:http'

import { status } from '@grpc/grpc-js'
import { type ErrorCode, errorCodes, isErrorCode } from '@holdfast/service'

import { weights } from '../http/negotiation'
import { jsonReply, type Reply } from '../http/reply'
import { escape, html } from './html'

/** What a caller can do; the list is closed, so that none is forgotten. */
const advice: Record<ErrorCode, string> = {
  INVALID_ARGUMENT: 'The list `errors` names each field that is wrong. The same request is refused again.',
  UNAUTHENTICATED: 'Log in, or get a new access token with the refresh token.',
  PERMISSION_DENIED: 'The token is good, and its role or owner may not do this.',
  NOT_FOUND: 'It is not there, or it is somebody else’s, which looks the same.',
  METHOD_NOT_ALLOWED: 'The header `Allow` names the methods of this address.',
  NOT_ACCEPTABLE: 'Answers are JSON, and events where the API says so: mend the header `Accept`.',
  ALREADY_EXISTS: 'Something else has that key. A repeat of one’s own request has the same `Idempotency-Key`.',
  LIMIT_EXCEEDED: 'Take as many as `errors` says are left; what is cancelled, or lapses, counts no more.',
  INSUFFICIENT_STOCK: 'Take fewer, wait for stock, or join the waitlist.',
  RESERVATION_EXPIRED: 'Its time is over and its units are back in stock: reserve again.',
  RESERVATION_NOT_ACTIVE: 'It was sold or cancelled before.',
  ILLEGAL_TRANSITION: 'The status it has does not lead where it was sent.',
  PAYMENT_IN_PROGRESS: 'An attempt is open: ask again when it has ended.',
  CONFLICT: 'Others changed it at the same moment: repeat the request with the same key.',
  PRECONDITION_FAILED: 'It was changed since it was read: read it again, and decide again.',
  PAYLOAD_TOO_LARGE: 'Send less at once.',
  UNSUPPORTED_MEDIA_TYPE: 'Send JSON in UTF-8, not compressed, as `Content-Type: application/json`.',
  IDEMPOTENCY_KEY_REUSED: 'The key belongs to another request: a new request takes a new key.',
  PAYMENT_DECLINED: 'The provider said no: try another means of payment. The reservation is kept until its time.',
  RATE_LIMITED: 'Wait as long as the header `Retry-After` says.',
  OVERLOADED: 'Nothing was done: wait as long as the header `Retry-After` says, and repeat with the same key.',
  UNAVAILABLE: 'A part can’t be reached: wait as long as the header `Retry-After` says, and repeat with the same key.',
  DEADLINE_EXCEEDED: 'It may have been done all the same: repeat with the same key to learn of it.',
  UNIMPLEMENTED: 'There is no such RPC in this release.',
  INTERNAL: 'A fault of ours, logged with the request id.',
}

const rows = Object.keys(errorCodes)
  .filter(isErrorCode)
  .map((code) => ({
    code,
    title: errorCodes[code].title,
    http: errorCodes[code].http,
    grpc: status[errorCodes[code].grpc],
    advice: advice[code],
  }))

/** As a page to who prefers one, else as JSON. */
export function errorsPage({ headers }: IncomingMessage): Reply {
  const given = weights(headers.accept ?? '')
  const json = given.get('application/json') ?? 0
  const reply = (given.get('text/html') ?? 0) > json ? page() : jsonReply(200, JSON.stringify({ errors: rows }), {})
  return { ...reply, headers: { ...reply.headers, 'cache-control': 'public, max-age=3600', vary: 'Accept' } }
}

function page(): Reply {
  const sections = rows.map(
    ({ code, title, http, grpc, advice }) =>
      `<section id="${code}"><h2><code>${code}</code></h2><p>${escape(title)}: HTTP ${http}, gRPC <code>${grpc ?? ''}</code>.</p><p>${withCode(advice)}</p></section>`,
  )
  return html('Errors of the Holdfast API', `<main><h1>Errors</h1>\n${sections.join('\n')}</main>`)
}

function withCode(text: string): string {
  return escape(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>')
}
