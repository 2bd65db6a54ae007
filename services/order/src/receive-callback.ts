/** ReceivePaymentCallback: what a provider calls back is kept, and has whoever drives the payment ask it (decision 036). */
import { Actor_Role } from '@holdfast/contracts/common'
import {
  PaymentReported,
  type ReceivePaymentCallbackRequest,
  type ReceivePaymentCallbackResponse,
} from '@holdfast/contracts/order'
import { appendEvents, createEvent, type EventContext } from '@holdfast/events'
import { type CallContext, counter, faultPoint, HoldfastError, notFound } from '@holdfast/service'
import type { PoolClient } from 'pg'

import type { Deps } from './deps'
import type { Callback, PaymentProvider } from './payment/provider'
import { findAttempt } from './sql/attempts'
import { type CalledBack, insertCallback, markCalledBack, paymentOfCallback } from './sql/callbacks'
import { insertLatePayment } from './sql/late-payments'

const received = counter('payment_callbacks_total', 'Callbacks of payment providers, by what became of them', [
  'provider',
  'result',
])

/**
 * Most bytes of a message, many times what a provider has to say. Anyone may send one, and the signature is computed over all of it where
 * checkouts are driven: a MiB would take some milliseconds with each secret.
 */
const mostBytes = 65_536

/** @throws NOT_FOUND, PAYLOAD_TOO_LARGE, UNAUTHENTICATED, INVALID_ARGUMENT; then nothing is kept of it */
export async function receiveCallback(
  deps: Deps,
  request: ReceivePaymentCallbackRequest,
  ctx: CallContext,
): Promise<ReceivePaymentCallbackResponse> {
  const { name, readCallback } = deps.provider
  if (request.provider !== name || readCallback === undefined) throw notFound('payment provider', request.provider)
  try {
    const body = request.body?.data ?? new Uint8Array()
    if (body.length > mostBytes) throw tooLarge()
    const callback = readCallback({
      id: request.webhookId,
      timestamp: request.webhookTimestamp,
      signature: request.webhookSignature,
      body,
    })
    const kept = await keep(deps, callback, ctx)
    received.inc({ provider: name, result: kept ? 'kept' : 'repeated' })
    if (kept) {
      await faultPoint('callback.kept')
      deps.wakeRelay()
      deps.wakeRecovery()
      deps.wakeLatePayments()
    }
    return { requestId: ctx.requestId, replayed: !kept }
  } catch (error) {
    received.inc({ provider: name, result: error instanceof HoldfastError && error.code !== 'INTERNAL' ? 'refused' : 'failed' })
    throw error
  }
}

/** The callback, what it asks for, and its event, in one transaction. @returns false: it was kept before */
async function keep(deps: Deps, callback: Callback, ctx: CallContext): Promise<boolean> {
  const { database, provider } = deps
  const by: EventContext = { ...ctx, actor: { id: provider.name, role: Actor_Role.SERVICE } }
  // Attempts stay for ever: one that is there will be.
  if ((await findAttempt(database.pool, callback.paymentId)) === undefined) throw notFound('payment', callback.paymentId)
  return database.transaction(async (client) => {
    if (!(await insertCallback(client, provider.name, callback))) return repeated(client, provider, callback)
    const attempt = await markCalledBack(client, callback.paymentId)
    if (attempt === undefined) throw notFound('payment', callback.paymentId)
    if (isLateMoney(attempt, callback)) await insertLatePayment(client, attempt.id, by)
    await report(client, provider.name, attempt, callback, by)
    return true
  })
}

/** The same message again, and no other under its id. */
async function repeated(client: PoolClient, { name }: PaymentProvider, { id, paymentId }: Callback): Promise<false> {
  if ((await paymentOfCallback(client, name, id)) === paymentId) return false
  const fields = [{ field: 'webhook-id', message: 'was used for a message about another payment' }]
  throw new HoldfastError('INVALID_ARGUMENT', 'webhook-id: was used for a message about another payment', { fields })
}

/** What an open attempt has got its driver sees to; what a cancelled order has paid its return sees to. */
function isLateMoney({ state, ended_at }: CalledBack, callback: Callback): boolean {
  return ended_at !== null && state !== 'SUCCEEDED' && (callback.state === 'authorized' || callback.state === 'captured')
}

async function report(
  client: PoolClient,
  provider: string,
  attempt: CalledBack,
  callback: Callback,
  ctx: EventContext,
): Promise<void> {
  const { id, order_id: orderId, callbacks: version } = attempt
  const after = { id, orderId, provider, callbackId: callback.id, state: callback.state, version }
  await appendEvents(client, [
    createEvent({
      type: 'holdfast.payment.reported.v1',
      data: PaymentReported.toJSON({ after }),
      key: orderId,
      subject: id,
      version: BigInt(version),
      ctx,
    }),
  ])
}

function tooLarge(): HoldfastError {
  const message = `may have at most ${mostBytes} bytes`
  return new HoldfastError('PAYLOAD_TOO_LARGE', `body: ${message}`, { fields: [{ field: 'body', message }] })
}
