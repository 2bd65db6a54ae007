/** What Node's parser refuses, answered in its place: after the answers to what came before it on the same connection. */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import { HoldfastError, saneRequestId } from '@holdfast/service'

import { toParseProblem, toProblem } from './problem'
import { commonHeaders, type Reply, sendReply } from './reply'

/** What a client that was refused has to read its answer and go, in ms: one that never closes is closed. */
const lingerMs = 1_000

/**
 * @param latest the last response of that connection, if a request came by it
 * @param stalledMs as for any answer
 */
export function answerParseError(
  error: NodeJS.ErrnoException,
  socket: Socket,
  latest: ServerResponse | undefined,
  stalledMs: number,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const requestId = saneRequestId(undefined)
  const problem = toParseProblem(error, requestId)
  if (latest === undefined || latest.destroyed || latest.writableFinished) {
    // A body that nobody waited for is broken: its request has its answer already.
    if (latest?.req.complete === false) endAfterAll(socket)
    else endWith(problem, requestId, socket)
  } else if (latest.req.complete || latest.headersSent) {
    // Its request is well: a problem now would look like the answer to it.
    latest.once('close', () => endAfterAll(socket))
  } else {
    // Its own body is what is broken, or does not come. Whoever waits for that body, or comes to read it later, finds that the
    // client has gone: of a request that has an answer Node says nothing more.
    latest.once('close', () => endAfterAll(socket))
    socket.once('close', () => latest.req.destroy())
    latest.shouldKeepAlive = false
    sendReply(latest, problem, requestId, stalledMs)
  }
}

/** A tunnel to somewhere else (RFC 9110, 9.3.6): Node asks nobody, and hands out the bare connection. */
export function refuseTunnel(socket: Socket): void {
  // Node has taken its own listener away: a client that resets would end the process.
  socket.on('error', () => socket.destroy())
  const requestId = saneRequestId(undefined)
  endWith(toProblem(new HoldfastError('METHOD_NOT_ALLOWED', 'Tunnels are not made here'), requestId), requestId, socket)
}

const reasons: Record<number, string> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
}

function endWith(problem: Reply, requestId: string, socket: Socket): void {
  const headers = { ...commonHeaders(problem, requestId, socket), connection: 'close' }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${problem.status} ${reasons[problem.status] ?? ''}\r\n${lines.join('')}\r\n${problem.body.toString()}`)
  endAfterAll(socket)
}

function endAfterAll(socket: Socket): void {
  socket.end()
  const linger = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(linger))
}
