/**
 * Events over a real broker that dies, from services that die (truths 5, 9): shoppers notice nothing, and in the end every
 * change of every reservation and order has exactly one effect, in order, and nothing has one that did not happen.
 */
import { type KafkaBroker, startKafkaBroker } from '@holdfast/testing/kafka'
import type { ReceivedMessage } from '@holdfast/events'
import { createLog } from '@holdfast/service'
import { type OrderReply, type ReservationReply, waitFor } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'

import { untilAnswered, untilAuditedSoFar } from './books'
import { one, openShop, reserved, type Shop, type Shopper } from './shop'

jest.setTimeout(400_000)
const patience = { timeoutMs: 120_000 }
/** How long the broker is away, in ms. */
const outageMs = 20_000

let broker: KafkaBroker
let shop: Shop
beforeAll(async () => {
  broker = await startKafkaBroker()
  shop = await openShop({ env: { KAFKA_BROKERS: broker.brokers }, faults: true })
})
afterAll(async () => {
  await shop.close()
  await broker.stop()
})

test('the broker killed for a while under load, then each service once', async () => {
  const load = startLoad(await Promise.all(Array.from({ length: 6 }, async () => shop.shopper())), await shop.product(100_000))
  await load.goesOn()

  await broker.kill()
  const before = { ...load.done }
  await load.goesOn()
  const backlog = await outboxRows()
  expect(backlog).toBeGreaterThan(0)
  await sleep(outageMs)
  expect(await outboxRows()).toBeGreaterThan(backlog)
  expect(load.done.reservations).toBeGreaterThan(before.reservations)
  expect(load.done.checkouts).toBeGreaterThan(before.checkouts)
  expect(load.errors).toEqual([])
  await broker.start()

  for (const service of ['reservation', 'order', 'inventory', 'audit', 'gateway'] as const) {
    await load.goesOn()
    await shop.system.kill(service)
    await shop.system.restart(service)
  }
  await load.goesOn()
  await load.stop()
  await expectEachEffectOnce()
})

test('a relay that dies between publishing and deleting: its events are there twice, and have one effect', async () => {
  const shopper = await shop.shopper()
  const sku = await shop.product(10)
  shop.system.faults.arm('reservation', 'relay.published', 'crash')
  const { id } = await reserved(shopper, one(sku))
  await waitFor(() => shop.system.faults.hasStruck('reservation', 'relay.published'), { what: 'the relay to die', ...patience })
  await shop.system.restart('reservation')
  await expectEachEffectOnce()
  const published = (await readTopic('holdfast.reservation.v1')).filter(({ key }) => key === id)
  expect(published.map(({ headers }) => headers['ce_type'])).toEqual(Array(2).fill('holdfast.reservation.created.v1'))
  expect(new Set(published.map(({ headers }) => headers['ce_id'])).size).toBe(1)
})

interface Load {
  done: { reservations: number; checkouts: number }
  /** Answers of the server's side while all services were up. */
  errors: string[]
  /** Resolves when there is some more of everything. */
  goesOn(): Promise<void>
  stop(): Promise<void>
}

/** Each shopper reserves, then leaves, cancels or checks out, one after the other; what is not answered is asked again. */
function startLoad(shoppers: Shopper[], sku: string): Load {
  const done = { reservations: 0, checkouts: 0 }
  const errors: string[] = []
  const until = new AbortController()
  const shopping = shoppers.map(async (shopper) => {
    for (let round = 0; !until.signal.aborted; round++) {
      const idempotencyKey = randomUUID()
      const asked = async <Reply extends { status: number }>(call: () => Promise<Reply>) =>
        untilAnswered(async () => {
          const reply = await call()
          if (reply.status >= 500) errors.push(JSON.stringify(reply))
          return reply
        })
      const { body } = await asked(async () =>
        shopper.post<ReservationReply>('/v1/reservations', { lines: one(sku) }, { idempotencyKey }),
      )
      done.reservations++
      const { id } = body.reservation
      if (round % 3 === 1) await asked(async () => shopper.post(`/v1/reservations/${id}:cancel`))
      if (round % 3 === 2) {
        await asked(async () => shopper.post<OrderReply>('/v1/checkout', { reservationId: id }))
        done.checkouts++
      }
    }
  })
  return {
    done,
    errors,
    goesOn: async () => {
      const { reservations, checkouts } = { ...done }
      await waitFor(() => done.reservations >= reservations + 30 && done.checkouts >= checkouts + 10, {
        what: 'the load to go on',
        ...patience,
      })
    },
    stop: async () => {
      until.abort()
      await Promise.all(shopping)
    },
  }
}

interface Row {
  id: string
  status: string
  version: number
}

/** What the rows say that has happened, by id: each change counts one version. */
async function expectedActions(): Promise<Map<string, string[]>> {
  const endings: Record<string, string[]> = {
    ACTIVE: ['reservation.created'],
    COMMITTED: ['reservation.created', 'reservation.committed'],
    CANCELLED: ['reservation.created', 'reservation.cancelled'],
    EXPIRED: ['reservation.created', 'reservation.expired'],
    CONFIRMED: ['order.confirmed'],
  }
  const rows = [
    ...(await query<Row>('reservation', `select id, status, version::int from reservations where status <> 'ABANDONED'`)),
    ...(await query<Row>('order', 'select id, status, version::int from orders')),
  ]
  for (const row of rows) expect([row, endings[row.status]?.length]).toEqual([row, row.version])
  return new Map(rows.map((row) => [row.id, endings[row.status] ?? []]))
}

/** Compares the audit log and the topics with the rows of the services, id by id. */
async function expectEachEffectOnce(): Promise<void> {
  await waitFor(async () => (await outboxRows()) === 0, { what: 'all events to be published', ...patience })
  const expected = await expectedActions()
  const total = [...expected.values()].flat().length
  const records = async () =>
    query<{ id: string; action: string }>(
      'audit',
      `select object_id as id, action from audit_records where object_type in ('reservation', 'order') order by sequence`,
    )
  await waitFor(async () => (await records()).length >= total, { what: `${total} audit records`, ...patience })
  await untilAuditedSoFar(shop)
  const audited = Map.groupBy(await records(), ({ id }) => id)
  expect([...audited.keys()].sort()).toEqual([...expected.keys()].sort())
  for (const [id, actions] of expected) expect([id, audited.get(id)?.map(({ action }) => action)]).toEqual([id, actions])
  expect((await shop.admin.get('/v1/audit:verify')).body).toMatchObject({ valid: true })

  const messages = [...(await readTopic('holdfast.reservation.v1')), ...(await readTopic('holdfast.order.v1'))]
  expect(new Set(messages.map(({ key }) => key)).size).toBe(expected.size)
  for (const [id, of] of Map.groupBy(messages, ({ key }) => key)) {
    const versions = [...new Set(of.map(({ headers }) => Number(headers['ce_aggregateversion'])))]
    expect([id, versions]).toEqual([id, expected.get(id)?.map((_, index) => index + 1)])
  }
}

async function outboxRows(): Promise<number> {
  const counts = await Promise.all(
    (['inventory', 'reservation', 'order'] as const).map(async (service) =>
      query<{ count: number }>(service, 'select count(*)::int from outbox'),
    ),
  )
  return counts.flat().reduce((sum, { count }) => sum + count, 0)
}

/** All messages of a topic, as one who has nothing to do with the services reads them. */
async function readTopic(topic: string): Promise<ReceivedMessage[]> {
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

async function query<R extends object>(service: 'inventory' | 'reservation' | 'order' | 'audit', text: string): Promise<R[]> {
  const client = new Client({ connectionString: shop.system.databaseUrl(service) })
  await client.connect()
  try {
    return (await client.query<R>(text)).rows
  } finally {
    await client.end()
  }
}
