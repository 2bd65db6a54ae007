import type { Pool } from 'pg'

import type { Status } from '../order-status'

/** What a comparison of the books needs of an order. */
export interface StateRow {
  id: string
  reservation_id: string
  status: Status
  version: number
  unreserved: boolean
  paying: boolean
  return_reference: string | null
  returned: boolean
}

const columns = `
  o.id, o.reservation_id, o.status, o.version, o.total_minor is null as unreserved,
  exists (select from payment_attempts a where a.order_id = o.id and a.ended_at is null) as paying,
  t.reference as return_reference, t.done_at is not null as returned`

const from = 'from orders o left join return_tasks t on t.order_id = o.id'

/** A page by reservation. Locks nothing. @param after the last reservation of the page before; undefined: from the first */
export async function pageOfStates(pool: Pool, after: string | undefined, limit: number): Promise<StateRow[]> {
  const { rows } = await pool.query<StateRow>(
    after === undefined
      ? `select ${columns} ${from} order by o.reservation_id limit $1`
      : `select ${columns} ${from} where o.reservation_id > $2 order by o.reservation_id limit $1`,
    after === undefined ? [limit] : [limit, after],
  )
  return rows
}

/** Those of the reservations that have one, by reservation. Locks nothing. */
export async function findStates(pool: Pool, reservationIds: string[]): Promise<StateRow[]> {
  const { rows } = await pool.query<StateRow>(
    `select ${columns} ${from} where o.reservation_id = any($1::uuid[]) order by o.reservation_id`,
    [reservationIds],
  )
  return rows
}
