import { type Database, openDatabase } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'

import { deadLetterTopic, type Message, openEmbeddedTransport, type Transport } from '../src'
import { dropOldMessages } from '../src/embedded/retention'
import { type EmbeddedFixture, embeddedFixture } from './embedded-fixture'
import { eventMessage, eventMessages, log, names, newTopic } from './world'

let fixture: EmbeddedFixture
let transport: Transport
let database: Database
let topic: string

beforeAll(async () => {
  fixture = await embeddedFixture()
})
afterAll(async () => fixture.cleanup())
beforeEach(async () => {
  topic = newTopic()
  transport = await fixture.open()
  database = await openDatabase({ url: fixture.url, name: 'test', log })
})
afterEach(async () => {
  await transport.close()
  await database.close()
})

async function follow(group: string, topics = [topic], through = transport): Promise<Message[]> {
  const messages: Message[] = []
  await through.subscribe({
    group,
    topics,
    log,
    onBatch: async (batch) => {
      messages.push(...batch.messages)
      return Promise.resolve()
    },
  })
  return messages
}

const nameOf = (message: Message) => `${message.key}:${message.headers['ce_aggregateversion']}`

test('several processes can open a new log at the same moment', async () => {
  const fresh = await embeddedFixture()
  const opened = await Promise.all([1, 2, 3, 4].map(async () => openEmbeddedTransport({ url: fresh.url, log })))
  await Promise.all(opened.map(async (one) => one.publish(eventMessages(topic, 'a', 1, 3))))
  expect(await opened[0]?.lag('g', [topic])).toEqual(new Map([[topic, 12]]))
  await Promise.all(opened.map(async (one) => one.close()))
  await fresh.cleanup()
})

test('a reader never passes over a lower offset whose transaction is still open', async () => {
  const messages = await follow('g')
  const slow = await database.pool.connect()
  await slow.query('begin')
  await slow.query('select append_messages($1, $2, $3, $4)', [[topic], ['slow'], ['{}'], ['{"ce_aggregateversion":"1"}']])
  const published = transport.publish(eventMessages(topic, 'fast', 1, 2))
  await waitFor(
    async () => {
      const { rowCount } = await database.pool.query(
        `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%append_messages%'`,
      )
      return rowCount === 1
    },
    { what: 'the second publisher to wait for the first' },
  )
  await slow.query('commit')
  slow.release()
  await published
  await waitFor(() => messages.length === 3, { what: 'all messages' })
  expect(messages.map(nameOf)).toEqual(['slow:1', 'fast:1', 'fast:2'])
})

test('publishers of the same topics in any order never meet in a deadlock', async () => {
  const topics = [topic, newTopic(), newTopic()]
  const publisher = async (order: string[]) => {
    for (let version = 1; version <= 20; version++) {
      await transport.publish(order.flatMap((name) => eventMessages(name, 'a', version, version)))
    }
  }
  await Promise.all([publisher(topics), publisher(topics.toReversed()), publisher(topics), publisher(topics.toReversed())])
  expect([...(await transport.lag('g', topics)).values()]).toEqual([80, 80, 80])
})

test('a batch that fails leaves none of its messages', async () => {
  const [good, bad] = [eventMessage(topic, 'a', 1), { ...eventMessage(topic, 'a', 2), key: 'nul \u0000' }]
  await expect(transport.publish([good, bad])).rejects.toThrow('0x00')
  expect(await transport.lag('g', [topic])).toEqual(new Map([[topic, 0]]))
})

test('a reader whose connection was cut goes on by itself', async () => {
  const messages = await follow('g')
  for (const last of [5, 10, 15]) {
    await transport.publish(eventMessages(topic, 'a', last - 4, last))
    await waitFor(() => messages.some((message) => nameOf(message) === `a:${last}`), { what: `message ${last}` })
    await fixture.cut()
    await waitFor(async () => database.pool.query('select 1').then(() => true), { what: 'the database' })
  }
  expect([...new Set(messages.map(nameOf))]).toEqual(names('a', 1, 15))
})

test('while one member of a group reads a topic, another reads only what the first does not', async () => {
  const other = newTopic()
  const second = await fixture.open()
  const firstMessages = await follow('g')
  await transport.publish(eventMessages(topic, 'a', 1, 1))
  await waitFor(() => firstMessages.length === 1, { what: 'the first member to read' })
  const secondMessages = await follow('g', [topic, other], second)
  for (const version of [1, 2, 3]) {
    await transport.publish([
      ...eventMessages(topic, 'a', version + 1, version + 1),
      ...eventMessages(other, 'b', version, version),
    ])
    await waitFor(() => secondMessages.some((message) => nameOf(message) === `b:${version}`), { what: `message ${version}` })
  }
  await waitFor(() => firstMessages.length === 4, { what: 'the first member to have read all' })
  expect(secondMessages.map(nameOf)).toEqual(names('b', 1, 3))
  await second.close()
})

test("a reader that only passes over others' events notes where it is, and reads what it wants when that comes", async () => {
  const wanted: Message[] = []
  const [other] = eventMessages(topic, 'a', 1, 1)
  const types = ['holdfast.test.wanted.v1']
  await transport.subscribe({
    group: 'g',
    topics: [topic],
    types,
    log,
    onBatch: async ({ messages }) => {
      wanted.push(...messages.filter(({ headers }) => types.includes(headers['ce_type'] ?? '')))
      return Promise.resolve()
    },
  })
  const behind = async () => (await transport.lag('g', [topic])).get(topic)
  for (let version = 1; version <= 3; version++) {
    await transport.publish(eventMessages(topic, 'a', version, version))
    await waitFor(async () => (await behind()) === 0, { what: 'it to be past the event' })
  }
  if (other === undefined) throw new Error('no message was made')
  const one = { ...other, headers: { ...other.headers, ce_type: types[0] ?? '' } }
  await transport.publish([other, one, other])
  await waitFor(() => wanted.length === 1, { what: 'what it wants' })
  await waitFor(async () => (await behind()) === 0, { what: 'it to be past the last event' })
  expect(wanted).toHaveLength(1)
})

test('messages are dropped after seven days and parked ones after fourteen, and readers go on behind them', async () => {
  const parked = deadLetterTopic(topic, 'tester')
  await transport.publish([...eventMessages(topic, 'a', 1, 3), ...eventMessages(parked, 'a', 1, 3)])
  await database.pool.query(`update messages set at = at - interval '8 days' where "offset" < 2`)
  await dropOldMessages(database, new Date())
  expect(await transport.lag('g', [topic, parked])).toEqual(
    new Map([
      [topic, 1],
      [parked, 3],
    ]),
  )
  await database.pool.query(`update messages set at = at - interval '7 days' where "offset" < 1`)
  await dropOldMessages(database, new Date())
  expect(await transport.lag('g', [parked])).toEqual(new Map([[parked, 2]]))
  const messages = await follow('g')
  await waitFor(() => messages.length === 1, { what: 'the message that was kept' })
  expect(messages.map(nameOf)).toEqual(['a:3'])
})

test('a batch of big messages ends early', async () => {
  const value = JSON.stringify({ noise: 'x'.repeat(3_000_000) })
  await transport.publish(eventMessages(topic, 'a', 1, 5).map((message) => ({ ...message, value })))
  const sizes: number[] = []
  await transport.subscribe({
    group: 'g',
    topics: [topic],
    log,
    onBatch: async (batch) => {
      sizes.push(batch.messages.length)
      return Promise.resolve()
    },
  })
  await waitFor(() => sizes.reduce((sum, size) => sum + size, 0) === 5, { what: 'five messages' })
  expect(Math.max(...sizes)).toBe(3)
})
