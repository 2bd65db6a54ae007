/** What became of each event of a shop, at each who consumes them; the services' own rows say what has happened. */
import { randomUUID } from 'node:crypto'

import { GetActivityResponse } from '@holdfast/contracts/audit'
import type { ReceivedMessage } from '@holdfast/events'
import { createLog } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'
import { Client } from 'pg'

import { untilAuditedSoFar } from './books'
import type { Receiver } from './receiver'
import type { Shop } from './shop'

const patience = { timeoutMs: 120_000 }

interface Row {
  id: string
  status: string
  version: number
}

/** What leads to each status, a version each. */
const histories: Record<string, string[]> = {
  ACTIVE: ['reservation.created'],
  COMMITTED: ['reservation.created', 'reservation.committed'],
  CANCELLED: ['reservation.created', 'reservation.cancelled'],
  EXPIRED: ['reservation.created', 'reservation.expired'],
  CONFIRMED: ['order.confirmed'],
}

/**
 * Each change of each reservation and order has one effect, in order, and nothing has one that did not happen: on the topics,
 * in the audit log, in the activity figures, and at the receiver, which has to get all their events.
 */
export async function expectEachEffectOnce(shop: Shop, receiver: Receiver): Promise<void> {
  await waitFor(async () => (await outboxRows(shop)) === 0, { what: 'all events to be published', ...patience })
  const rows = [
    ...(await query<Row>(shop, 'reservation', `select id, status, version::int from reservations where status <> 'ABANDONED'`)),
    ...(await query<Row>(shop, 'order', 'select id, status, version::int from orders')),
  ]
  for (const row of rows) expect([row, histories[row.status]?.length]).toEqual([row, row.version])
  const expected = new Map(rows.map((row) => [row.id, histories[row.status] ?? []]))
  const messages = [...(await readTopic(shop, 'holdfast.reservation.v1')), ...(await readTopic(shop, 'holdfast.order.v1'))]
  const published = messages.map(({ headers }) => ({
    id: headers['ce_id'] ?? '',
    type: headers['ce_type'] ?? '',
    subject: headers['ce_subject'] ?? '',
  }))
  expectHistories(published, expected)
  await expectAudited(shop, expected)
  await expectCounted(shop, rows)
  await expectDelivered(receiver, published, expected)
}

interface Told {
  id: string
  type: string
  subject: string
}

/** A repeat is known by its id. */
function expectHistories(told: readonly Told[], expected: Map<string, string[]>): void {
  const once = [...new Map(told.map((event) => [event.id, event])).values()]
  const bySubject = Map.groupBy(once, ({ subject }) => subject)
  expect([...bySubject.keys()].sort()).toEqual([...expected.keys()].sort())
  for (const [id, actions] of expected) {
    expect([id, bySubject.get(id)?.map(({ type }) => type)]).toEqual([id, actions.map((action) => `holdfast.${action}.v1`)])
  }
}

async function expectAudited(shop: Shop, expected: Map<string, string[]>): Promise<void> {
  const total = [...expected.values()].flat().length
  const records = async () =>
    query<{ id: string; action: string }>(
      shop,
      'audit',
      `select object_id as id, action from audit_records where object_type in ('reservation', 'order') order by sequence`,
    )
  await waitFor(async () => (await records()).length >= total, { what: `${total} audit records`, ...patience })
  await untilAuditedSoFar(shop)
  const audited = Map.groupBy(await records(), ({ id }) => id)
  expect([...audited.keys()].sort()).toEqual([...expected.keys()].sort())
  for (const [id, actions] of expected) expect([id, audited.get(id)?.map(({ action }) => action)]).toEqual([id, actions])
  expect((await shop.admin.get('/v1/audit:verify')).body).toMatchObject({ valid: true })
}

/** The activity figures are the rows, counted. */
async function expectCounted(shop: Shop, rows: readonly Row[]): Promise<void> {
  const read = async () => {
    const span = `from=${new Date(Date.now() - 3_600_000).toISOString()}&to=${new Date(Date.now() + 600_000).toISOString()}`
    return GetActivityResponse.fromJSON((await shop.admin.get(`/v1/activity?bucket=DAY&${span}`)).body)
  }
  const { totals } = await waitFor(
    async () => {
      const answer = await read()
      const { projection } = answer
      return projection !== undefined && projection.sequence >= projection.headSequence && answer
    },
    { what: 'the activity figures to catch up', ...patience },
  )
  const count = (...statuses: string[]) => BigInt(rows.filter(({ status }) => statuses.includes(status)).length)
  const paid = await query<{ sum: string }>(
    shop,
    'order',
    `select coalesce(sum(amount_minor), 0)::text as sum from simulated_payments where state = 'captured'`,
  )
  expect(totals).toMatchObject({
    reservationsCreated: count('ACTIVE', 'COMMITTED', 'CANCELLED', 'EXPIRED'),
    reservationsActive: count('ACTIVE'),
    reservationsCommitted: count('COMMITTED'),
    reservationsCancelled: count('CANCELLED'),
    reservationsExpired: count('EXPIRED'),
    ordersConfirmed: count('CONFIRMED'),
    revenue: [{ currency: 'USD', amountMinor: BigInt(paid[0]?.sum ?? 0) }],
  })
}

/** Under the ids that the events have on their topics; what is known by its id was delivered in order. */
async function expectDelivered(receiver: Receiver, published: readonly Told[], expected: Map<string, string[]>): Promise<void> {
  const ids = new Set(published.map(({ id }) => id))
  const got = () => new Set(receiver.deliveries.map(({ id }) => id))
  await waitFor(() => got().size >= ids.size, { what: `${ids.size} webhooks`, ...patience })
  expect([...got()].sort()).toEqual([...ids].sort())
  expectHistories(receiver.deliveries, expected)
}

/** Events of the three services that sell which wait to be published. */
export async function outboxRows(shop: Shop): Promise<number> {
  const counts = await Promise.all(
    (['inventory', 'reservation', 'order'] as const).map(async (service) =>
      query<{ count: number }>(shop, service, 'select count(*)::int from outbox'),
    ),
  )
  return counts.flat().reduce((sum, { count }) => sum + count, 0)
}

/** All messages of a topic, as one who has nothing to do with the services reads them. */
export async function readTopic(shop: Shop, topic: string): Promise<ReceivedMessage[]> {
  const transport = await shop.openEvents()
  const messages: ReceivedMessage[] = []
  const group = randomUUID()
  await transport.subscribe({
    group,
    topics: [topic],
    log: createLog('reader', 'silent'),
    onBatch: async (batch) => {
      messages.push(...batch.messages)
      return Promise.resolve()
    },
  })
  await waitFor(async () => (await transport.lag(group, [topic])).get(topic) === 0, { what: `all of ${topic}`, ...patience })
  await transport.close()
  return messages
}

async function query<R extends object>(
  shop: Shop,
  service: 'inventory' | 'reservation' | 'order' | 'audit',
  text: string,
): Promise<R[]> {
  const client = new Client({ connectionString: shop.system.databaseUrl(service) })
  await client.connect()
  try {
    return (await client.query<R>(text)).rows
  } finally {
    await client.end()
  }
}
