/**
 * Statements about payment attempts. A driver's writes name the driver and the state that it saw: a driver whose attempt was
 * taken over changes nothing.
 */
import type { EventContext } from '@holdfast/events'
import type { Pool, PoolClient } from 'pg'

import type { Operation } from '../operations'
import { type AttemptState, type Failure, isOpen } from '../payment-attempt'

export interface AttemptRow {
  id: string
  order_id: string
  /** The order's reservation, which is its hold's id. */
  reservation_id: string
  state: AttemptState
  currency: string
  amount_minor: bigint
  /** Of the reservation, that the amount was made from; 0: not known. */
  lines_version: number
  failure: Failure | null
  ended_at: Date | null
  tries: number
  context: EventContext
  operation_id: string | null
  operation_fingerprint: string | null
  /** A callback came, and nobody has asked the provider since. */
  called_back: boolean
  /** In ms. */
  age_ms: number
}

const columns = `
  id, order_id, (select o.reservation_id from orders o where o.id = order_id) as reservation_id,
  state, currency, amount_minor, lines_version, failure, ended_at, tries, context, operation_id, operation_fingerprint, called_back,
  extract(epoch from clock_timestamp() - created_at)::float8 * 1000 as age_ms`

export interface NewAttempt {
  id: string
  orderId: string
  currency: string
  amountMinor: bigint
  linesVersion: number
  driver: string
  leaseMs: number
  context: EventContext
  operation: Operation | undefined
}

/** Under the order's lock. @throws a unique violation when the idempotency key has an open attempt for another order */
export async function insertAttempt(client: PoolClient, attempt: NewAttempt): Promise<AttemptRow> {
  const { rows } = await client.query<AttemptRow>({
    name: 'insert-attempt',
    text: `
      insert into payment_attempts (id, order_id, currency, amount_minor, driver, lease_until, context, operation_id, operation_fingerprint,
                                    lines_version)
      values ($1, $2, $3, $4, $5, clock_timestamp() + $6 * interval '1 ms', $7, $8, $9, $10)
      returning ${columns}`,
    values: [
      attempt.id,
      attempt.orderId,
      attempt.currency,
      attempt.amountMinor,
      attempt.driver,
      attempt.leaseMs,
      attempt.context,
      attempt.operation?.id ?? null,
      attempt.operation?.fingerprint ?? null,
      attempt.linesVersion,
    ],
  })
  const [row] = rows
  if (row === undefined) throw new Error('an insert returned no row')
  return row
}

export async function findAttempt(pool: Pool, id: string): Promise<AttemptRow | undefined> {
  const { rows } = await pool.query<AttemptRow>({
    name: 'find-attempt',
    text: `select ${columns} from payment_attempts where id = $1`,
    values: [id],
  })
  return rows[0]
}

/** The open attempt of an order if there is one, else the one that was open last. */
export async function lastAttempt(pool: Pool, orderId: string): Promise<AttemptRow | undefined> {
  const { rows } = await pool.query<AttemptRow>({
    name: 'last-attempt',
    text: `select ${columns} from payment_attempts where order_id = $1 order by created_at desc limit 1`,
    values: [orderId],
  })
  return rows[0]
}

export interface Step {
  to: AttemptState
  failure?: Failure
  driver: string
  leaseMs: number
}

/**
 * Takes an attempt a step on. Locks: its row; when the step ends it, the caller holds the order's lock.
 * @returns undefined: it is another driver's by now
 */
export async function moveAttempt(db: Pool | PoolClient, attempt: AttemptRow, step: Step): Promise<AttemptRow | undefined> {
  const { rows } = await db.query<AttemptRow>({
    name: 'move-attempt',
    text: `
      update payment_attempts
      set state = $4, failure = coalesce($5, failure), tries = 0, updated_at = clock_timestamp(),
          lease_until = clock_timestamp() + $6 * interval '1 ms',
          ended_at = case when $7 then null else clock_timestamp() end
      where id = $1 and driver = $2 and state = $3
      returning ${columns}`,
    values: [attempt.id, step.driver, attempt.state, step.to, step.failure ?? null, step.leaseMs, isOpen(step.to)],
  })
  return rows[0]
}

/** Locks: the attempt's row for a moment. */
export async function renewLease(pool: Pool, id: string, driver: string, leaseMs: number): Promise<void> {
  await pool.query({
    name: 'renew-lease',
    text: `
      update payment_attempts set lease_until = clock_timestamp() + $3 * interval '1 ms'
      where id = $1 and driver = $2 and ended_at is null`,
    values: [id, driver, leaseMs],
  })
}

/**
 * Leaves an attempt to whoever looks after `pauseMs`, unless a callback came since it was taken: then it stays with its driver.
 * Locks: its row for a moment.
 * @returns true: the driver is to ask again at once
 */
export async function handOver(
  pool: Pool,
  id: string,
  driver: string,
  pause: { pauseMs: number; leaseMs: number },
): Promise<boolean> {
  const { rows } = await pool.query<{ kept: boolean }>({
    name: 'hand-over',
    text: `
      update payment_attempts
      set driver = case when called_back then driver end, tries = tries + 1, called_back = false,
          lease_until = clock_timestamp() + (case when called_back then $4 else $3 end)::float8 * interval '1 ms'
      where id = $1 and driver = $2 and ended_at is null
      returning driver is not null as kept`,
    values: [id, driver, pause.pauseMs, pause.leaseMs],
  })
  return rows[0]?.kept ?? false
}

/**
 * Takes over open attempts whose lease has lapsed.
 * Locks: the rows it takes, for a moment; skips those that others hold, so two workers never take the same one.
 */
export async function claimLapsed(pool: Pool, driver: string, leaseMs: number, limit: number): Promise<AttemptRow[]> {
  const { rows } = await pool.query<AttemptRow>({
    name: 'claim-lapsed-attempts',
    text: `
      update payment_attempts set driver = $1, called_back = false, lease_until = clock_timestamp() + $2 * interval '1 ms'
      where id in (
        select id from payment_attempts
        where ended_at is null and lease_until <= (select clock_timestamp())
        order by lease_until limit $3 for update skip locked)
      returning ${columns}`,
    values: [driver, leaseMs, limit],
  })
  return rows
}
