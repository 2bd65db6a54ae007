import { jsonLines, readJsonLines, textArray } from '@holdfast/service'
import type { PoolClient } from 'pg'

import type { NewEvent } from '../event'

const columns = 'type, topic, key, subject, aggregate_version, audit, actor_id, actor_role, request_id, traceparent, data'
/** Of all columns but the last, which is JSON. */
const types = ['text', 'text', 'text', 'text', 'bigint', 'boolean', 'text', 'text', 'text', 'text']

/**
 * Writes events into the outbox, in the order given, in one statement.
 * Locks nothing. It belongs behind the locks of the rows that the events tell of: `place` is drawn here, so whoever held an
 * aggregate's row first has the lower place, and its events stay in order.
 */
export async function appendEvents(client: PoolClient, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return
  await client.query({ name: 'append-events', text: appendEventsSql(1), values: eventParameters(events) })
}

/**
 * The statement of {@link appendEvents}, for a hot path that writes its rows and their events in one: as a part of a WITH whose
 * rows it waits for by a join, so that the places are drawn behind their locks.
 * @param first number of the first of its parameters, which are those of {@link eventParameters}
 * @param join as `join made on made.id::text = e.subject`: only the events of rows that were really written
 */
export function appendEventsSql(first: number, join = ''): string {
  const parameters = [...types.map((type, index) => `$${first + index}::${type}[]`), readJsonLines(first + types.length)].join(
    ', ',
  )
  return `
    insert into outbox (${columns})
    select e.type, e.topic, e.key, e.subject, e.aggregate_version, e.audit, e.actor_id, e.actor_role, e.request_id, e.traceparent,
           e.data::json
    from unnest(${parameters}) with ordinality as e (${columns}, n) ${join}
    order by e.n`
}

/** The parameters of {@link appendEventsSql}, in its order. */
export function eventParameters(events: readonly NewEvent[]): unknown[] {
  const column = (value: (event: NewEvent) => string): string => textArray(events.map(value))
  return [
    column((event) => event.type),
    column((event) => event.topic),
    column((event) => event.key),
    column((event) => event.subject),
    column((event) => event.version.toString()),
    column((event) => String(event.audit)),
    column((event) => event.actor.id),
    column((event) => event.actor.role),
    column((event) => event.requestId),
    events.map((event) => event.traceparent ?? null),
    jsonLines(events.map((event) => event.data)),
  ]
}
