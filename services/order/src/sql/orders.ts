/**
 * Statements about one order. Locks are taken in this order: the order's row, then its attempt, then its task; a
 * transaction locks one order, or several in the order of their ids.
 */
import type { EventContext } from '@holdfast/events'
import type { Pool, PoolClient } from 'pg'

import type { Goods, OrderRow, StoredLine } from '../order'

export const orderColumns = `
  o.id, o.reservation_id, o.user_id, o.status, o.payment_status, o.lines, o.currency, o.total_minor, o.lines_version, o.fills, o.version, o.cancel_reason,
  o.fingerprint, o.context, o.cancel_context, o.created_at, o.updated_at,
  exists (select from payment_attempts a where a.order_id = o.id and a.ended_at is null) as paying`

export async function findOrder(db: Pool | PoolClient, id: string): Promise<OrderRow | undefined> {
  const { rows } = await db.query<OrderRow>({
    name: 'find-order',
    text: `select ${orderColumns} from orders o where o.id = $1`,
    values: [id],
  })
  return rows[0]
}

export async function findOrderOfReservation(db: Pool | PoolClient, reservationId: string): Promise<OrderRow | undefined> {
  const { rows } = await db.query<OrderRow>({
    name: 'find-order-of-reservation',
    text: `select ${orderColumns} from orders o where o.reservation_id = $1`,
    values: [reservationId],
  })
  return rows[0]
}

/**
 * Locks one order's row, then reads it by a second statement: whether it has an open attempt is asked of another table, and
 * the statement that waited for the lock would answer that as of before the wait.
 */
export async function lockOrder(client: PoolClient, id: string): Promise<OrderRow | undefined> {
  await client.query({ name: 'lock-order', text: 'select from orders where id = $1 for update', values: [id] })
  return findOrder(client, id)
}

/** As {@link lockOrder}, for all orders of these reservations, by id. */
export async function lockOrdersOfReservations(client: PoolClient, reservationIds: string[]): Promise<OrderRow[]> {
  const { rows } = await client.query<{ id: string }>({
    name: 'lock-orders-of-reservations',
    text: 'select id from orders where reservation_id = any($1::uuid[]) order by id for update',
    values: [reservationIds],
  })
  const { rows: orders } = await client.query<OrderRow>({
    name: 'read-orders',
    text: `select ${orderColumns} from orders o where o.id = any($1::uuid[]) order by o.id`,
    values: [rows.map((row) => row.id)],
  })
  return orders
}

export interface NewOrder {
  id: string
  reservationId: string
  userId: string
  fingerprint: string | null
  context: EventContext
  /** In ms from now. */
  lookAfterMs: number
}

/**
 * Adds an order that nobody sees yet, unless its id or its reservation has one.
 * Locks: the new row; waits for another transaction that is adding the same.
 */
export async function insertOrder(client: PoolClient, order: NewOrder): Promise<void> {
  await client.query({
    name: 'insert-order',
    text: `
      insert into orders (id, reservation_id, user_id, fingerprint, context, look_at)
      values ($1, $2, $3, $4, $5, clock_timestamp() + $6 * interval '1 ms')
      on conflict do nothing`,
    values: [order.id, order.reservationId, order.userId, order.fingerprint, order.context, order.lookAfterMs],
  })
}

/** Under the order's lock: what the reservation says it consists of. */
export async function fillOrder(client: PoolClient, id: string, goods: Goods): Promise<void> {
  await client.query({
    name: 'fill-order',
    text: 'update orders set lines = $2, currency = $3, total_minor = $4, look_at = $5, lines_version = $6, fills = $7 where id = $1',
    values: [id, JSON.stringify(goods.lines), goods.currency, goods.totalMinor, goods.lookAt, goods.linesVersion, goods.fills],
  })
}

/** Under the order's lock: the same lines, of a later fill. */
export async function setLines(client: PoolClient, id: string, lines: StoredLine[], fills: number): Promise<void> {
  await client.query({
    name: 'set-lines',
    text: 'update orders set lines = $2, fills = $3 where id = $1',
    values: [id, JSON.stringify(lines), fills],
  })
}

/**
 * Takes back an order that waits for its reservation. Another call with the same key may be placing it still: that one adds
 * it again when its reservation is made. Locks: the row for a moment.
 */
export async function removeUnreserved(pool: Pool, id: string): Promise<void> {
  await pool.query({
    name: 'remove-unreserved',
    text: 'delete from orders where id = $1 and total_minor is null',
    values: [id],
  })
}

/** Who wants it cancelled, while it is PENDING. The first to ask stays, unless their call came to nothing. */
export async function noteCancelRequest(db: Pool, id: string, context: EventContext): Promise<void> {
  await db.query(`update orders set cancel_context = $2 where id = $1 and status = 'PENDING'`, [id, context])
}

export interface OrderChange {
  status: OrderRow['status']
  paymentStatus: OrderRow['payment_status']
  cancelReason?: OrderRow['cancel_reason']
}

/** Under the order's lock: the next version. It is to be told in an event of the same transaction. */
export async function updateOrder(client: PoolClient, id: string, change: OrderChange): Promise<void> {
  await client.query({
    name: 'update-order',
    text: `
      update orders set status = $2, payment_status = $3, cancel_reason = $4, version = version + 1, updated_at = clock_timestamp()
      where id = $1`,
    values: [id, change.status, change.paymentStatus, change.cancelReason ?? ''],
  })
}

/** When the lapse worker looks at a PENDING order. @param afterMs from now */
export async function lookAgain(db: Pool | PoolClient, id: string, afterMs: number): Promise<void> {
  await db.query({
    name: 'look-again',
    text: `update orders set look_at = clock_timestamp() + $2 * interval '1 ms' where id = $1`,
    values: [id, afterMs],
  })
}

/**
 * PENDING orders that are due to be looked at, put off by `againMs` so that replicas share them and a crash loses none.
 * Locks: the rows it takes, for a moment; skips those that others hold.
 */
export async function claimPending(pool: Pool, limit: number, againMs: number): Promise<OrderRow[]> {
  const { rows } = await pool.query<OrderRow>({
    name: 'claim-pending',
    text: `
      update orders o set look_at = clock_timestamp() + $2 * interval '1 ms'
      where o.id in (
        select d.id from orders d
        where d.status = 'PENDING' and d.look_at <= (select clock_timestamp())
          and not exists (select from payment_attempts a where a.order_id = d.id and a.ended_at is null)
        order by d.look_at limit $1 for update skip locked)
      returning ${orderColumns}`,
    values: [limit, againMs],
  })
  return rows
}
