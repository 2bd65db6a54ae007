/** Statements about attempts that ended without money, and that the provider has told something of since. */
import type { EventContext } from '@holdfast/events'
import type { Pool, PoolClient } from 'pg'

export interface LatePayment {
  attempt_id: string
  order_id: string
  context: EventContext
  tries: number
}

/** Under the attempt's lock; also one that was looked at before is looked at again. Locks: the task's row. */
export async function insertLatePayment(client: PoolClient, attemptId: string, context: EventContext): Promise<void> {
  await client.query({
    name: 'insert-late-payment',
    text: `
      insert into late_payments as l (attempt_id, context) values ($1, $2)
      on conflict (attempt_id) do update set run_at = clock_timestamp(), tries = l.tries + 1, done_at = null`,
    values: [attemptId, context],
  })
}

/**
 * Those that are due, put off so that replicas share them and a crash loses none: by 5 s at first, a minute at most.
 * Locks: the rows it takes, for a moment; skips those that others hold.
 */
export async function claimLatePayments(pool: Pool, limit: number): Promise<LatePayment[]> {
  const { rows } = await pool.query<LatePayment>({
    name: 'claim-late-payments',
    text: `
      update late_payments l
      set tries = l.tries + 1, run_at = clock_timestamp() + least(5 * power(2, least(l.tries, 6)), 60) * interval '1 s'
      where l.attempt_id in (
        select attempt_id from late_payments
        where done_at is null and run_at <= (select clock_timestamp())
        order by run_at limit $1 for update skip locked)
      returning l.attempt_id, (select a.order_id from payment_attempts a where a.id = l.attempt_id) as order_id, l.context, l.tries`,
    values: [limit],
  })
  return rows
}

/**
 * Under the order's lock. Locks: the task's row. A callback that came since this try began has it looked at once more.
 * @returns false: that is so, or it was done before
 */
export async function finishLatePayment(client: PoolClient, { attempt_id, tries }: LatePayment): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'finish-late-payment',
    text: 'update late_payments set done_at = clock_timestamp() where attempt_id = $1 and done_at is null and tries = $2',
    values: [attempt_id, tries],
  })
  return rowCount === 1
}

/** Under the order's lock: the money of an ended attempt is back. Locks: its row. @returns false: it was known */
export async function noteRefund(client: PoolClient, attemptId: string): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'note-refund',
    text: `
      update payment_attempts set state = 'REFUNDED', updated_at = clock_timestamp()
      where id = $1 and ended_at is not null and state not in ('SUCCEEDED', 'REFUNDED')`,
    values: [attemptId],
  })
  return rowCount === 1
}
