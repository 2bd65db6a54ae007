/** Calls that are repeated with their key while what they need is down. */
import { setTimeout as sleep } from 'node:timers/promises'

import type { ProblemReply } from '../replies'
import { waitFor } from '../wait-for'

interface Reply {
  status: number
  body?: unknown
}

/** Nothing was done, and asking again is what the answer says. */
const notYet = new Set(['PAYMENT_IN_PROGRESS', 'CONFLICT', 'RATE_LIMITED'])

/** Whether it says what became of the request; a refusal does. */
function isAnswer({ status, body }: Reply): boolean {
  return status < 500 && !notYet.has(codeOf(body))
}

/** Of a problem; empty where it is none. */
export function codeOf(body: unknown): string {
  return (body as Partial<ProblemReply> | undefined)?.code ?? ''
}

/** @param timeoutMs 60,000 @throws Error when nobody answers for so long */
export async function untilAnswered<Answer extends Reply>(call: () => Promise<Answer>, timeoutMs?: number): Promise<Answer> {
  const answer = async () => {
    const reply = await call()
    if (!isAnswer(reply)) throw new Error(`${reply.status} ${JSON.stringify(reply.body)}`)
    return reply
  }
  return waitFor(answer, { what: 'a clear answer', ...(timeoutMs !== undefined && { timeoutMs }) })
}

/** @returns undefined when it was stopped before an answer came */
export async function untilAnsweredOrStopped<Answer extends Reply>(
  call: () => Promise<Answer>,
  stop: AbortSignal,
): Promise<Answer | undefined> {
  for (;;) {
    const reply = await call().catch(() => undefined)
    if (reply !== undefined && isAnswer(reply)) return reply
    if (stop.aborted) return undefined
    await sleep(100)
  }
}
