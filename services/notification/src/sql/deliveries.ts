import knex from 'knex'
import type { Pool, PoolClient } from 'pg'

export interface DeliveryRow {
  id: bigint
  endpoint_id: string
  event_id: string
  type: string
  subject: string
  at: Date
  status: 'PENDING' | 'DELIVERED' | 'SKIPPED'
  attempts: number
  created_at: Date
  last_attempt_at: Date | null
  last_status: number
  last_error: string
  replay_of: bigint | null
}

const columns = `d.id, d.endpoint_id, d.event_id, m.type, m.subject, m.at, d.status, d.attempts, d.created_at, d.last_attempt_at,
  d.last_status, d.last_error, d.replay_of`

export interface NewMessage {
  eventId: string
  type: string
  subject: string
  at: Date
  body: string
}

/**
 * Puts events behind what waits for endpoints, in the order given. What an endpoint has got already it does not get again.
 * Locks: the new rows; messages by event id. The caller holds the endpoints against their end.
 */
export async function insertDeliveries(
  client: PoolClient,
  messages: readonly NewMessage[],
  deliveries: readonly { endpointId: string; eventId: string }[],
): Promise<void> {
  await client.query({
    name: 'insert-webhook-messages',
    text: `
      insert into webhook_messages (event_id, type, subject, at, body)
      select * from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[]) as m (event_id, type, subject, at, body)
      order by event_id
      on conflict do nothing`,
    values: [
      messages.map((message) => message.eventId),
      messages.map((message) => message.type),
      messages.map((message) => message.subject),
      messages.map((message) => message.at),
      messages.map((message) => message.body),
    ],
  })
  await client.query({
    name: 'insert-webhook-deliveries',
    text: `
      insert into webhook_deliveries (endpoint_id, event_id)
      select endpoint_id, event_id from unnest($1::uuid[], $2::uuid[]) with ordinality as d (endpoint_id, event_id, n)
      order by n
      on conflict (endpoint_id, event_id) where replay_of is null do nothing`,
    values: [deliveries.map((delivery) => delivery.endpointId), deliveries.map((delivery) => delivery.eventId)],
  })
}

/** What is undefined is not asked for. */
export interface DeliveryFilter {
  endpointId?: string
  status?: DeliveryRow['status']
  eventType?: string
  eventId?: string
  /** Of the event's time; inclusive. */
  from?: Date
  /** Exclusive. */
  to?: Date
  /** Only deliveries before this number. */
  beforeId?: bigint
}

/** Only writes statements; the service's own pool runs them. */
const builder = knex({ client: 'pg' })

/** Newest first. Locks nothing. */
export async function listDeliveries(pool: Pool, filter: DeliveryFilter, limit: number): Promise<DeliveryRow[]> {
  const query = builder('webhook_deliveries as d')
    .join('webhook_messages as m', 'm.event_id', 'd.event_id')
    .select(builder.raw(columns))
    .orderBy('d.id', 'desc')
    .limit(limit)
  if (filter.endpointId !== undefined) void query.where('d.endpoint_id', filter.endpointId)
  if (filter.status !== undefined) void query.where('d.status', filter.status)
  if (filter.eventType !== undefined) void query.where('m.type', filter.eventType)
  if (filter.eventId !== undefined) void query.where('d.event_id', filter.eventId)
  if (filter.from !== undefined) void query.where('m.at', '>=', filter.from)
  if (filter.to !== undefined) void query.where('m.at', '<', filter.to)
  if (filter.beforeId !== undefined) void query.where('d.id', '<', filter.beforeId.toString())
  const { sql, bindings } = query.toSQL().toNative()
  const { rows } = await pool.query<DeliveryRow>(sql, [...bindings])
  return rows
}

/** With the body. Locks nothing. */
export async function findDelivery(db: Pool | PoolClient, id: bigint): Promise<(DeliveryRow & { body: string }) | undefined> {
  const { rows } = await db.query<DeliveryRow & { body: string }>(
    `select ${columns}, m.body from webhook_deliveries d join webhook_messages m using (event_id) where d.id = $1`,
    [id],
  )
  return rows[0]
}

/** Under the endpoint's lock. @returns false: it did not wait any more */
export async function skipDelivery(client: PoolClient, id: bigint): Promise<boolean> {
  const { rowCount } = await client.query(
    `update webhook_deliveries set status = 'SKIPPED' where id = $1 and status = 'PENDING'`,
    [id],
  )
  return rowCount === 1
}

/** What of an endpoint's log is put into its queue again: one delivery, or what happened in a span of time. */
export type ReplaySpan = { id: bigint } | { from: Date; to: Date }

/**
 * Under the endpoint's lock. Of an event that is there several times, once; what still waits is not put there twice.
 * @returns how many
 */
export async function insertReplays(client: PoolClient, endpointId: string, span: ReplaySpan, limit: number): Promise<number> {
  const { rowCount } = await client.query(
    `insert into webhook_deliveries (endpoint_id, event_id, replay_of)
     select $1, event_id, id
     from (
       select distinct on (d.event_id) d.event_id, d.id
       from webhook_deliveries d join webhook_messages m using (event_id)
       where d.endpoint_id = $1 and ($2::bigint is null or d.id = $2) and ($3::timestamptz is null or (m.at >= $3 and m.at < $4))
         and not exists (
           select from webhook_deliveries w where w.endpoint_id = $1 and w.event_id = d.event_id and w.status = 'PENDING')
       order by d.event_id, d.id
     ) as logged
     order by id limit $5`,
    'id' in span ? [endpointId, span.id, null, null, limit] : [endpointId, null, span.from, span.to, limit],
  )
  return rowCount ?? 0
}

/**
 * Drops a part of what is older than the log is kept, waiting or not, and bodies that nobody needs any more.
 * Locks: the rows it takes; skips those that others hold.
 * @returns how many deliveries
 */
export async function dropOldDeliveries(pool: Pool, days: number, limit: number): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from webhook_deliveries where id in (
       select id from webhook_deliveries where created_at < (select clock_timestamp()) - $1 * interval '1 day'
       order by id limit $2 for update skip locked)`,
    [days, limit],
  )
  // A day later than any delivery of it can have been made and gone, so nobody is about to add one.
  await pool.query(
    `delete from webhook_messages where event_id in (
       select event_id from webhook_messages m
       where at < (select clock_timestamp()) - ($1 + 1) * interval '1 day'
         and not exists (select from webhook_deliveries d where d.event_id = m.event_id)
       limit $2 for update skip locked)`,
    [days, limit],
  )
  await pool.query(`delete from operations where done_at < (select clock_timestamp()) - interval '30 days'`)
  return rowCount ?? 0
}
