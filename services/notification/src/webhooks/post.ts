import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'

import { guardedLookup, hostOf, isPublic, TargetRefused } from './targets'

/** What became of one try. */
export interface Answer {
  /** HTTP status; 0: there was no answer. */
  status: number
  /** Why it failed; undefined: 2xx. */
  problem: string | undefined
  /** The receiver asked to be left alone for so long, in ms. */
  retryAfterMs: number
}

export interface Poster {
  /** Never rejects. Redirects are not followed: they are a failure. */
  post(url: string, headers: Record<string, string>, body: string): Promise<Answer>
  close(): void
}

export interface PosterOptions {
  /** From the lookup of the name to the end of the answer. */
  timeoutMs: number
  privateTargets: boolean
}

/** More of an answer than this is not read, in bytes. */
const longestAnswer = 16_384
/** Of a failed one, so much is kept for the log, in characters. */
const quoted = 500

export function createPoster({ timeoutMs, privateTargets }: PosterOptions): Poster {
  const lookup = guardedLookup(privateTargets)
  const agents = { 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) }

  const open = (url: URL, headers: Record<string, string>, signal: AbortSignal): ClientRequest => {
    const options = { method: 'POST', headers, lookup, signal }
    return url.protocol === 'http:'
      ? httpRequest(url, { ...options, agent: agents['http:'] })
      : httpsRequest(url, { ...options, agent: agents['https:'] })
  }
  const attempt = async (url: URL, headers: Record<string, string>, body: string, signal: AbortSignal): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const request = open(url, headers, signal)
      request.on('error', (error) => {
        // The receiver closed a connection that was kept, just as it was taken up again: nothing was sent on a new one.
        const closed = request.reusedSocket && 'code' in error && error.code === 'ECONNRESET'
        if (closed && !signal.aborted) attempt(url, headers, body, signal).then(resolve, reject)
        else reject(error)
      })
      request.on('response', (response) => {
        readAnswer(response).then(resolve, reject)
      })
      request.end(body)
    })

  return {
    post: async (target, headers, body) => {
      const signal = AbortSignal.timeout(timeoutMs)
      try {
        const url = new URL(target)
        // An address is connected to without a lookup.
        if (!privateTargets && isIP(hostOf(url)) !== 0 && !isPublic(hostOf(url))) {
          throw new TargetRefused(`${hostOf(url)} is of a private network`)
        }
        return await attempt(url, headers, body, signal)
      } catch (error) {
        const problem = signal.aborted ? `no answer within ${timeoutMs} ms` : describe(error)
        return { status: 0, problem, retryAfterMs: 0 }
      }
    },
    close: () => {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const { statusCode: status = 0, headers } = response
  if (status >= 200 && status < 300) {
    // Its content is nobody's business; a short one is read so that the connection can be kept.
    let length = 0
    response.on('error', () => undefined)
    response.on('data', (part: Buffer) => {
      length += part.length
      if (length > longestAnswer) response.destroy()
    })
    return { status, problem: undefined, retryAfterMs: 0 }
  }
  let text = ''
  let length = 0
  for await (const part of response.setEncoding('utf8') as AsyncIterable<string>) {
    if (text.length < quoted) text += part
    length += Buffer.byteLength(part)
    if (length > longestAnswer) break
  }
  const what = status >= 300 && status < 400 ? 'a redirect, which is not followed' : printable(text).slice(0, quoted)
  return { status, problem: `${status} ${what}`.trim(), retryAfterMs: retryAfter(headers['retry-after']) }
}

/** PostgreSQL's text has no NUL. */
function printable(text: string): string {
  return text.replaceAll('\0', '\ufffd')
}

const longestRetryAfterMs = 3_600_000

/** Seconds or a date (RFC 9110, section 10.2.3), bounded. */
function retryAfter(value: string | undefined): number {
  if (value === undefined) return 0
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return ms > 0 ? Math.min(ms, longestRetryAfterMs) : 0
}

function describe(error: unknown): string {
  // Several addresses were tried: the first error stands for all.
  const one: unknown = error instanceof AggregateError ? error.errors[0] : error
  return one instanceof Error ? printable(one.message).slice(0, quoted) : 'it failed'
}
