import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'

import type { Call } from './call'
import { reasonOf } from './exit-codes'
import { CliProblem } from './problem'

export interface RawRequest {
  method: string
  /** With its query. */
  path: string
  /** The body, as it is; `@FILE` or `@-` says where it is. */
  data?: string
  /** Lines, as `If-Match: 3`. */
  header?: string[]
  include?: true
  key?: string
}

/** For one request, in ms. */
const timeoutMs = 60_000

/**
 * Any request, sent once, as who is signed in. What is answered goes to standard output as it is, also a refusal.
 * @throws CliProblem for a refusal, after that
 */
export async function sendRaw({ url, session, out, signal }: Call, request: RawRequest): Promise<void> {
  if (!request.path.startsWith('/')) throw new CliProblem(`${request.path} does not begin with /`, 'usage')
  const body = await bodyOf(request.data)
  const headers = new Headers({ accept: 'application/json' })
  if (body !== undefined) headers.set('content-type', 'application/json')
  if (request.key !== undefined) headers.set('idempotency-key', request.key)
  for (const line of request.header ?? []) setHeader(headers, line)
  const send = async (token: string | undefined): Promise<Response> => {
    if (token !== undefined && !headers.has('authorization')) headers.set('authorization', `Bearer ${token}`)
    const method = request.method.toUpperCase()
    return fetch(`${url}${request.path}`, {
      method,
      headers,
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
  }
  let response = await send(await session.tokens.token())
  if (response.status === 401) {
    const other = await session.tokens.refreshToken()
    if (other !== undefined) {
      headers.delete('authorization')
      response = await send(other)
    }
  }
  if (request.include === true) {
    const lines = [...response.headers].map(([name, value]) => `${name}: ${value}`)
    await out.write([`HTTP/1.1 ${response.status} ${response.statusText}`, ...lines, '', ''].join('\n'))
  }
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) await out.write(chunk)
  await out.write('\n')
  if (!response.ok) throw new CliProblem(`${response.status} ${response.statusText}`, reasonOf('', response.status))
}

async function bodyOf(data: string | undefined): Promise<string | undefined> {
  if (data === undefined || !data.startsWith('@')) return data
  if (data === '@-') return text(process.stdin)
  return readFile(data.slice(1), 'utf8').catch((error: Error) => {
    throw new CliProblem(`the body can't be read: ${error.message}`, 'usage')
  })
}

function setHeader(headers: Headers, line: string): void {
  const colon = line.indexOf(':')
  try {
    headers.set(line.slice(0, colon), line.slice(colon + 1).trim())
  } catch {
    throw new CliProblem(`"${line}" is no header`, 'usage')
  }
}
