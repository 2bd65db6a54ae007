import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { types } from 'node:util'

import { callJson, type Credential, type JsonReply } from '@holdfast/launcher'

import { CliProblem } from './problem'

export type Reply = JsonReply<unknown>

export interface CallOptions {
  token?: string
  body?: unknown
  /** For one try, in ms; 30,000. */
  timeoutMs?: number
}

const mostTries = 8

/** Speaks JSON to the gateway of a running system. */
export class Client {
  #toldToWait = false

  constructor(
    readonly url: string,
    private readonly say: (line: string) => void,
  ) {}

  /**
   * One call, tried again when the system asks for it (429, 503) or the connection breaks. Each POST has an idempotency key
   * of its own, so a second try changes nothing twice.
   * @returns whatever else the answer is
   * @throws CliProblem when there is no answer
   */
  async call(method: 'GET' | 'POST', path: string, options: CallOptions = {}): Promise<Reply> {
    const request = { ...options, ...(method === 'POST' && { idempotencyKey: randomUUID() }) }
    for (let tries = 1; ; tries++) {
      try {
        const reply = await callJson<unknown>(method, this.url + path, request)
        if (tries === mostTries || (reply.status !== 429 && reply.status !== 503)) return reply
        await this.#waitAsTold(reply)
      } catch (error) {
        if (tries === mostTries || !isBrokenConnection(error)) throw this.#noAnswer(error)
      }
    }
  }

  /** @returns the access token */
  async logIn(credential: Credential): Promise<string> {
    const reply = await this.call('POST', '/v1/auth/login', { body: credential })
    const { accessToken } = (reply.body ?? {}) as { accessToken?: unknown }
    if (reply.status === 200 && typeof accessToken === 'string') return accessToken
    throw new CliProblem(`could not log in as ${credential.email}: ${describe(reply)}`)
  }

  async #waitAsTold(reply: Reply): Promise<void> {
    const seconds = Number(reply.headers.get('retry-after') ?? 1)
    const waitMs = 1000 * (Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0.1), 60) : 1)
    if (!this.#toldToWait && reply.status === 429)
      this.say(`The system limits how often it may be asked (${describe(reply)}): this takes longer`)
    this.#toldToWait ||= reply.status === 429
    await sleep(waitMs)
  }

  #noAnswer(error: unknown): CliProblem {
    const reason = networkCode(error)
    if (/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)$/.test(reason)) {
      return new CliProblem(
        `Holdfast does not run at ${this.url} (${reason}): start it with "npm start", or say where it is with --url`,
      )
    }
    return new CliProblem(`no answer from ${this.url}: ${reason}`)
  }
}

/** The call's answer in a few words, for people. */
export function describe(reply: Reply): string {
  const { code, detail } = problemOf(reply)
  return [reply.status, code, detail].filter((part) => part !== undefined && part !== '').join(' ')
}

/** The code of a refusal, as INSUFFICIENT_STOCK; undefined for what is none. */
export function refusalCode(reply: Reply): string | undefined {
  return reply.status < 400 ? undefined : problemOf(reply).code
}

/** @throws CliProblem that says what could not be done */
export function expectStatus(reply: Reply, statuses: number[], what: string): void {
  if (!statuses.includes(reply.status)) throw new CliProblem(`could not ${what}: ${describe(reply)}`)
}

function problemOf(reply: Reply): { code?: string; detail?: string } {
  if (typeof reply.body !== 'object' || reply.body === null) return {}
  const { code, detail } = reply.body as { code?: unknown; detail?: unknown }
  return { ...(typeof code === 'string' && { code }), ...(typeof detail === 'string' && { detail }) }
}

/** The other side closed a kept connection just as it was used, or went away meanwhile. */
function isBrokenConnection(error: unknown): boolean {
  return /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/.test(networkCode(error))
}

function networkCode(error: unknown): string {
  const cause = types.isNativeError(error) && types.isNativeError(error.cause) ? error.cause : error
  if (!types.isNativeError(cause)) return String(cause)
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
}
