import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

import type { Encoding } from './negotiation'
import { securityHeaders, transportSecurity } from './security-headers'

/** A whole answer. */
export interface Reply {
  status: number
  /** In lower case. */
  headers: Record<string, string>
  /** A file's bytes are the same each time, and are not changed. */
  body: string | Buffer
  /** The same in forms that were made beforehand. */
  encoded?: Partial<Record<Encoding, Buffer>>
}

export function jsonReply(status: number, body: string, headers: Record<string, string>): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body }
}

/** What every answer carries. @param reply without a body: how long it will be nobody knows */
export function commonHeaders(
  reply: Omit<Reply, 'body'> & Partial<Reply>,
  requestId: string,
  socket: Socket | null,
): Record<string, string> {
  const headers: Record<string, string> = { ...securityHeaders, ...reply.headers, 'x-request-id': requestId }
  if (socket instanceof TLSSocket) headers['strict-transport-security'] = transportSecurity
  const hasLength = reply.status !== 204 && reply.status !== 304
  if (hasLength && reply.body !== undefined) headers['content-length'] = String(Buffer.byteLength(reply.body))
  return headers
}

/**
 * To a client that is gone it is not sent.
 * @param stalledMs a client that takes nothing of it for so long is cut off, in ms: what waits for it is kept in memory
 */
export function sendReply(response: ServerResponse, reply: Reply, requestId: string, stalledMs: number): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(reply.status, commonHeaders(reply, requestId, response.socket))
  response.end(reply.body)
  // Nearly always it has gone to the kernel at once, and there is nothing to watch over.
  if (response.writableLength > 0) response.setTimeout(stalledMs)
}
