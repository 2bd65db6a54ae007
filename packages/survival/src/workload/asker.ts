import { setTimeout as sleep } from 'node:timers/promises'

import { api, type Api, logIn, type ProblemReply, type TestUser } from '@holdfast/testing'

import type { Attempt, Call, Operation } from './history'
import { type Request, requestOf } from './requests'
import type { Manner } from './story'

/** Nothing was done, and asking again is what the answer says. */
const notYet = new Set(['PAYMENT_IN_PROGRESS', 'RATE_LIMITED', 'CONFLICT'])
/** Whether it was done, or will be, is not known. UNAUTHENTICATED: a service whose clock is wrong takes nobody's token. */
const unclear = new Set(['UNAVAILABLE', 'OVERLOADED', 'DEADLINE_EXCEEDED', 'INTERNAL', 'UNAUTHENTICATED'])

const callTimeoutMs = 6_000
/** Between an attempt that told nothing and the next: first, and at the most; ms. */
const [firstPauseMs, longestPauseMs] = [100, 1_000]

export interface AskerOptions {
  /** One for each gateway. */
  gatewayUrls: readonly [string, string]
  client: number
  user: TestUser
  admin: TestUser
  /** Where every operation goes, from its beginning on. */
  history: Operation[]
  /** Nobody waits for an answer any more. */
  giveUp: AbortSignal
}

/** One client: asks until it is told something clear, with the same key, now at this gateway and now at that. */
export class Asker {
  private readonly gateways: [Api, Api]

  constructor(private readonly options: AskerOptions) {
    const [first, second] = options.gatewayUrls
    this.gateways = [api(first), api(second)]
  }

  get client(): number {
    return this.options.client
  }

  /** @param known the id of what the call is about, once it has one */
  async ask(id: string, call: Call, manner: Manner, known = ''): Promise<Operation> {
    const { client, history, giveUp } = this.options
    await sleep(manner.pauseMs)
    const operation: Operation = { id, client, call, from: Date.now(), outcome: 'unknown', attempts: [] }
    history.push(operation)
    const request = requestOf(call, known, id)
    let pauseMs = firstPauseMs
    for (let gateway = manner.gateway; !giveUp.aborted; gateway = gateway === 0 ? 1 : 0) {
      const both = manner.twice && operation.attempts.length === 0
      await Promise.all((both ? [0, 1] : [gateway]).map(async (one) => this.attempt(operation, request, one)))
      if (operation.outcome !== 'unknown') return operation
      await sleep(pauseMs)
      pauseMs = Math.min(pauseMs * 2, longestPauseMs)
    }
    return operation
  }

  private async attempt(operation: Operation, request: Request, gateway: number): Promise<void> {
    const attempt: Attempt = { at: Date.now(), outcome: 'unknown' }
    operation.attempts.push(attempt)
    const reply = await this.send(operation.id, request, gateway).catch((error: unknown) => {
      attempt.code = error instanceof Error ? error.name : String(error)
      return undefined
    })
    if (reply === undefined) return
    const { requestId } = reply.body as { requestId?: string }
    if (requestId !== undefined) attempt.requestId = requestId
    if (reply.status < 300) {
      const answer = request.read(reply.body)
      attempt.outcome = answer.status === 'IN_PROGRESS' ? 'not yet' : 'ok'
      // One of two may be refused while the other is done: what was done counts.
      if (attempt.outcome === 'ok') Object.assign(operation, { outcome: 'ok', to: Date.now(), answer, code: undefined })
      return
    }
    const { code } = reply.body as ProblemReply
    attempt.code = code
    if (code === 'UNAUTHENTICATED') await this.renewTokens(gateway)
    if (notYet.has(code)) attempt.outcome = 'not yet'
    else if (!unclear.has(code)) {
      attempt.outcome = 'refused'
      if (operation.outcome !== 'ok') Object.assign(operation, { outcome: 'refused', to: Date.now(), code })
    }
  }

  private async send(key: string, request: Request, gateway: number): Promise<{ status: number; body: unknown }> {
    const { user, admin } = this.options
    const at = this.gateways[gateway === 0 ? 0 : 1]
    const more = { token: (request.asAdmin ? admin : user).token, timeoutMs: callTimeoutMs }
    const reply =
      request.method === 'GET'
        ? await at.get(request.path, more)
        : await at.post(request.path, request.body, { ...more, idempotencyKey: key })
    if (typeof reply.body !== 'object') throw new Error(`an answer that is no JSON: ${reply.status}`)
    return reply
  }

  /** They live for 15 minutes, and none of a gateway whose clock was wrong lives as long as it says. */
  private async renewTokens(gateway: number): Promise<void> {
    const { user, admin } = this.options
    const { url } = this.gateways[gateway === 0 ? 0 : 1]
    for (const one of [user, admin]) {
      const renewed = await logIn(url, one).catch(() => undefined)
      if (renewed !== undefined) one.token = renewed.token
    }
  }
}
