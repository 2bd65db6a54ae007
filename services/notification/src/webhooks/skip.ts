import { type WebhookDelivery, WebhookEndpointDeliverySkipped } from '@holdfast/contracts/notification'
import { appendEvents } from '@holdfast/events'
import { type CallContext, HoldfastError, notFound } from '@holdfast/service'

import { endpointEvent } from '../events'
import type { Deps } from '../parts'
import { findDelivery, skipDelivery as writeSkipped } from '../sql/deliveries'
import { updateEndpoint } from '../sql/endpoints'
import { checkDeliveryId, toDelivery } from './deliveries'
import { lockKnownEndpoint, toEndpoint } from './endpoint'

/**
 * Gives up a delivery that waits; the one behind it goes at once. It may be on its way at this moment.
 * @throws ILLEGAL_TRANSITION for one that was delivered
 */
export async function skipDelivery(
  deps: Deps,
  id: bigint,
  ctx: CallContext,
): Promise<{ delivery: WebhookDelivery; replayed: boolean }> {
  checkDeliveryId('id', id)
  const answer = await deps.database.transaction(async (client) => {
    const known = await findDelivery(client, id)
    if (known === undefined) throw notFound('webhook delivery', id.toString())
    const row = await lockKnownEndpoint(client, 'endpointId', known.endpoint_id)
    const skipped = await writeSkipped(client, id)
    const delivery = await findDelivery(client, id)
    if (delivery === undefined) throw notFound('webhook delivery', id.toString())
    if (!skipped && delivery.status === 'DELIVERED') throw new HoldfastError('ILLEGAL_TRANSITION', 'It was delivered already')
    if (!skipped) return { delivery: toDelivery(delivery), replayed: true }
    const next = await updateEndpoint(client, { ...row, failures: 0, next_attempt_at: new Date(0) })
    const data = WebhookEndpointDeliverySkipped.toJSON({ after: toEndpoint(next), delivery: toDelivery(delivery) })
    await appendEvents(client, [endpointEvent('delivery_skipped', next, data, ctx)])
    return { delivery: toDelivery(delivery), replayed: false }
  })
  deps.wakeRelay()
  deps.wakeSender()
  return answer
}
