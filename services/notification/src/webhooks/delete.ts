import { WebhookEndpointDeleted } from '@holdfast/contracts/notification'
import { appendEvents } from '@holdfast/events'
import { type CallContext, checkUuid, notFound } from '@holdfast/service'

import { endpointEvent } from '../events'
import type { Deps } from '../parts'
import { deleteEndpoint as removeEndpoint } from '../sql/endpoints'
import { toEndpoint } from './endpoint'

/** Its queue and its log go with it. @throws NOT_FOUND, also when it is deleted a second time */
export async function deleteEndpoint(deps: Deps, id: string, ctx: CallContext): Promise<void> {
  await deps.database.transaction(async (client) => {
    const row = await removeEndpoint(client, checkUuid('id', id))
    if (row === undefined) throw notFound('webhook endpoint', id)
    const last = { id: row.id, version: row.version + 1 }
    await appendEvents(client, [endpointEvent('deleted', last, WebhookEndpointDeleted.toJSON({ before: toEndpoint(row) }), ctx)])
  })
  deps.wakeRelay()
}
