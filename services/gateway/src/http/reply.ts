import type { ServerResponse } from 'node:http'

/** A whole answer. */
export interface Reply {
  status: number
  /** In lower case. */
  headers: Record<string, string>
  body: string
}

export function jsonReply(status: number, body: string, headers: Record<string, string>): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body }
}

/** What every answer carries. */
export function commonHeaders(reply: Reply, requestId: string): Record<string, string> {
  reply.headers['x-request-id'] = requestId
  reply.headers['x-content-type-options'] = 'nosniff'
  if (reply.status !== 204) reply.headers['content-length'] = String(Buffer.byteLength(reply.body))
  return reply.headers
}

/** A client that takes nothing of its answer for so long is cut off, in ms: what waits for it is kept in memory. */
const stalledMs = 30_000

/** To a client that is gone it is not sent. */
export function sendReply(response: ServerResponse, reply: Reply, requestId: string): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(reply.status, commonHeaders(reply, requestId))
  response.end(reply.body)
  // Nearly always it has gone to the kernel at once, and there is nothing to watch over.
  if (response.writableLength > 0) response.setTimeout(stalledMs)
}
