/** What a sender does to the rows: it leases an endpoint, so that one sender at a time works through its queue. */
import type { Pool, PoolClient } from 'pg'

/**
 * Endpoints that something waits for and whose time has come, those that waited longest first.
 * Locks: the rows it takes, for a moment; skips those that others hold, so replicas share the work.
 */
export async function leaseEndpoints(pool: Pool, lease: string, leaseMs: number, limit: number): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>({
    name: 'lease-endpoints',
    text: `
      update webhook_endpoints set lease = $1, leased_until = clock_timestamp() + $2 * interval '1 ms'
      where id in (
        select id from webhook_endpoints e
        where status = 'ACTIVE' and next_attempt_at <= (select clock_timestamp()) and leased_until <= (select clock_timestamp())
          and exists (select from webhook_deliveries d where d.endpoint_id = e.id and d.status = 'PENDING')
        order by next_attempt_at limit $3 for no key update skip locked)
      returning id`,
    values: [lease, leaseMs, limit],
  })
  return rows.map((row) => row.id)
}

/** The delivery at the head of a queue, and where it goes. */
export interface Head {
  id: bigint
  event_id: string
  body: string
  url: string
  /** The newest first. */
  secrets: string[]
}

/** Locks nothing. @returns undefined: nothing waits, it is paused or gone, or the lease is lost */
export async function readHead(pool: Pool, endpointId: string, lease: string): Promise<Head | undefined> {
  const { rows } = await pool.query<Head>({
    name: 'read-head',
    text: `
      select d.id, d.event_id, m.body, e.url,
             array(select secret from webhook_secrets s
                   where s.endpoint_id = e.id and (s.ends_at is null or s.ends_at > (select clock_timestamp()))
                   order by s.created_at desc) as secrets
      from webhook_endpoints e
      join webhook_deliveries d on d.endpoint_id = e.id and d.status = 'PENDING'
      join webhook_messages m using (event_id)
      where e.id = $1 and e.lease = $2 and e.status = 'ACTIVE'
      order by d.id limit 1`,
    values: [endpointId, lease],
  })
  return rows[0]
}

/**
 * Notes that a delivery was taken, which is true whoever has the lease by now, and prolongs the lease if it is still ours.
 * Locks: the endpoint, then the delivery.
 * @returns whether the lease is ours
 */
export async function noteDelivered(
  pool: Pool,
  endpointId: string,
  lease: string,
  leaseMs: number,
  delivery: { id: bigint; status: number },
): Promise<boolean> {
  const { rows } = await pool.query<{ held: boolean }>({
    name: 'note-delivered',
    text: `
      with held as (
        update webhook_endpoints set failures = 0, leased_until = clock_timestamp() + $3 * interval '1 ms'
        where id = $1 and lease = $2 returning id
      ), noted as (
        update webhook_deliveries
        set status = 'DELIVERED', attempts = attempts + 1, last_attempt_at = clock_timestamp(), last_status = $5, last_error = ''
        where id = $4 and status = 'PENDING' and (select count(*) from held) >= 0
      )
      select exists (select from held) as held`,
    values: [endpointId, lease, leaseMs, delivery.id, delivery.status],
  })
  return rows[0]?.held ?? false
}

/** Under the endpoint's lock. */
export async function noteFailed(client: PoolClient, delivery: { id: bigint; status: number; problem: string }): Promise<void> {
  await client.query({
    name: 'note-failed',
    text: `
      update webhook_deliveries set attempts = attempts + 1, last_attempt_at = clock_timestamp(), last_status = $2, last_error = $3
      where id = $1 and status = 'PENDING'`,
    values: [delivery.id, delivery.status, delivery.problem],
  })
}

/** Under the endpoint's lock. @returns whether the lease is this one */
export async function hasLease(client: PoolClient, endpointId: string, lease: string): Promise<boolean> {
  const { rows } = await client.query('select from webhook_endpoints where id = $1 and lease = $2', [endpointId, lease])
  return rows.length === 1
}

/** Under the endpoint's lock: the try failed, and the next one is after `delayMs`. Gives the lease back. */
export async function putOff(client: PoolClient, endpointId: string, delayMs: number): Promise<void> {
  await client.query({
    name: 'put-off',
    text: `
      update webhook_endpoints
      set failures = failures + 1, next_attempt_at = clock_timestamp() + $2 * interval '1 ms', leased_until = '-infinity', lease = null
      where id = $1`,
    values: [endpointId, delayMs],
  })
}

/** Gives a lease back and stands behind the other endpoints. Locks: the row, for a moment. */
export async function giveBack(pool: Pool, endpointId: string, lease: string): Promise<void> {
  await pool.query({
    name: 'give-back',
    text: `
      update webhook_endpoints set lease = null, leased_until = '-infinity', next_attempt_at = clock_timestamp()
      where id = $1 and lease = $2`,
    values: [endpointId, lease],
  })
}
