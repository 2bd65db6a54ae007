import type { WebhookEndpoint } from '@holdfast/contracts/notification'
import { checkUuid, invalidField, notFound } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { type EndpointRow, lockEndpoint } from '../sql/endpoints'

export function toEndpoint(row: EndpointRow): WebhookEndpoint {
  const { id, url, description, status, version, failures } = row
  return {
    id,
    url,
    description,
    status,
    version,
    failures,
    eventTypes: row.event_types,
    pauseReason: row.pause_reason ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    nextAttemptAt: failures > 0 && status === 'ACTIVE' ? row.next_attempt_at : undefined,
  }
}

const longestDescription = 200

/** @throws INVALID_ARGUMENT */
export function checkDescription(text: string): string {
  if (text.length > longestDescription || text.includes('\0')) {
    throw invalidField('description', `must be up to ${longestDescription} characters`)
  }
  return text
}

/** @throws NOT_FOUND */
export async function lockKnownEndpoint(client: PoolClient, field: string, id: string): Promise<EndpointRow> {
  const row = await lockEndpoint(client, checkUuid(field, id))
  if (row === undefined) throw notFound('webhook endpoint', id)
  return row
}
