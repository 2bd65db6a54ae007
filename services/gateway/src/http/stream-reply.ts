import type { ServerResponse } from 'node:http'

import { commonHeaders } from './reply'

/** An answer in pieces, sent as they come. */
export interface StreamReply {
  status: number
  /** In lower case. */
  headers: Record<string, string>
  /** They end when the client goes away; their errors they turn into a last piece themselves. */
  pieces: AsyncIterable<string | Uint8Array>
  /** It may last: its connection serves nothing after it. */
  lasts: boolean
  /** A client that takes nothing for so long is cut off, in ms. */
  stallMs: number
}

/**
 * Sends each piece when the one before has gone to the kernel: nothing piles up here for a client that is slow.
 * Never rejects; resolves when the last piece has left, or the client has.
 */
export async function sendStream(response: ServerResponse, reply: StreamReply, requestId: string): Promise<void> {
  // A stream that is over has served its connection: a server that stops need not wait for the next request on it.
  if (reply.lasts) response.shouldKeepAlive = false
  // The parser's refusal of the rest of a request may have been first.
  const answered = response.headersSent
  if (!response.destroyed && !answered) {
    response.writeHead(reply.status, commonHeaders(reply, requestId, response.socket))
    response.flushHeaders()
  }
  try {
    for await (const piece of reply.pieces) {
      if (answered || response.destroyed || response.req.method === 'HEAD') break
      await write(response, piece, reply.stallMs)
    }
    response.end()
  } catch {
    response.destroy()
  }
}

async function write(response: ServerResponse, piece: string | Uint8Array, stallMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const stalled = setTimeout(() => response.destroy(), stallMs)
    const done = (): void => {
      clearTimeout(stalled)
      response.off('close', done)
      resolve()
    }
    response.on('close', done)
    response.write(piece, done)
  })
}
