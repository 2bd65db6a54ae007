/** When nothing happens by itself any more: what was half done is finished or undone, and everybody has heard of it. */
import { eventDescriptors } from '@holdfast/contracts'
import { openTransport, type Transport } from '@holdfast/events'
import { createLog } from '@holdfast/service'
import { type Api, type ConsistencyReply, waitFor } from '@holdfast/testing'

import { rowsOf } from './checks/queries'
import type { Cluster } from './cluster/cluster'

/** Reservations of the longest life, payments given up and taken over, consumers that start again; ms. */
const patience = { timeoutMs: 180_000 }

/** @param brokers of Kafka, where events go there @throws Error that says what does not come to rest */
export async function untilAtRest(cluster: Cluster, admin: Api, brokers: string | undefined): Promise<void> {
  await waitFor(async () => (await active(cluster)) === 0, { what: 'every reservation to end', ...patience })
  await waitFor(async () => (await unsettled(cluster)) === 0, { what: 'every order and payment to be settled', ...patience })
  const underWay = async () => {
    const { status, body } = await admin.get<ConsistencyReply>('/v1/consistency')
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
    return body.checked['underWay']
  }
  await waitFor(async () => (await underWay()) === '0', { what: 'everything that was under way to be over', ...patience })
  await waitFor(async () => (await unpublished(cluster)) === 0, { what: 'every event to be published', ...patience })
  const events = await openTransport(
    { KAFKA_BROKERS: brokers?.split(','), EVENTS_DATABASE_URL: cluster.databaseUrl('events'), KAFKA_SSL: false },
    { service: 'survival', log: createLog('survival', 'silent') },
  )
  try {
    for (const consumer of ['audit', 'order']) {
      await waitFor(async () => (await unread(events, consumer)) === 0, { what: `${consumer} to read every event`, ...patience })
    }
  } finally {
    await events.close()
  }
}

async function active(cluster: Cluster): Promise<number> {
  const held = await rowsOf<{ count: number }>(
    cluster,
    'inventory',
    `select count(*)::int as count from holds where state = 'HELD'`,
  )
  const open = await rowsOf<{ count: number }>(
    cluster,
    'reservation',
    `select count(*)::int as count from reservations where status = 'ACTIVE'`,
  )
  return [...held, ...open].reduce((sum, { count }) => sum + count, 0)
}

async function unsettled(cluster: Cluster): Promise<number> {
  const [row] = await rowsOf<{ count: number }>(
    cluster,
    'order',
    `select (select count(*) from orders where status = 'PENDING')::int
          + (select count(*) from payment_attempts where ended_at is null)::int
          + (select count(*) from return_tasks where done_at is null)::int
          + (select count(*) from late_payments where done_at is null)::int as count`,
  )
  return row?.count ?? 0
}

async function unpublished(cluster: Cluster): Promise<number> {
  const counts = await Promise.all(
    (['gateway', 'inventory', 'reservation', 'order'] as const).map(async (service) =>
      rowsOf<{ count: number }>(cluster, service, 'select count(*)::int as count from outbox'),
    ),
  )
  return counts.flat().reduce((sum, { count }) => sum + count, 0)
}

async function unread(events: Transport, consumer: string): Promise<number> {
  const audited = eventDescriptors().flatMap(({ audit, topic }) => (audit ? [topic] : []))
  const topics = consumer === 'audit' ? [...new Set(audited)] : ['holdfast.reservation.v1']
  return [...(await events.lag(consumer, topics)).values()].reduce((sum, count) => sum + count, 0)
}
