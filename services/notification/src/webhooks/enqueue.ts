import { type PublishedEvent, toHeaders } from '@holdfast/events'
import type { PoolClient } from 'pg'

import { insertDeliveries } from '../sql/deliveries'
import { lockWanting } from '../sql/endpoints'
import { wants } from './event-types'

/**
 * Puts events behind what waits for the endpoints that want them, in the consumer's transaction.
 * Locks: the endpoints by id, against their end; then the new rows.
 */
export async function enqueue(client: PoolClient, events: readonly PublishedEvent[]): Promise<void> {
  const endpoints = await lockWanting(client)
  const wanted = events
    .map((event) => ({ event, by: endpoints.filter((endpoint) => wants(endpoint.event_types, event.type)) }))
    .filter(({ by }) => by.length > 0)
  if (wanted.length === 0) return
  await insertDeliveries(
    client,
    wanted.map(({ event }) => ({ ...event, eventId: event.id, body: bodyOf(event) })),
    wanted.flatMap(({ event, by }) => by.map((endpoint) => ({ endpointId: endpoint.id, eventId: event.id }))),
  )
}

/** The event as CloudEvents 1.0 has it in JSON (structured mode), with the same attributes as on its topic. */
export function bodyOf(event: PublishedEvent): string {
  const attributes = Object.entries(toHeaders(event)).flatMap(([name, value]) => {
    if (name.startsWith('ce_')) return [[name.slice('ce_'.length), value]]
    return name === 'traceparent' ? [[name, value]] : []
  })
  return JSON.stringify({ ...Object.fromEntries(attributes), datacontenttype: 'application/json', data: event.data })
}
