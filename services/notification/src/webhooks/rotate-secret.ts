import {
  type RotateWebhookSecretRequest,
  type RotateWebhookSecretResponse,
  WebhookEndpointSecretRotated,
} from '@holdfast/contracts/notification'
import { appendEvents } from '@holdfast/events'
import { type CallContext, checkUuid, invalidField } from '@holdfast/service'

import { endpointEvent } from '../events'
import type { Deps } from '../parts'
import { insertSecret, updateEndpoint } from '../sql/endpoints'
import { lockKnownEndpoint, toEndpoint } from './endpoint'
import { operationOf, remember } from './operation'
import { newSecret } from './sign'

const usualOverlapS = 86_400
const longestOverlapS = 604_800

/** From now on deliveries carry a signature of the new secret, and until the overlap is over one of the old as well. */
export async function rotateSecret(
  deps: Deps,
  request: RotateWebhookSecretRequest,
  ctx: CallContext,
): Promise<RotateWebhookSecretResponse> {
  const id = checkUuid('id', request.id)
  const { overlapSeconds = usualOverlapS } = request
  if (overlapSeconds < 0 || overlapSeconds > longestOverlapS) {
    throw invalidField('overlapSeconds', `must be from 0 to ${longestOverlapS}`)
  }
  const operation = operationOf(ctx, 'rotate-webhook-secret', request.clientToken, [id, overlapSeconds])
  const answer = await deps.database.transaction(async (client) => {
    const { requestId } = ctx
    const known = await remember(client, operation, id)
    const row = await lockKnownEndpoint(client, 'id', id)
    if (known !== undefined) return { endpoint: toEndpoint(row), secret: '', requestId, replayed: true }
    const next = await updateEndpoint(client, row)
    const oldUntil = new Date(next.updated_at.getTime() + overlapSeconds * 1000)
    const secret = newSecret()
    await insertSecret(client, id, secret, oldUntil)
    const [before, after] = [toEndpoint(row), toEndpoint(next)]
    const data = WebhookEndpointSecretRotated.toJSON({ before, after, oldUntil })
    await appendEvents(client, [endpointEvent('secret_rotated', next, data, ctx)])
    return { endpoint: after, secret, requestId, replayed: false }
  })
  deps.wakeRelay()
  return answer
}
