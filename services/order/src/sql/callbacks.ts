/** Statements about what providers call back. Locks are taken in the order of sql/orders.ts: an attempt's row, then what belongs to it. */
import type { Pool, PoolClient } from 'pg'

import type { AttemptState } from '../payment-attempt'
import type { Callback } from '../payment/provider'

export interface CalledBack {
  id: string
  order_id: string
  state: AttemptState
  ended_at: Date | null
  /** Of the reports about it, this one included. */
  callbacks: number
}

/** Remembers a callback. Locks: the new row; waits for another transaction that is adding the same. @returns false: it was there */
export async function insertCallback(client: PoolClient, provider: string, callback: Callback): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'insert-payment-callback',
    text: `
      insert into payment_callbacks (provider, id, attempt_id, state) values ($1, $2, $3, $4) on conflict do nothing`,
    values: [provider, callback.id, callback.paymentId, callback.state],
  })
  return rowCount === 1
}

/** The payment that a known callback was about. */
export async function paymentOfCallback(client: PoolClient, provider: string, id: string): Promise<string | undefined> {
  const { rows } = await client.query<{ attempt_id: string }>({
    name: 'payment-of-callback',
    text: 'select attempt_id from payment_callbacks where provider = $1 and id = $2',
    values: [provider, id],
  })
  return rows[0]?.attempt_id
}

/**
 * Marks an attempt as called back about: one that nobody drives is due at once, and whoever drives one asks again before laying it down.
 * Locks: its row. @returns undefined: there is no such attempt
 */
export async function markCalledBack(client: PoolClient, attemptId: string): Promise<CalledBack | undefined> {
  const { rows } = await client.query<CalledBack>({
    name: 'mark-called-back',
    text: `
      update payment_attempts
      set called_back = ended_at is null, callbacks = callbacks + 1,
          lease_until = case when driver is null and ended_at is null then clock_timestamp() else lease_until end
      where id = $1
      returning id, order_id, state, ended_at, callbacks`,
    values: [attemptId],
  })
  return rows[0]
}

/**
 * Forgets callbacks that came `afterHours` ago.
 * Locks: the rows it takes, and waits for none (SKIP LOCKED), so that replicas share the work. @returns how many
 */
export async function forgetCallbacks(pool: Pool, afterHours: number, limit: number): Promise<number> {
  const { rowCount } = await pool.query({
    name: 'forget-payment-callbacks',
    text: `
      delete from payment_callbacks where (provider, id) in (
        select provider, id from payment_callbacks
        where received_at < (select clock_timestamp() - $1 * interval '1 hour')
        order by received_at limit $2 for update skip locked)`,
    values: [afterHours, limit],
  })
  return rowCount ?? 0
}
