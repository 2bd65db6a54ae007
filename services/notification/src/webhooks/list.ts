import type { ListWebhookEndpointsRequest, ListWebhookEndpointsResponse, WebhookEndpoint } from '@holdfast/contracts/notification'
import { checkUuid, decodePageToken, encodePageToken, notFound, pageSize } from '@holdfast/service'

import type { Deps } from '../parts'
import { findEndpoint, listEndpoints as listRows } from '../sql/endpoints'
import { toEndpoint } from './endpoint'

const maxPageSize = 200

export async function getEndpoint({ database }: Deps, id: string): Promise<WebhookEndpoint> {
  const row = await findEndpoint(database.pool, checkUuid('id', id))
  if (row === undefined) throw notFound('webhook endpoint', id)
  return toEndpoint(row)
}

/** Newest first. */
export async function listEndpoints(
  { database }: Deps,
  request: ListWebhookEndpointsRequest,
): Promise<ListWebhookEndpointsResponse> {
  const size = pageSize(request.pageSize, maxPageSize)
  const [at, id] = decodePageToken(request.pageToken, [/^\d{4}-[\d:.TZ-]{18,20}$/, /^[\da-f-]{36}$/]) ?? []
  const rows = await listRows(database.pool, at === undefined || id === undefined ? undefined : { at, id }, size + 1)
  const page = rows.slice(0, size)
  const last = rows.length > size ? page.at(-1) : undefined
  return {
    endpoints: page.map(toEndpoint),
    nextPageToken: last === undefined ? '' : encodePageToken([last.created_at.toISOString(), last.id]),
  }
}
