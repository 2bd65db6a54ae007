/** How the simulated provider calls back: it remembers what it has to tell, and tells it until somebody has taken it. */
import { faultPoint, HoldfastError, type Logger, startWorker, type Worker } from '@holdfast/service'
import type { Pool } from 'pg'
import { z } from 'zod'

import { type Callback, paymentStates, type PaymentProvider, type PaymentState, type SignedMessage } from './provider'
import { signMessage, verifiedBody } from './standard-webhook'

export interface CallbackOptions {
  /** Where it calls back. */
  url: string
  /** The newest first; all of them sign. */
  secrets: readonly string[]
  pool: Pool
  provider: Pick<PaymentProvider, 'lookup'>
  log: Logger
  /** Between two looks for what is due, in ms. */
  pauseMs?: number
}

const batch = 20
/** How long an answer may take, in ms. */
const answerMs = 10_000
/** Between two tries at most, in ms. */
const longestPauseMs = 60_000
/** A callback that nobody takes is sent again for about a day. */
const mostTries = 1_500

/** Every replica sends what is due; each message is claimed before it is sent, and comes again where the sender died. */
export function startSimulatedCallbacks(options: CallbackOptions): Worker {
  const { pool, log, pauseMs = 500 } = options
  return startWorker({
    name: 'simulated-callbacks',
    pauseMs,
    log,
    pass: async () => {
      const due = await claimDue(pool)
      await Promise.all(due.map(async (message) => send(options, message)))
      return due.length === batch
    },
  })
}

interface Message {
  id: string
  payment_id: string
  tries: number
}

async function send({ url, secrets, pool, provider, log }: CallbackOptions, { id, payment_id, tries }: Message): Promise<void> {
  try {
    const body = callbackBody(payment_id, await provider.lookup(payment_id), new Date())
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signMessage(id, body, secrets, new Date()) },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(answerMs),
    })
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`it was answered with ${response.status}`)
    await faultPoint('callback.sent')
    await pool.query('update simulated_callbacks set sent_at = clock_timestamp() where id = $1', [id])
  } catch (error) {
    log.info({ err: error, callback: id, tries }, 'a callback of the simulated payment provider was not taken; it is sent again')
    const pause = Math.min(250 * 2 ** tries, longestPauseMs)
    await pool.query(`update simulated_callbacks set send_at = clock_timestamp() + $2 * interval '1 ms' where id = $1`, [
      id,
      pause,
    ])
  }
}

/** Locks: the rows it takes, for a moment; skips those that others hold. */
async function claimDue(pool: Pool): Promise<Message[]> {
  const { rows } = await pool.query<Message>({
    name: 'claim-simulated-callbacks',
    text: `
      update simulated_callbacks set tries = tries + 1, send_at = clock_timestamp() + $1 * interval '1 ms'
      where id in (
        select id from simulated_callbacks
        where sent_at is null and send_at <= (select clock_timestamp()) and tries < $2
        order by send_at limit $3 for update skip locked)
      returning id, payment_id, tries`,
    values: [answerMs * 2, mostTries, batch],
  })
  return rows
}

function callbackBody(paymentId: string, state: PaymentState, at: Date): string {
  return JSON.stringify({ type: 'payment.updated', timestamp: at.toISOString(), data: { paymentId, state } })
}

const content = z.object({
  type: z.literal('payment.updated'),
  data: z.object({ paymentId: z.uuid().toLowerCase(), state: z.enum(paymentStates) }),
})

/** Reads what {@link startSimulatedCallbacks} sends. @throws UNAUTHENTICATED, INVALID_ARGUMENT */
export function readSimulatedCallback(message: SignedMessage, secrets: readonly string[]): Callback {
  const text = verifiedBody(message, secrets)
  if (message.id.length > 255) throw refused('webhook-id', 'may have at most 255 characters')
  const parsed = content.safeParse(parse(text))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw refused(['body', ...(issue?.path ?? [])].join('.'), issue?.message ?? 'is no callback')
  }
  return { id: message.id, ...parsed.data.data }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw refused('body', 'is not JSON')
  }
}

function refused(field: string, message: string): HoldfastError {
  return new HoldfastError('INVALID_ARGUMENT', `${field}: ${message}`, { fields: [{ field, message }] })
}
