import { scrape } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'

import { appendEvents, type EventPublisher, fromMessage, type Message, type Relay, startRelay } from '../src'
import { log, names, newEvent, openServiceDatabase, type ServiceDatabase, versions, writeEvents } from './world'

const topic = 'holdfast.reservation.v1'

let database: ServiceDatabase
let relays: Relay[]
let published: Message[]

beforeEach(async () => {
  database = await openServiceDatabase()
  relays = []
  published = []
})
afterEach(async () => {
  await Promise.all(relays.map(async (relay) => relay.stop()))
  await database.drop()
})

type Publish = Pick<EventPublisher, 'publish'>

/** A transport that only notes what it is given. */
const recorder: Publish = {
  publish: async (messages) => {
    published.push(...messages)
    return Promise.resolve()
  },
}

function start({ publish }: Publish = recorder, batchSize?: number): Relay {
  const transport = { system: 'postgresql' as const, publish }
  const relay = startRelay({ database, transport, service: 'reservation', log, batchSize })
  relays.push(relay)
  return relay
}

function seen(subject: string): string[] {
  return published.filter((message) => message.key === subject).map(nameOf)
}

function nameOf(message: Message): string {
  return `${message.key}:${message.headers['ce_aggregateversion']}`
}

async function emptied(relay: Relay): Promise<void> {
  await waitFor(async () => (await relay.backlog()).rows === 0, { what: 'the outbox to be empty' })
}

test('publishes an event with everything that was said of it, and forgets it', async () => {
  const event = {
    ...newEvent(topic, 'r-1', 3),
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    data: { after: { id: 'r-1', note: '"Ü"' } },
  }
  await database.transaction(async (client) => appendEvents(client, [event]))
  await emptied(start())
  expect(published.map(fromMessage)).toEqual([
    { ...event, id: expect.any(String) as unknown, at: expect.any(Date) as unknown, source: '//holdfast/reservation' },
  ])
})

test('publishes the events of one call in the order given, over many batches', async () => {
  await database.transaction(async (client) =>
    appendEvents(
      client,
      versions(1, 1_300).map((version) => newEvent(topic, 'r-1', version)),
    ),
  )
  await emptied(start())
  expect(seen('r-1')).toEqual(names('r-1', 1, 1_300))
})

test('publishes nothing of a transaction that was rolled back', async () => {
  const change = database.transaction(async (client) => {
    await appendEvents(client, [newEvent(topic, 'r-1', 1)])
    throw new Error('changed my mind')
  })
  await expect(change).rejects.toThrow('changed my mind')
  await writeEvents(database, topic, 'r-2', 1, 1)
  await emptied(start())
  expect(published.map(nameOf)).toEqual(['r-2:1'])
})

test('does not skip a transaction that took its places early and commits late', async () => {
  const early = await database.pool.connect()
  await early.query('begin')
  await appendEvents(early, [newEvent(topic, 'early', 1), newEvent(topic, 'early', 2)])
  await writeEvents(database, topic, 'late', 1, 3)
  const relay = start()
  await emptied(relay)
  expect(published.map(nameOf)).toEqual(names('late', 1, 3))
  await appendEvents(early, [newEvent(topic, 'early', 3)])
  await early.query('commit')
  early.release()
  relay.wake()
  await emptied(relay)
  expect(seen('early')).toEqual(names('early', 1, 3))
})

test('deletes only what it published: a lower place that appears meanwhile stays', async () => {
  const early = await database.pool.connect()
  await early.query('begin')
  await appendEvents(early, [newEvent(topic, 'early', 1)])
  await writeEvents(database, topic, 'late', 1, 1)
  let publishing = 0
  const relay = start({
    publish: async (messages) => {
      if (++publishing === 1) await early.query('commit')
      published.push(...messages)
    },
  })
  await emptied(relay)
  early.release()
  expect(published.map(nameOf)).toEqual(['late:1', 'early:1'])
})

test('loses nothing and keeps the order while publishing fails, in whole or halfway', async () => {
  let failures = 0
  const flaky: Publish = {
    publish: async (messages) => {
      if (failures++ < 4) {
        published.push(...messages.slice(0, failures % 3))
        throw new Error('no broker')
      }
      await recorder.publish(messages)
    },
  }
  const relay = start(flaky, 10)
  await writeEvents(database, topic, 'r-1', 1, 40)
  expect((await relay.backlog()).rows).toBeGreaterThan(0)
  await emptied(relay)
  expect([...new Set(seen('r-1'))]).toEqual(names('r-1', 1, 40))
})

test('one relay publishes at a time, and the other takes over when the first loses its connection', async () => {
  const [first, second] = [start(), start()]
  const leaders = () => relays.filter((relay) => relay.leading)
  await waitFor(() => leaders().length === 1, { what: 'a leader' })
  for (const last of [10, 20, 30]) {
    const [leader] = leaders()
    await writeEvents(database, topic, 'r-1', last - 9, last)
    await emptied(first)
    await database.cutConnections()
    await waitFor(() => leaders().length === 1 && database.pool.query('select 1').then(() => true), {
      what: `a leader after ${String(leader === first)}`,
    })
  }
  await second.stop()
  await writeEvents(database, topic, 'r-1', 31, 32)
  await emptied(first)
  expect([...new Set(seen('r-1'))]).toEqual(names('r-1', 1, 32))
})

test('finishes the batch under way when it stops', async () => {
  let finish = () => {}
  const finished = new Promise<void>((resolve) => (finish = resolve))
  await writeEvents(database, topic, 'r-1', 1, 3)
  const relay = start(
    {
      publish: async (messages) => {
        published.push(...messages)
        await finished
      },
    },
    2,
  )
  await waitFor(() => published.length === 2, { what: 'the first batch' })
  const stopped = relay.stop()
  finish()
  await stopped
  expect(published).toHaveLength(2)
  expect((await relay.backlog()).rows).toBe(1)
})

test('says how much waits and for how long', async () => {
  await writeEvents(database, topic, 'r-1', 1, 3)
  await database.pool.query(`update outbox set at = clock_timestamp() - interval '90 seconds' where aggregate_version = 1`)
  const relay = start({ publish: async () => Promise.reject(new Error('no broker')) })
  const backlog = await relay.backlog()
  expect(backlog.rows).toBe(3)
  expect(backlog.oldestAgeMs).toBeGreaterThanOrEqual(90_000)
  expect(await database.pool.query('delete from outbox').then(async () => relay.backlog())).toEqual({ rows: 0, oldestAgeMs: 0 })
})

test('batches of big events stay small', async () => {
  const sizes: number[] = []
  // Noise does not compress.
  const noise = Array.from({ length: 30_000 }, () => Math.random())
  const events = versions(1, 5).map((version) => ({ ...newEvent(topic, 'r-1', version), data: { noise } }))
  await database.transaction(async (client) => appendEvents(client, events))
  const relay = start({
    publish: async (messages) => {
      sizes.push(messages.length)
      await recorder.publish(messages)
    },
  })
  await emptied(relay)
  expect(seen('r-1')).toEqual(names('r-1', 1, 5))
  expect(Math.max(...sizes)).toBeLessThan(5)
})

test('while the transport is away, what waits and for how long is told', async () => {
  await writeEvents(database, topic, 'r-1', 1, 3)
  await database.pool.query(`update outbox set at = at - interval '90 seconds'`)
  start({ publish: async () => Promise.reject(new Error('no broker')) })
  let text = ''
  const told = async (line: RegExp): Promise<boolean> => {
    text = await scrape()
    return line.test(text)
  }
  await waitFor(async () => told(/^relay_leading 1$/m), { what: 'the relay to lead', timeoutMs: 30_000 })
  expect(text).toMatch(/^outbox_rows 3$/m)
  expect(Number(/^outbox_oldest_seconds (\S+)$/m.exec(text)?.[1])).toBeGreaterThanOrEqual(90)
})
