/** What has to be true of all that shoppers were told, whatever broke meanwhile. */
import type { DatabaseName } from '@holdfast/launcher'
import { type AvailabilityReply, type ConsistencyReply, type OrderReply, type ReservationReply, waitFor } from '@holdfast/testing'
import { Client } from 'pg'

import type { Facts } from './facts'
import type { Shop, Shopping } from './shoppers'

/** Workers that take over from dead ones, orphans that are given back: all of it has its time, in ms. */
const patience = { timeoutMs: 180_000 }
const readersAtOnce = 4

/** Whose promises are looked after: what there was to have, and what they were told. */
export type Promised = Pick<Shopping, 'admin' | 'skus' | 'told'>

/** Looks at everything once the shoppers have stopped, and notes what was found. */
export async function checkKept(shop: Shop, shopping: Promised, facts: Facts): Promise<void> {
  const { reservations, orders, problems } = shopping.told
  facts.expect('refusals of what was acknowledged before', 0, problems.length)
  for (const one of problems) facts.note('refused', one)
  facts.expect('acknowledged reservations that are not as they were told', 0, await countOtherReservations(shopping))
  facts.expect('acknowledged orders that are not CONFIRMED', 0, await countOtherOrders(shopping))
  facts.note('acknowledged', `${reservations.size} reservations, ${orders.size} of them paid`)

  const rests = ({ checked, differences }: ConsistencyReply) => checked['underWay'] === '0' && differences.length === 0
  // A hold whose reservation was not written any more differs until it is released. What does not go by itself is told below.
  await waitFor(async () => rests(await readBooks(shopping)), { what: 'the books to rest', ...patience }).catch(() => undefined)
  const books = await readBooks(shopping)
  facts.expect('differences in the books', 0, books.differences.length)
  for (const one of books.differences) facts.note(one.kind, JSON.stringify(one))
  facts.expect('rows that are under way for good', 0, Number(books.checked['underWay']))
  await checkSoldOnce(shop, shopping, facts)
  await checkAudited(shop, shopping, facts)
}

export async function readBooks({ admin }: Pick<Promised, 'admin'>): Promise<ConsistencyReply> {
  const { status, body } = await admin.get<ConsistencyReply>('/v1/consistency')
  if (status !== 200) throw new Error(`no check of the books: ${status} ${JSON.stringify(body)}`)
  return body
}

async function countOtherReservations({ admin, told }: Promised): Promise<number> {
  return countWhere([...told.reservations], async ([id, { status }]) => {
    const reply = await answered(async () => admin.get<ReservationReply>(`/v1/reservations/${id}`))
    return reply.status !== 200 || reply.body.reservation.status !== status
  })
}

async function countOtherOrders({ admin, told }: Promised): Promise<number> {
  return countWhere([...told.orders.keys()], async (id) => {
    const reply = await answered(async () => admin.get<OrderReply>(`/v1/orders/${id}`))
    return reply.status !== 200 || reply.body.order.status !== 'CONFIRMED'
  })
}

/** That somebody is away for a moment says nothing about what is kept. */
async function answered<Reply extends { status: number }>(call: () => Promise<Reply>): Promise<Reply> {
  return waitFor(
    async () => {
      const reply = await call()
      return reply.status < 500 && reply
    },
    { what: 'a clear answer', ...patience },
  )
}

async function countWhere<T>(all: readonly T[], is: (one: T) => Promise<boolean>): Promise<number> {
  const left = all.values()
  let count = 0
  const read = async (): Promise<void> => {
    for (const one of left) if (await is(one)) count++
  }
  await Promise.all(Array.from({ length: readersAtOnce }, read))
  return count
}

/** No more units are gone or held than there were; what was paid for, what the provider took and what left the shelf are the same. */
async function checkSoldOnce(shop: Shop, { admin, skus, told }: Promised, facts: Facts): Promise<void> {
  const payments = async () =>
    queryOne<{ paid: number; taken: number; open: number }>(
      shop,
      'order',
      `with ours as (select id, status from orders where lines -> 0 ->> 'sku' = any ($1)),
            attempts as (select id, ended_at from payment_attempts where order_id in (select id from ours))
       select (select count(*)::integer from ours where status = 'CONFIRMED') as paid,
              (select count(*)::integer from attempts join simulated_payments using (id) where state = 'captured') as taken,
              (select count(*)::integer from attempts where ended_at is null) as open`,
      [skus.map(({ sku }) => sku)],
    )
  await waitFor(async () => (await payments()).open === 0, { what: 'payments under way to be over', ...patience })
  const query = skus.map(({ sku }) => `skus=${sku}`).join('&')
  const { body } = await answered(async () => admin.get<AvailabilityReply>(`/v1/availability?${query}`))
  let sold = 0
  for (const { sku, stock } of skus) {
    const level = body.availability.find((one) => one.sku === sku)
    if (level === undefined) throw new Error(`no availability of ${sku}`)
    sold += stock - level.onHand
    const kept = [...told.reservations.values()].filter((one) => one.sku === sku && one.status !== 'CANCELLED').length
    facts.expect(`more units than the ${stock} there were, held or sold`, 0, Math.max(0, kept - stock, -level.available))
  }
  const { paid, taken } = await payments()
  facts.expect('units that left the shelf, and were not paid for once', 0, Math.abs(sold - paid) + Math.abs(sold - taken))
}

/** Each acknowledged reservation was told once to the audit log, which is whole. */
export async function checkAudited(shop: Shop, { admin, told }: Promised, facts: Facts): Promise<void> {
  const ids = [...told.reservations.keys()]
  const count = async () =>
    queryOne<{ records: number; objects: number }>(
      shop,
      'audit',
      `select count(*)::integer as records, count(distinct object_id)::integer as objects from audit_records
       where action = 'reservation.created' and object_id = any ($1)`,
      [ids],
    )
  await waitFor(async () => (await count()).objects >= ids.length, { what: 'all reservations to be audited', ...patience })
  facts.expect('audit records too many of acknowledged reservations', 0, (await count()).records - ids.length)
  const { body } = await admin.get<{ valid: boolean }>('/v1/audit:verify')
  facts.expect('whole audit logs', 1, body.valid ? 1 : 0)
}

export async function queryOne<Row extends object>(
  shop: Shop,
  database: DatabaseName,
  text: string,
  values: unknown[] = [],
): Promise<Row> {
  const client = new Client({
    connectionString: shop.databaseUrl(database),
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
