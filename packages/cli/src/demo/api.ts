import { setTimeout as sleep } from 'node:timers/promises'
import { types } from 'node:util'

import { type Client, type ClientOptions, createClient, HoldfastApiError } from '@holdfast/client'
import type { Credential } from '@holdfast/launcher'

import { CliProblem } from '../problem'
import type { Tokens } from '../session'

const tries = 8
/** A limit by the minute may ask for as much, in ms. */
const maxWaitMs = 60_000

/** Who the demo's admin is: one that logs in, or whoever the commands are. */
export type Admin = Credential | Tokens

/** A running system, called by the typed client; what it answers is told in the words of the commands. */
export class Api {
  #toldToWait = false

  constructor(
    readonly url: string,
    private readonly say: (line: string) => void,
  ) {}

  /** The calls of one who has this token; of nobody without. */
  as(token?: string): Client {
    return this.#client({ token: () => token })
  }

  /**
   * The calls of one who logs in now, and once more whenever the token is too old; or of one who has tokens.
   * @throws CliProblem when that is refused
   */
  async logIn(credential: Admin): Promise<Client> {
    if ('token' in credential) return this.#client(credential)
    let token = await this.#accessToken(credential)
    return this.#client({
      token: () => token,
      refreshToken: async () => (token = await this.#accessToken(credential)),
    })
  }

  /** @throws CliProblem that says what could not be done, and why */
  async must<Answer>(what: string, call: Promise<Answer>): Promise<Answer> {
    const answer = await this.orRefusal(call)
    if (answer instanceof HoldfastApiError) throw new CliProblem(`could not ${what}: ${describe(answer)}`)
    return answer
  }

  /**
   * The answer of a call that may well be refused.
   * @throws CliProblem when there is none
   */
  async orRefusal<Answer>(call: Promise<Answer>): Promise<Answer | HoldfastApiError> {
    try {
      return await call
    } catch (error) {
      if (error instanceof HoldfastApiError) return error
      // One that logs in again on its way.
      if (error instanceof CliProblem) throw error
      throw this.#noAnswer(error)
    }
  }

  #client(tokens: Pick<ClientOptions, 'token' | 'refreshToken'>): Client {
    return createClient({ url: this.url, tries, maxWaitMs, onRetry: (error) => this.#tellToWait(error), ...tokens })
  }

  /** The client sends a login once. Another one here costs no more than a session that nobody uses. */
  async #accessToken(credential: Credential): Promise<string> {
    const anonymous = this.as()
    for (let tried = 1; ; tried++) {
      const answer = await this.orRefusal(anonymous.login(credential))
      if (!(answer instanceof HoldfastApiError)) return answer.accessToken
      const { status, retryAfterMs = 1_000 } = answer
      if (tried === tries || (status !== 429 && status !== 503) || retryAfterMs > maxWaitMs) {
        throw new CliProblem(`could not log in as ${credential.email}: ${describe(answer)}`)
      }
      this.#tellToWait(answer)
      await sleep(retryAfterMs)
    }
  }

  #tellToWait(error: unknown): void {
    if (this.#toldToWait || !(error instanceof HoldfastApiError) || error.status !== 429) return
    this.#toldToWait = true
    this.say(`The system limits how often it may be asked (${describe(error)}): this takes longer`)
  }

  #noAnswer(error: unknown): CliProblem {
    const reason = networkCode(error)
    if (/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)$/.test(reason)) {
      return new CliProblem(
        `Holdfast does not run at ${this.url} (${reason}): start it with "npm start", or say where it is with --url`,
        'unavailable',
      )
    }
    return new CliProblem(`no answer from ${this.url}: ${reason}`, 'unavailable')
  }
}

/** A refusal in a few words, for people. */
export function describe({ status, code, problem }: HoldfastApiError): string {
  return [status, code, problem.detail].filter((part) => part !== '').join(' ')
}

function networkCode(error: unknown): string {
  const cause = types.isNativeError(error) && types.isNativeError(error.cause) ? error.cause : error
  if (!types.isNativeError(cause)) return String(cause)
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
}
