import type { EventContext } from '@holdfast/events'
import type { Pool, PoolClient } from 'pg'

export interface ReturnTask {
  order_id: string
  /** The hold whose units come back. */
  reservation_id: string
  reference: string
  attempt_id: string | null
  context: EventContext
  tries: number
}

/** Under the order's lock, in the transaction that cancels it. */
export async function insertTask(
  client: PoolClient,
  task: { orderId: string; reference: string; attemptId: string | null; context: EventContext },
): Promise<void> {
  await client.query({
    name: 'insert-return-task',
    text: 'insert into return_tasks (order_id, reference, attempt_id, context) values ($1, $2, $3, $4)',
    values: [task.orderId, task.reference, task.attemptId, task.context],
  })
}

/**
 * Due tasks, put off with a growing pause: done, they are not run again; failed or crashed, they are. The exponent is
 * bounded: past 1,023 tries the power itself would fail, and with it the claim of all tasks.
 * Locks: the rows it takes, for a moment; skips those that others hold.
 */
export async function claimTasks(pool: Pool, limit: number): Promise<ReturnTask[]> {
  const { rows } = await pool.query<ReturnTask>({
    name: 'claim-return-tasks',
    text: `
      update return_tasks t
      set tries = t.tries + 1, run_at = clock_timestamp() + least(power(2, least(t.tries, 6)), 60) * interval '1 s'
      from orders o
      where o.id = t.order_id and t.order_id in (
        select order_id from return_tasks
        where done_at is null and run_at <= (select clock_timestamp())
        order by run_at limit $1 for update skip locked)
      returning t.order_id, o.reservation_id, t.reference, t.attempt_id, t.context, t.tries`,
    values: [limit],
  })
  return rows
}

/** Under the order's lock. @returns false: it was done already */
export async function finishTask(client: PoolClient, orderId: string): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'finish-return-task',
    text: 'update return_tasks set done_at = clock_timestamp() where order_id = $1 and done_at is null',
    values: [orderId],
  })
  return rowCount === 1
}
