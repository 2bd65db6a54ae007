/** Whether what shoppers were told is so, once they have stopped. */
import type { DatabaseName } from '@holdfast/launcher'
import { Client } from 'pg'

import type { Api } from '../api'
import type { AvailabilityReply, OrderReply, ReservationReply } from '../replies'
import { waitFor } from '../wait-for'
import { untilAnswered } from './answered'
import type { Told } from './told'

/** Workers that take over from dead ones, events that are read again: all of it has its time, in ms. */
const patienceMs = 180_000
const readersAtOnce = 4

/** Where its databases are, wherever it runs. */
export interface Databases {
  databaseUrl(name: DatabaseName): string
}

/** @returns what is not as it was told, a sentence each. What was left alone may have lapsed, when its time was over. */
export async function notAsTold(admin: Api, { reservations, orders, problems }: Told): Promise<string[]> {
  const wrong = [...problems]
  await forEach([...reservations], async ([id, told]) => {
    const { status, body } = await untilAnswered(async () => admin.get<Partial<ReservationReply>>(`/v1/reservations/${id}`))
    const found = body.reservation
    const mayLapse = told.status === 'ACTIVE' && found !== undefined && Date.parse(found.expiresAt) <= Date.now()
    if (found?.status === told.status || (mayLapse && found.status === 'EXPIRED')) return
    wrong.push(`reservation ${id} was told ${told.status}, and is ${status} ${JSON.stringify(body)}`)
  })
  await forEach([...orders], async ([id, reservationId]) => {
    const { status, body } = await untilAnswered(async () => admin.get<Partial<OrderReply>>(`/v1/orders/${id}`))
    if (body.order?.status === 'CONFIRMED' && body.order.reservationId === reservationId) return
    wrong.push(`order ${id} was told CONFIRMED, and is ${status} ${JSON.stringify(body)}`)
  })
  return wrong
}

async function forEach<Item>(items: Item[], look: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values()
  const read = async (): Promise<void> => {
    for (const item of left) await look(item)
  }
  await Promise.all(Array.from({ length: readersAtOnce }, read))
}

export interface Sale {
  sku: string
  /** Units at the beginning. */
  stock: number
}

/** How many units left the shelf, how many orders are paid, and how many payments the provider took: one and the same number. */
export interface Sold {
  sold: number
  paid: number
  taken: number
}

/**
 * Of orders of one unit each of these SKUs, when no payment of them is under way any more.
 * @returns with them what is wrong of a SKU by itself, a sentence each: more units held or sold than there were
 */
export async function countSold(
  system: Databases,
  admin: Api,
  sales: readonly Sale[],
  { reservations }: Told,
): Promise<Sold & { oversold: string[] }> {
  const payments = async () =>
    queryOne<{ paid: number; taken: number; open: number }>(
      system,
      'order',
      `with ours as (select id, status from orders where lines -> 0 ->> 'sku' = any ($1)),
            attempts as (select id, ended_at from payment_attempts where order_id in (select id from ours))
       select (select count(*)::integer from ours where status = 'CONFIRMED') as paid,
              (select count(*)::integer from attempts join simulated_payments using (id) where state = 'captured') as taken,
              (select count(*)::integer from attempts where ended_at is null) as open`,
      [sales.map(({ sku }) => sku)],
    )
  await waitFor(async () => (await payments()).open === 0, { what: 'payments under way to be over', timeoutMs: patienceMs })
  const query = sales.map(({ sku }) => `skus=${sku}`).join('&')
  const { body } = await untilAnswered(async () => admin.get<AvailabilityReply>(`/v1/availability?${query}`))
  const oversold: string[] = []
  let sold = 0
  for (const { sku, stock } of sales) {
    const level = body.availability.find((one) => one.sku === sku)
    if (level === undefined) throw new Error(`no availability of ${sku}`)
    sold += stock - level.onHand
    const promised = [...reservations.values()].filter((one) => one.sku === sku && one.status !== 'CANCELLED').length
    if (promised > stock || level.available < 0)
      oversold.push(`${promised} units of the ${stock} of ${sku} are promised, and ${level.available} available`)
  }
  const { paid, taken } = await payments()
  return { sold, paid, taken, oversold }
}

/** Resolves when each of these reservations is in the audit log. @returns how many records of these and of others are too many */
export async function untilAudited(system: Databases, reservations: readonly string[]): Promise<number> {
  const count = async () =>
    queryOne<{ audited: number; again: number }>(
      system,
      'audit',
      `select count(distinct object_id) filter (where object_id = any ($1))::integer as audited,
              (count(*) - count(distinct object_id))::integer as again
       from audit_records where action = 'reservation.created'`,
      [reservations],
    )
  const isAll = async () => (await count()).audited === reservations.length
  await waitFor(isAll, { what: 'all reservations to be audited', timeoutMs: patienceMs })
  return (await count()).again
}

/** The one row that a query has, past the services. @throws Error where it has none */
export async function queryOne<Row extends object>(
  system: Databases,
  database: DatabaseName,
  text: string,
  values: unknown[] = [],
): Promise<Row> {
  const client = new Client({
    connectionString: system.databaseUrl(database),
    connectionTimeoutMillis: 5_000,
    query_timeout: 30_000,
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const [row] = (await client.query<Row>(text, values)).rows
    if (row === undefined) throw new Error(`no row: ${text}`)
    return row
  } finally {
    await client.end()
  }
}
