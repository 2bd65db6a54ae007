import { randomUUID } from 'node:crypto'

import {
  type CreateWebhookEndpointRequest,
  type CreateWebhookEndpointResponse,
  WebhookEndpointCreated,
} from '@holdfast/contracts/notification'
import { appendEvents } from '@holdfast/events'
import { type CallContext, notFound } from '@holdfast/service'

import { endpointEvent } from '../events'
import type { Deps } from '../parts'
import { findEndpoint, insertEndpoint, insertSecret } from '../sql/endpoints'
import { checkDescription, toEndpoint } from './endpoint'
import { checkEventTypes } from './event-types'
import { operationOf, remember } from './operation'
import { newSecret } from './sign'
import { checkUrl } from './targets'
import { untilAllKnow } from './wanted'

/** Registers an endpoint. When the answer is there, every event from then on goes to it. */
export async function createEndpoint(
  deps: Deps,
  request: CreateWebhookEndpointRequest,
  ctx: CallContext,
): Promise<CreateWebhookEndpointResponse> {
  const url = checkUrl(request.url, deps.privateTargets)
  const description = checkDescription(request.description)
  const event_types = checkEventTypes(request.eventTypes)
  const operation = operationOf(ctx, 'create-webhook-endpoint', request.clientToken, [url, description, event_types])
  const id = operation?.id ?? randomUUID()
  const answer = await deps.database.transaction(async (client) => {
    const { requestId } = ctx
    if ((await remember(client, operation, id)) !== undefined) {
      const known = await findEndpoint(client, id)
      if (known === undefined) throw notFound('webhook endpoint', id)
      return { endpoint: toEndpoint(known), secret: '', requestId, replayed: true }
    }
    const row = await insertEndpoint(client, { id, url, description, event_types })
    const secret = newSecret()
    await insertSecret(client, id, secret, row.created_at)
    const endpoint = toEndpoint(row)
    await appendEvents(client, [endpointEvent('created', row, WebhookEndpointCreated.toJSON({ after: endpoint }), ctx)])
    return { endpoint, secret, requestId, replayed: false }
  })
  deps.wakeRelay()
  await untilAllKnow()
  return answer
}
