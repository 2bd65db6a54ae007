import { type UpdateWebhookEndpointRequest, type WebhookEndpoint, WebhookEndpointUpdated } from '@holdfast/contracts/notification'
import { appendEvents } from '@holdfast/events'
import type { CallContext } from '@holdfast/service'

import { endpointEvent } from '../events'
import type { Deps } from '../parts'
import { updateEndpoint as writeEndpoint } from '../sql/endpoints'
import { checkDescription, lockKnownEndpoint, toEndpoint } from './endpoint'
import { checkEventTypes } from './event-types'
import { checkUrl } from './targets'
import { untilAllKnow } from './wanted'

/** Changes what is given. The same values again change nothing and leave no event. */
export async function updateEndpoint(
  deps: Deps,
  request: UpdateWebhookEndpointRequest,
  ctx: CallContext,
): Promise<WebhookEndpoint> {
  const url = request.url === undefined ? undefined : checkUrl(request.url, deps.privateTargets)
  const description = request.description === undefined ? undefined : checkDescription(request.description)
  const event_types = request.eventTypes.length === 0 ? undefined : checkEventTypes(request.eventTypes)
  const endpoint = await deps.database.transaction(async (client) => {
    const row = await lockKnownEndpoint(client, 'id', request.id)
    const wanted = {
      ...row,
      url: url ?? row.url,
      description: description ?? row.description,
      event_types: event_types ?? row.event_types,
    }
    const same = JSON.stringify(wanted) === JSON.stringify(row)
    if (same) return toEndpoint(row)
    // Another address is asked at once, and has the whole schedule before it.
    const anew = wanted.url === row.url ? {} : { failures: 0, next_attempt_at: new Date(0) }
    const next = await writeEndpoint(client, { ...wanted, ...anew })
    const [before, after] = [toEndpoint(row), toEndpoint(next)]
    await appendEvents(client, [endpointEvent('updated', next, WebhookEndpointUpdated.toJSON({ before, after }), ctx)])
    return after
  })
  deps.wakeRelay()
  deps.wakeSender()
  if (event_types !== undefined) await untilAllKnow()
  return endpoint
}
