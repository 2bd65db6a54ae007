import { randomUUID } from 'node:crypto'

import { maintainInbox, type PublishedEvent } from '../src'
import { remember } from '../src/inbox'
import { newEvent, openServiceDatabase, type ServiceDatabase } from './world'

const today = new Date('2026-03-01T12:00:00Z')

let database: ServiceDatabase

beforeEach(async () => {
  database = await openServiceDatabase()
})
afterEach(async () => database.drop())

function eventAt(at: string): PublishedEvent {
  return { ...newEvent('holdfast.reservation.v1', 'r-1', 1), id: randomUUID(), source: '//holdfast/test', at: new Date(at) }
}

async function handle(events: PublishedEvent[], consumer = 'tester'): Promise<PublishedEvent[]> {
  return database.transaction(async (client) => remember(client, consumer, events))
}

async function partitions(): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>(
    `select relid::text as name from pg_partition_tree('inbox') where isleaf order by name`,
  )
  return rows.map((row) => row.name)
}

async function rowsIn(table: string): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(`select count(*)::int as count from ${table}`)
  return rows[0]?.count ?? 0
}

test('an event is new once for each consumer', async () => {
  await maintainInbox(database, today)
  const [first, second] = [eventAt('2026-03-01T10:00:00Z'), eventAt('2026-03-01T10:00:00Z')]
  expect(await handle([first])).toEqual([first])
  expect(await handle([second, first, second])).toEqual([second])
  expect(await handle([first, second])).toEqual([])
  expect(await handle([first], 'other')).toEqual([first])
})

test('a redelivery on another day finds the memory of the first, before and after its partition is there', async () => {
  const event = eventAt('2026-03-02T23:59:59.999Z')
  expect(await handle([event])).toEqual([event])
  expect(await rowsIn('inbox_other')).toBe(1)
  await maintainInbox(database, today)
  expect(await rowsIn('inbox_other')).toBe(0)
  expect(await rowsIn('inbox_20260302')).toBe(1)
  expect(await handle([event])).toEqual([])
  await maintainInbox(database, new Date('2026-03-20T00:00:00Z'))
  expect(await handle([event])).toEqual([])
})

test('of two deliveries at the same moment exactly one is new, whatever their order in the batch', async () => {
  await maintainInbox(database, today)
  const events = Array.from({ length: 40 }, (_, n) => eventAt(`2026-03-0${1 + (n % 3)}T10:00:00Z`))
  const results = await Promise.all([events, events.toReversed(), events].map(async (batch) => handle(batch)))
  const fresh = results.flat()
  expect(fresh).toHaveLength(40)
  expect(new Set(fresh)).toEqual(new Set(events))
})

test('a rollback forgets the event again', async () => {
  await maintainInbox(database, today)
  const event = eventAt('2026-03-01T10:00:00Z')
  const failed = database.transaction(async (client) => {
    await remember(client, 'tester', [event])
    throw new Error('no')
  })
  await expect(failed).rejects.toThrow('no')
  expect(await handle([event])).toEqual([event])
})

test('days are made from a week back to a few ahead, and dropped when nothing can come again', async () => {
  await Promise.all([1, 2, 3].map(async () => maintainInbox(database, today)))
  expect(await partitions()).toEqual([
    'inbox_20260222',
    'inbox_20260223',
    'inbox_20260224',
    'inbox_20260225',
    'inbox_20260226',
    'inbox_20260227',
    'inbox_20260228',
    'inbox_20260301',
    'inbox_20260302',
    'inbox_20260303',
    'inbox_20260304',
    'inbox_other',
  ])
  await maintainInbox(database, new Date('2026-03-31T00:00:00Z'))
  const kept = await partitions()
  expect(kept).toContain('inbox_20260301')
  expect(kept).not.toContain('inbox_20260228')
})

test('an event of any other day is new once as well', async () => {
  await maintainInbox(database, today)
  const events = [eventAt('1999-12-31T23:00:00Z'), eventAt('2999-01-01T00:00:00Z')]
  expect(await handle(events)).toEqual(events)
  await maintainInbox(database, today)
  expect(await handle(events)).toEqual([])
})
