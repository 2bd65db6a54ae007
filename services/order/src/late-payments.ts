/** An attempt that ended without money, of which the provider says that there is some after all: it goes back, once. */
import { faultPoint, startWorker, type Worker } from '@holdfast/service'

import type { Base } from './deps'
import { afterGivingBack } from './payment-attempt'
import type { PaymentState } from './payment/provider'
import { byService, recordChange } from './record'
import { claimLatePayments, finishLatePayment, type LatePayment, noteRefund } from './sql/late-payments'
import { lockOrder } from './sql/orders'
import { within } from './within'

/** Payments looked at in one pass. */
const batch = 20
/** How long the provider may take to answer, in ms. */
const callMs = 5_000

export function startLatePayments(base: Base, pauseMs: number): Worker {
  return startWorker({
    name: 'late-payments',
    pauseMs,
    log: base.log,
    pass: async () => {
      const due = await claimLatePayments(base.database.pool, batch)
      await Promise.all(due.map(async (payment) => settle(base, payment)))
      return due.length === batch
    },
  })
}

async function settle(base: Base, payment: LatePayment): Promise<void> {
  const id = payment.attempt_id
  try {
    const state = await giveBack(base, id)
    // Still under way at the provider, which could not be told to stop.
    if (afterGivingBack[state] === 'ask again') return
    await faultPoint('payment.given-back')
    await finish(base, payment, state)
  } catch (error) {
    base.log.warn({ err: error, attempt: id, tries: payment.tries }, 'a late payment is not given back yet; again')
  }
}

async function giveBack({ provider }: Base, id: string): Promise<PaymentState> {
  const state = await within(callMs, async () => provider.void(id))
  return state === 'captured' ? within(callMs, async () => provider.refund(id)) : state
}

/** Locks: the order, the attempt, its task. */
async function finish(base: Base, payment: LatePayment, state: PaymentState): Promise<void> {
  await base.database.transaction(async (client) => {
    const order = await lockOrder(client, payment.order_id)
    const isRefund = state === 'refunded' && (await noteRefund(client, payment.attempt_id))
    await finishLatePayment(client, payment)
    // Of an order that goes on, or was paid by another attempt, this says nothing.
    if (!isRefund || order?.status !== 'CANCELLED' || !['UNPAID', 'DECLINED', 'VOIDED'].includes(order.payment_status)) return
    const change = { status: order.status, paymentStatus: 'REFUNDED', cancelReason: order.cancel_reason } as const
    await recordChange(client, order, change, 'refunded', byService(payment.context))
  })
  base.wakeRelay()
}
