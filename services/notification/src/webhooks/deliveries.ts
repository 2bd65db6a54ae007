import {
  type ListWebhookDeliveriesRequest,
  type ListWebhookDeliveriesResponse,
  type WebhookDelivery,
  WebhookDelivery_Status,
} from '@holdfast/contracts/notification'
import { checkTime, checkUuid, decodePageToken, encodePageToken, invalidField, notFound, pageSize } from '@holdfast/service'

import type { Deps } from '../parts'
import { type DeliveryRow, findDelivery, listDeliveries as listRows } from '../sql/deliveries'

const maxPageSize = 200

/** The delivery log, newest first. New deliveries do not shift the pages: the token names the last one seen. */
export async function listDeliveries(
  { database }: Deps,
  request: ListWebhookDeliveriesRequest,
): Promise<ListWebhookDeliveriesResponse> {
  const size = pageSize(request.pageSize, maxPageSize)
  const beforeId = decodePageToken(request.pageToken, [/^\d{1,18}$/])?.[0]
  const filter = {
    endpointId: request.endpointId === '' ? undefined : checkUuid('endpointId', request.endpointId),
    eventId: request.eventId === '' ? undefined : checkUuid('eventId', request.eventId),
    eventType: request.eventType === '' ? undefined : request.eventType.replaceAll('\0', '\ufffd'),
    status: statusOf(request.status),
    from: request.after && checkTime('after', request.after),
    to: request.before && checkTime('before', request.before),
    beforeId: beforeId === undefined ? undefined : BigInt(beforeId),
  }
  const rows = await listRows(database.pool, filter, size + 1)
  const page = rows.slice(0, size)
  const last = rows.length > size ? page.at(-1) : undefined
  return { deliveries: page.map(toDelivery), nextPageToken: last === undefined ? '' : encodePageToken([last.id]) }
}

/** @throws NOT_FOUND */
export async function getDelivery({ database }: Deps, id: bigint): Promise<{ delivery: WebhookDelivery; payload: string }> {
  const row = await findDelivery(database.pool, checkDeliveryId('id', id))
  if (row === undefined) throw notFound('webhook delivery', id.toString())
  return { delivery: toDelivery(row), payload: row.body }
}

/** @throws INVALID_ARGUMENT */
export function checkDeliveryId(field: string, id: bigint): bigint {
  if (id <= 0n) throw invalidField(field, 'must be 1 or more')
  return id
}

export function toDelivery(row: DeliveryRow): WebhookDelivery {
  return {
    id: row.id,
    endpointId: row.endpoint_id,
    eventId: row.event_id,
    eventType: row.type,
    subject: row.subject,
    eventAt: row.at,
    status: row.status,
    attempts: row.attempts,
    createdAt: row.created_at,
    lastAttemptAt: row.last_attempt_at ?? undefined,
    lastStatus: row.last_status,
    lastError: row.last_error,
    replayOf: row.replay_of ?? 0n,
  }
}

function statusOf(status: WebhookDelivery['status']): DeliveryRow['status'] | undefined {
  if (status === WebhookDelivery_Status.STATUS_UNSPECIFIED) return undefined
  if (status === 'PENDING' || status === 'DELIVERED' || status === 'SKIPPED') return status
  throw invalidField('status', 'is no status of a delivery')
}
