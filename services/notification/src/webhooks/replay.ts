import {
  type ReplayWebhookDeliveriesRequest,
  type ReplayWebhookDeliveriesResponse,
  WebhookEndpointReplayed,
} from '@holdfast/contracts/notification'
import { appendEvents } from '@holdfast/events'
import { type CallContext, checkTime, checkUuid, invalidField, notFound } from '@holdfast/service'

import { endpointEvent } from '../events'
import type { Deps } from '../parts'
import { findDelivery, insertReplays, type ReplaySpan } from '../sql/deliveries'
import { updateEndpoint } from '../sql/endpoints'
import { noteCount } from '../sql/operations'
import { checkDeliveryId } from './deliveries'
import { lockKnownEndpoint, toEndpoint } from './endpoint'
import { operationOf, remember } from './operation'

const mostAtOnce = 10_000

/** Puts what is in the log of an endpoint behind what waits for it. What still waits is left where it is. */
export async function replayDeliveries(
  deps: Deps,
  request: ReplayWebhookDeliveriesRequest,
  ctx: CallContext,
): Promise<ReplayWebhookDeliveriesResponse> {
  const endpointId = checkUuid('endpointId', request.endpointId)
  const { deliveryId, after, before, clientToken } = request
  const operation = operationOf(ctx, 'replay-webhook-deliveries', clientToken, [
    endpointId,
    String(deliveryId),
    after?.getTime(),
    before?.getTime(),
  ])
  const span = spanOf(request)
  const answer = await deps.database.transaction(async (client) => {
    const { requestId } = ctx
    const known = await remember(client, operation, endpointId)
    const row = await lockKnownEndpoint(client, 'endpointId', endpointId)
    if (known !== undefined) return { count: known.count, requestId, replayed: true }
    if ('id' in span && (await findDelivery(client, span.id))?.endpoint_id !== endpointId) {
      throw notFound('webhook delivery of this endpoint', span.id.toString())
    }
    const count = await insertReplays(client, endpointId, span, mostAtOnce)
    if (operation !== undefined) await noteCount(client, operation.id, count)
    const next = await updateEndpoint(client, row)
    const data = WebhookEndpointReplayed.toJSON({ after: toEndpoint(next), count })
    await appendEvents(client, [endpointEvent('replayed', next, data, ctx)])
    return { count, requestId, replayed: false }
  })
  deps.wakeRelay()
  deps.wakeSender()
  return answer
}

function spanOf({ deliveryId, after, before }: ReplayWebhookDeliveriesRequest): ReplaySpan {
  if (deliveryId !== 0n) {
    if (after !== undefined || before !== undefined) throw invalidField('deliveryId', 'goes without "after" and "before"')
    return { id: checkDeliveryId('deliveryId', deliveryId) }
  }
  if (after === undefined) throw invalidField('after', 'is needed, or deliveryId')
  const from = checkTime('after', after)
  const to = before === undefined ? new Date() : checkTime('before', before)
  if (from >= to) throw invalidField('before', 'must be later than "after"')
  return { from, to }
}
