import type { EventContext } from '@holdfast/events'
import { operationId } from '@holdfast/service'
import type { PoolClient } from 'pg'

import type { Base } from './deps'
import { keepContext, type OrderRow } from './order'
import { mayMove } from './order-status'
import { remember } from './operations'
import { type Ending, endingOf, type EndState } from './payment-attempt'
import { recordCancelled, recordChange } from './record'
import { type AttemptRow, moveAttempt, type Step } from './sql/attempts'
import { insertLatePayment } from './sql/late-payments'
import { lockOrder, lookAgain } from './sql/orders'
import { insertTask } from './sql/tasks'

/**
 * Ends an attempt and does to its order what follows from it, in one transaction.
 * @returns undefined: it is another driver's by now
 */
export async function endAttempt(
  base: Base,
  attempt: AttemptRow,
  step: Step & { to: EndState },
): Promise<AttemptRow | undefined> {
  const ended = await base.database.transaction(async (client) => {
    const order = await lockOrder(client, attempt.order_id)
    const moved = await moveAttempt(client, attempt, step)
    if (order === undefined || moved === undefined) return undefined
    const ending = endingOf(step.to, moved.failure)
    if (ending !== undefined) await apply(client, order, ending, moved)
    if (step.to === 'SUCCEEDED') {
      await rememberKey(client, moved)
      return moved
    }
    // The reservation may have ended while the attempt was open, when nobody but its driver could end the order.
    await lookAgain(client, order.id, 0)
    // A callback that its driver did not see may be about money.
    if (moved.called_back) await insertLatePayment(client, moved.id, moved.context)
    return moved
  })
  base.wakeRelay()
  return ended
}

async function apply(client: PoolClient, order: OrderRow, ending: Ending, attempt: AttemptRow): Promise<void> {
  const asked = attempt.context
  const by = ending.status === 'CONFIRMED' ? 'payment' : 'cancel'
  if (ending.status !== order.status && !mayMove(order.status, ending.status, by)) {
    // Nobody but the driver changes an order that has an open attempt; if somebody did, the attempt stays open and is seen.
    throw new Error(`order ${order.id} is ${order.status} and cannot become ${ending.status}`)
  }
  switch (ending.status) {
    case 'CONFIRMED':
      await recordChange(client, order, ending, 'confirmed', asked)
      return
    case 'PENDING':
      await recordChange(client, order, ending, 'payment_declined', asked)
      return
    case 'CANCELLED':
      await recordCancelled(client, order, ending, asked)
  }
  if (ending.returnStock) await insertTask(client, returnTask(order.id, null, asked))
}

/** The key of a call that its own success cannot refuse any more: another call's may have come first. */
async function rememberKey(client: PoolClient, attempt: AttemptRow): Promise<void> {
  if (attempt.operation_id === null || attempt.operation_fingerprint === null) return
  await remember(client, { id: attempt.operation_id, fingerprint: attempt.operation_fingerprint }, attempt.order_id)
}

/** What a cancelled order owes. @param attemptId the captured payment, if any */
export function returnTask(orderId: string, attemptId: string | null, ctx: EventContext) {
  return { orderId, reference: operationId('', 'return-of-order', orderId), attemptId, context: keepContext(ctx) }
}
