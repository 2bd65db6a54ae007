import { type WebhookEndpoint, WebhookEndpointPaused, WebhookEndpointResumed } from '@holdfast/contracts/notification'
import { appendEvents, type EventContext } from '@holdfast/events'
import type { CallContext } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { endpointEvent } from '../events'
import type { Deps } from '../parts'
import { type EndpointRow, updateEndpoint } from '../sql/endpoints'
import { lockKnownEndpoint, toEndpoint } from './endpoint'

interface Changed {
  endpoint: WebhookEndpoint
  /** It was so already. */
  replayed: boolean
}

/** Nothing more is sent; events go on queueing. */
export async function pauseEndpoint(deps: Deps, id: string, ctx: CallContext): Promise<Changed> {
  const answer = await deps.database.transaction(async (client) => {
    const row = await lockKnownEndpoint(client, 'id', id)
    if (row.status === 'PAUSED') return { endpoint: toEndpoint(row), replayed: true }
    return { endpoint: await recordPaused(client, row, 'ASKED', ctx), replayed: false }
  })
  deps.wakeRelay()
  return answer
}

/** Under the endpoint's lock. */
export async function recordPaused(
  client: PoolClient,
  row: EndpointRow,
  reason: NonNullable<EndpointRow['pause_reason']>,
  ctx: EventContext,
): Promise<WebhookEndpoint> {
  const next = await updateEndpoint(client, { ...row, status: 'PAUSED', pause_reason: reason })
  const [before, after] = [toEndpoint(row), toEndpoint(next)]
  await appendEvents(client, [endpointEvent('paused', next, WebhookEndpointPaused.toJSON({ before, after }), ctx)])
  return after
}

/** What waits is sent, from the head of the queue, and the schedule of tries begins anew. */
export async function resumeEndpoint(deps: Deps, id: string, ctx: CallContext): Promise<Changed> {
  const answer = await deps.database.transaction(async (client) => {
    const row = await lockKnownEndpoint(client, 'id', id)
    if (row.status === 'ACTIVE') return { endpoint: toEndpoint(row), replayed: true }
    const wanted: EndpointRow = { ...row, status: 'ACTIVE', pause_reason: null, failures: 0, next_attempt_at: new Date(0) }
    const next = await updateEndpoint(client, wanted)
    const [before, after] = [toEndpoint(row), toEndpoint(next)]
    await appendEvents(client, [endpointEvent('resumed', next, WebhookEndpointResumed.toJSON({ before, after }), ctx)])
    return { endpoint: after, replayed: false }
  })
  deps.wakeRelay()
  deps.wakeSender()
  return answer
}
