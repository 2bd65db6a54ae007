/** Which other sites' pages may call the gateway from a browser (https://fetch.spec.whatwg.org/#http-cors-protocol). */
import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Reply } from './reply'

/** Origins as `https://shop.example`; `*`: all. None: only pages of the gateway's own origin. */
export type CorsOrigins = ReadonlySet<string>

/** What a page may send beside the few headers that need no leave; also gRPC-web's and Connect's. */
const allowedHeaders = [
  'Accept',
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'X-Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'Last-Event-ID',
  'X-Request-ID',
  'traceparent',
  'X-Grpc-Web',
  'X-User-Agent',
  'grpc-timeout',
  'Connect-Protocol-Version',
  'Connect-Timeout-Ms',
].join(', ')

/** What a page may read. */
const exposedHeaders = [
  'ETag',
  'Location',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'WWW-Authenticate',
  'X-Request-ID',
  'grpc-status',
  'grpc-message',
  'grpc-status-details-bin',
].join(', ')

const allowedMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE'

/** How long a browser may keep the answer to a preflight, in seconds; Chromium caps it there. */
const preflightMaxAge = '7200'

/**
 * Sets what a page of an allowed origin needs, on whatever answer follows. The one cookie (session-cookie.ts) is for pages of
 * our own, so no credentials are allowed: a token goes into the header Authorization, by the page's own hand.
 * @returns the whole answer where the request is a preflight of an allowed origin
 */
export function applyCors(origins: CorsOrigins, request: IncomingMessage, response: ServerResponse): Reply | undefined {
  if (origins.size === 0) return undefined
  const { origin } = request.headers
  const any = origins.has('*')
  // Also without a match: a cache must not hand the answer for one origin to another.
  if (!any) response.setHeader('vary', 'Origin')
  if (origin === undefined || !(any || origins.has(origin))) return undefined
  response.setHeader('access-control-allow-origin', any ? '*' : origin)
  const isPreflight = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined
  if (!isPreflight) {
    response.setHeader('access-control-expose-headers', exposedHeaders)
    return undefined
  }
  const headers = {
    'access-control-allow-methods': allowedMethods,
    'access-control-allow-headers': allowedHeaders,
    'access-control-max-age': preflightMaxAge,
  }
  return { status: 204, headers, body: '' }
}

/** @returns undefined for a text that is no list of origins */
export function parseOrigins(text: string): CorsOrigins | undefined {
  const origins = text.split(',').map((part) => part.trim())
  const wrong = origins.some((origin) => origin !== '*' && !isOrigin(origin))
  return wrong || (origins.includes('*') && origins.length > 1) ? undefined : new Set(origins)
}

/** As a browser sends it: scheme, host, and a port that is not the scheme's own. */
function isOrigin(text: string): boolean {
  try {
    return new URL(text).origin === text
  } catch {
    return false
  }
}
