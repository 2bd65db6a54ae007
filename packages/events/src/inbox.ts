import type { PoolClient } from 'pg'
import type { Database } from '@holdfast/service'

import type { PublishedEvent } from './event'
import { inboxDays, topicDays } from './retention'

const dayMs = 86_400_000

/** Partitions made ahead; the consumers look after them every hour. */
const daysAhead = 3

/**
 * Notes events as handled by this consumer, in the transaction that handles them.
 * Locks: the new rows, sorted by their key. A second delivery at the same moment waits for the first one's commit or
 * rollback, so exactly one of the two gets the event back.
 * @returns those that were not noted before, in the order given, each once
 */
export async function remember(
  client: PoolClient,
  consumer: string,
  events: readonly PublishedEvent[],
): Promise<PublishedEvent[]> {
  const { rows } = await client.query<{ event_id: string }>({
    name: 'remember-events',
    text: `
      insert into inbox (day, consumer, event_id)
      select day, $1, event_id from unnest($2::date[], $3::uuid[]) as e (day, event_id)
      order by day, event_id
      on conflict do nothing
      returning event_id`,
    values: [consumer, events.map((event) => utcDay(event.at)), events.map((event) => event.id)],
  })
  const fresh = new Set(rows.map((row) => row.event_id))
  return events.filter((event) => fresh.delete(event.id.toLowerCase()))
}

/**
 * Makes the inbox's partitions from a week back to a few days ahead, and drops those that no message can ask for any more.
 * Consumers call it at their start and every hour.
 */
export async function maintainInbox(database: Database, now: Date = new Date()): Promise<void> {
  const day = (offset: number) => utcDay(new Date(now.getTime() + offset * dayMs))
  await database.pool.query('select create_inbox_days($1, $2)', [day(-topicDays), day(daysAhead)])
  await database.pool.query('select drop_inbox_days($1)', [day(-inboxDays)])
}

/** As `2026-01-31`. */
function utcDay(at: Date): string {
  return at.toISOString().slice(0, 10)
}
