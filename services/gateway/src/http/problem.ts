/** Errors as problem details (RFC 9457), in this one place. */
import { errorCodes, HoldfastError } from '@holdfast/service'

import type { Reply } from './reply'

/** @param status where HTTP knows better than our code, as 408 or 431 */
export function toProblem(
  error: HoldfastError,
  requestId: string,
  status: number = errorCodes[error.code].http,
): Reply & { body: string } {
  const { code } = error
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  if (error.retryAfterMs !== undefined) headers['retry-after'] = String(Math.ceil(error.retryAfterMs / 1000))
  // What a body may be encoded with: nothing (RFC 9110, 15.5.16).
  if (error.fields[0]?.field === 'Content-Encoding') headers['accept-encoding'] = 'identity'
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  const body = {
    type: `/docs/errors#${code}`,
    title: errorCodes[code].title,
    status,
    detail: error.message,
    code,
    requestId,
    errors: error.fields,
  }
  return { status, headers, body: JSON.stringify(body) }
}

/** What Node's parser refused before there was a request. */
export function toParseProblem(error: Error & { code?: string }, requestId: string): Reply & { body: string } {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return toProblem(new HoldfastError('INVALID_ARGUMENT', 'The headers are too large'), requestId, 431)
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return toProblem(new HoldfastError('PAYLOAD_TOO_LARGE', 'The chunk extensions are too large'), requestId)
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return toProblem(new HoldfastError('DEADLINE_EXCEEDED', 'The request did not arrive in time'), requestId, 408)
    default:
      return toProblem(new HoldfastError('INVALID_ARGUMENT', 'This is not an HTTP request'), requestId)
  }
}
