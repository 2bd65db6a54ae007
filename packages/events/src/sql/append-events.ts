import type { PoolClient } from 'pg'

import type { NewEvent } from '../event'

/**
 * Writes events into the outbox, in the order given, in one statement.
 * Locks nothing. It belongs behind the locks of the rows that the events tell of: `place` is drawn here, so whoever held an
 * aggregate's row first has the lower place, and its events stay in order.
 */
export async function appendEvents(client: PoolClient, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return
  await client.query({
    name: 'append-events',
    text: `
      insert into outbox (type, topic, key, subject, aggregate_version, audit, actor_id, actor_role, request_id, traceparent, data)
      select type, topic, key, subject, aggregate_version, audit, actor_id, actor_role, request_id, traceparent, data::jsonb
      from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::boolean[], $7::text[], $8::text[], $9::text[],
                  $10::text[], $11::text[])
        with ordinality as e (type, topic, key, subject, aggregate_version, audit, actor_id, actor_role, request_id, traceparent, data, n)
      order by n`,
    values: [
      events.map((event) => event.type),
      events.map((event) => event.topic),
      events.map((event) => event.key),
      events.map((event) => event.subject),
      events.map((event) => event.version),
      events.map((event) => event.audit),
      events.map((event) => event.actor.id),
      events.map((event) => event.actor.role),
      events.map((event) => event.requestId),
      events.map((event) => event.traceparent ?? null),
      events.map((event) => JSON.stringify(event.data)),
    ],
  })
}
