/** When nothing happens by itself any more: what was half done is finished or undone, and everybody has heard of it. */
import { eventDescriptors } from '@holdfast/contracts'
import { openTransport, type Transport } from '@holdfast/events'
import { createLog } from '@holdfast/service'
import { type Api, type ConsistencyReply, waitFor } from '@holdfast/testing'

import { rowsOf } from './checks/queries'
import type { Cluster } from './cluster/cluster'
import { assortment } from './workload/story'

/** Reservations of the longest life, payments given up and taken over, consumers that start again; ms. */
const patience = { timeoutMs: 180_000 }

/** @param brokers of Kafka, where events go there @throws Error that says what does not come to rest */
export async function untilAtRest(cluster: Cluster, admin: Api, brokers: string | undefined): Promise<void> {
  const events = await openTransport(
    { KAFKA_BROKERS: brokers?.split(','), EVENTS_DATABASE_URL: cluster.databaseUrl('events'), KAFKA_SSL: false },
    { service: 'survival', log: createLog('survival', 'silent') },
  )
  try {
    await waitFor(async () => isAtRest(cluster, admin, events), { what: 'everything to come to rest', ...patience })
  } finally {
    await events.close()
  }
}

/** Nobody is served any more, nothing is half done, and everything is told: in this order, so that nothing new can come of it. */
async function isAtRest(cluster: Cluster, admin: Api, events: Transport): Promise<boolean> {
  const left = async () => ({
    servable: await servable(cluster, admin),
    active: await active(cluster),
    unsettled: await unsettled(cluster),
  })
  const before = await left()
  const { status, body } = await admin.get<ConsistencyReply>('/v1/consistency')
  const rest = {
    underWay: status === 200 ? Number(body.checked['underWay']) : 1,
    unpublished: await unpublished(cluster),
    unreadByAudit: await unread(events, 'audit'),
    unreadByOrder: await unread(events, 'order'),
  }
  const all = [before, rest, await left()]
  if (all.flatMap((counts) => Object.values(counts)).every((count) => count === 0)) return true
  throw new Error(JSON.stringify(all))
}

/** Whether somebody on the waitlist is about to be offered units; what is offered lapses, and comes free for the next. */
async function servable(cluster: Cluster, admin: Api): Promise<number> {
  const [entry] = await rowsOf<{ least: number | null }>(
    cluster,
    'reservation',
    `select min(quantity) as least from waitlist_entries where status = 'WAITING'`,
  )
  const path = `/v1/availability?skus=${assortment.queued}`
  const { body } = await admin.get<{ availability: { available: number }[] }>(path)
  return (entry?.least ?? Infinity) <= (body.availability[0]?.available ?? 0) ? 1 : 0
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
