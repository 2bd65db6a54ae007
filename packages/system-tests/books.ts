/** What all services together say in the end: the books, the payment provider's, and the audit log. */
import { eventDescriptors } from '@holdfast/contracts'
import { type ConsistencyReply, waitFor } from '@holdfast/testing'
import { Client } from 'pg'

import type { Shop } from './shop'

const patience = { timeoutMs: 40_000 }

/** Nothing differs and nothing is under way any more: whatever was half done is finished or undone. */
export async function expectAtRest(shop: Shop): Promise<void> {
  const rests = async () => {
    const { status, body } = await shop.admin.get<ConsistencyReply>('/v1/consistency')
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
    expect(body).toMatchObject({ consistent: true, differences: [] })
    return body.checked['underWay'] === '0'
  }
  await waitFor(rests, { what: 'everything that was under way to be over', ...patience })
}

export interface JournalEntry {
  action: string
  objectId: string
  requestId: string
}

/** The whole audit log up to now. */
export async function readJournal(shop: Shop): Promise<JournalEntry[]> {
  await untilAuditedSoFar(shop)
  return readRecords(shop, '')
}

/** Exactly these changes of an object are in the audit log, each once. */
export async function expectAudited(shop: Shop, objectId: string, actions: string[]): Promise<void> {
  const entries = await waitFor(
    async () => {
      const found = await readRecords(shop, `objectId=${objectId}`)
      return found.length >= actions.length && found
    },
    { what: `${actions.join(', ')} of ${objectId} to be audited`, ...patience },
  )
  expect(entries.map(({ action }) => action).sort()).toEqual([...actions].sort())
}

/** What has happened so far is published, and the audit log has it: over all topics and their partitions. */
export async function untilAuditedSoFar(shop: Shop): Promise<void> {
  await waitFor(async () => (await waitingToBePublished(shop)) === 0, { what: 'all events to be published', ...patience })
  const events = await shop.openEvents()
  const topics = [...new Set(eventDescriptors().flatMap(({ audit, topic }) => (audit ? [topic] : [])))]
  const unread = async () => [...(await events.lag('audit', topics)).values()].reduce((sum, count) => sum + count, 0)
  try {
    await waitFor(async () => (await unread()) === 0, { what: 'the audit log to catch up', ...patience })
  } finally {
    await events.close()
  }
}

async function waitingToBePublished(shop: Shop): Promise<number> {
  const counts = await Promise.all(
    (['gateway', 'inventory', 'reservation', 'order'] as const).map(async (service) => {
      const database = new Client({ connectionString: shop.system.databaseUrl(service) })
      await database.connect()
      try {
        return (await database.query('select from outbox')).rowCount ?? 0
      } finally {
        await database.end()
      }
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

async function readRecords(shop: Shop, filter: string): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = []
  let pageToken = ''
  do {
    const { body } = await shop.admin.get<{ records: JournalEntry[]; nextPageToken: string }>(
      `/v1/audit/records?pageSize=500&pageToken=${pageToken}&${filter}`,
    )
    entries.push(...body.records)
    pageToken = body.nextPageToken
  } while (pageToken !== '')
  return entries
}

/** An order's payments in the simulated provider's books. `absent`: it was never asked. */
export async function paymentsOf(shop: Shop, orderId: string): Promise<{ state: string; amountMinor: number }[]> {
  const database = new Client({ connectionString: shop.system.databaseUrl('order') })
  await database.connect()
  try {
    const { rows } = await database.query<{ state: string; amountMinor: number }>(
      `select coalesce(p.state, 'absent') as state, coalesce(p.amount_minor, 0)::integer as "amountMinor"
       from payment_attempts a left join simulated_payments p on p.id = a.id
       where a.order_id = $1 order by a.created_at`,
      [orderId],
    )
    return rows
  } finally {
    await database.end()
  }
}
