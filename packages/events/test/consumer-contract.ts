/** What consumers promise over every transport: each event has its effect once, in order, and none is lost. */
import { HoldfastError, scrape } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'

import {
  type Consumer,
  type ConsumerOptions,
  deadLetterTopic,
  type EventMark,
  type Message,
  type PublishedEvent,
  replayDeadLetters,
  startConsumer,
  startRelay,
  type Transport,
} from '../src'
import type { TransportFixture } from './transport-contract'
import {
  eventMessage,
  eventMessages,
  haveEffect,
  log,
  names,
  newTopic,
  openServiceDatabase,
  type ServiceDatabase,
  writeEvents,
} from './world'

/** How long anything may take on a machine that is busy with much else, in ms. */
const patience = 60_000

export function consumerContract(name: string, makeFixture: () => Promise<TransportFixture>): void {
  describe(`a consumer over the ${name} transport`, () => {
    let fixture: TransportFixture
    let transport: Transport
    let database: ServiceDatabase
    let topic: string
    let consumers: Consumer[]

    beforeAll(async () => (fixture = await makeFixture()))
    afterAll(async () => fixture.cleanup())
    beforeEach(async () => {
      topic = newTopic()
      consumers = []
      transport = await fixture.open()
      database = await openServiceDatabase()
    })
    afterEach(async () => {
      await Promise.all(consumers.map(async (consumer) => consumer.close()))
      await transport.close()
      await database.drop()
    })

    const start = async (options: Partial<ConsumerOptions> = {}): Promise<Consumer> => {
      const common = { name: 'tester', topics: [topic], transport, database, log, attempts: 2 }
      const consumer = await startConsumer({ ...common, handle: haveEffect, ...options } as ConsumerOptions)
      consumers.push(consumer)
      return consumer
    }
    const effects = async (count: number) =>
      waitFor(async () => ((await database.effects()).length >= count ? database.effects() : undefined), {
        what: `${count} effects`,
        timeoutMs: patience,
      })
    const parked = async (consumer = 'tester') =>
      transport.lag('nobody', [deadLetterTopic(topic, consumer)]).then((lags) => [...lags.values()][0])

    test('an event that is delivered again has no second effect', async () => {
      const messages = eventMessages(topic, 'a', 1, 20)
      await transport.publish([...messages, ...messages])
      await transport.publish(messages)
      const consumer = await start({ maxBatch: 7 })
      await waitFor(async () => (await consumer.lag()) === 0, { what: 'all to be read' })
      expect(await database.effects()).toEqual(names('a', 1, 20))
    })

    test('events reach a batch handler together, and who asked is told what was new', async () => {
      const batches: number[] = []
      const committed: PublishedEvent[] = []
      const messages = eventMessages(topic, 'a', 1, 300)
      await transport.publish([...messages, ...messages.slice(0, 50)])
      await start({
        handle: undefined,
        handleBatch: async (client, events) => {
          batches.push(events.length)
          for (const event of events) await haveEffect(client, event)
        },
        afterCommit: (events) => committed.push(...events),
      })
      expect(await effects(300)).toEqual(names('a', 1, 300))
      expect(batches.length).toBeLessThan(300)
      await waitFor(() => committed.length === 300, { what: 'news of 300 events' })
    })

    test('a handler that is its own memory gets repeats too, needs no inbox, and what follows its commit follows no other', async () => {
      await database.pool.query('create table remembered (id uuid primary key)')
      const committed: number[] = []
      let failures = 0
      const messages = eventMessages(topic, 'a', 1, 40)
      await transport.publish([...messages, ...messages])
      const consumer = await start({
        handle: undefined,
        takeBatch: async (client, events) => {
          let fresh = 0
          for (const event of events) {
            const { rowCount } = await client.query('insert into remembered (id) values ($1) on conflict do nothing', [event.id])
            if (rowCount === 0) continue
            await haveEffect(client, event)
            fresh++
          }
          // Once, behind its effect: rolled back, and taken again.
          if (failures++ === 0) throw new HoldfastError('UNAVAILABLE', 'not now')
          return () => committed.push(fresh)
        },
      })
      await waitFor(async () => (await consumer.lag()) === 0, { what: 'all to be read', timeoutMs: patience })
      expect(await database.effects()).toEqual(names('a', 1, 40))
      expect(committed.reduce((sum, fresh) => sum + fresh, 0)).toBe(40)
      expect((await database.pool.query('select from inbox')).rowCount).toBe(0)
    })

    test.each<[string, ConsumerOptions['wants']]>([
      ['by what is known of it', ({ type }: EventMark) => type !== 'holdfast.reservation.forgotten.v9'],
      ['by its type', [eventMessage('t', 'a', 1).headers['ce_type'] ?? '']],
    ])('an event that does not concern the consumer, %s, is passed over, and leaves no memory', async (_how, wants) => {
      const others = (from: number) =>
        eventMessages(topic, 'other', from, from + 9).map((message) => ({
          ...message,
          headers: { ...message.headers, ce_type: 'holdfast.reservation.forgotten.v9' },
        }))
      await transport.publish([...others(1), ...eventMessages(topic, 'a', 1, 3), ...others(11)])
      const consumer = await start({ wants, maxBatch: 5 })
      await waitFor(async () => (await consumer.lag()) === 0, { what: 'all to be read' })
      expect(await database.effects()).toEqual(names('a', 1, 3))
      expect((await database.pool.query('select from inbox')).rowCount).toBe(3)
    })

    test('an event of a type that is not known is the handler’s to judge', async () => {
      const types: string[] = []
      const message = eventMessage(topic, 'a', 1)
      await transport.publish([{ ...message, headers: { ...message.headers, ce_type: 'holdfast.reservation.forgotten.v9' } }])
      await start({
        handle: async (client, event) => {
          types.push(event.type)
          await haveEffect(client, event)
        },
      })
      await effects(1)
      expect(types).toEqual(['holdfast.reservation.forgotten.v9'])
    })

    test('a bad message is parked with its error, and its neighbours are handled in order', async () => {
      const count = async (series: string) =>
        Number(new RegExp(`^${series}\\{consumer="tester"\\} (\\d+)$`, 'm').exec(await scrape())?.[1])
      const counted = async () => (await count('dead_letters_total')) || 0
      const before = await counted()
      await transport.publish(eventMessages(topic, 'a', 1, 30))
      await start({ handle: refusing(['a:13', 'a:14']) })
      expect(await effects(28)).toEqual(names('a', 1, 30).filter((event) => event !== 'a:13' && event !== 'a:14'))
      const [first, second] = await readAll(transport, deadLetterTopic(topic, 'tester'), 2)
      expect(first?.headers).toMatchObject({
        ce_aggregateversion: '13',
        'x-error': 'Error: refused a:13 \u0000\ufffd',
        'x-original-topic': topic,
        'x-original-key': 'a',
        'x-attempts': '2',
        'x-failed-at': expect.stringMatching(/^\d{4}-/) as unknown,
      })
      expect(second?.headers).toMatchObject({ ce_aggregateversion: '14' })
      await waitFor(async () => (await counted()) - before === 2, { what: 'both to be counted' })
      expect(await count('consumer_event_age_seconds_count')).toBeGreaterThan(0)
    })

    test('a message that is no event is parked at once', async () => {
      const bad = eventMessage(topic, 'a', 2)
      await transport.publish([{ ...bad, headers: { ce_id: 'x' } }, { ...bad, value: '{' }, eventMessage(topic, 'a', 1)])
      await start()
      expect(await effects(1)).toEqual(['a:1'])
      const messages = await readAll(transport, deadLetterTopic(topic, 'tester'), 2)
      expect(messages.map((message) => message.headers['x-error'])).toEqual([
        expect.stringContaining('headers missing: ce_specversion'),
        expect.stringContaining('no JSON'),
      ])
    })

    test('parked messages that are put back reach the consumer that parked them, once, and nobody else', async () => {
      const refused = ['a:2', 'a:3']
      const seenByOther: string[] = []
      await transport.publish(eventMessages(topic, 'a', 1, 4))
      const consumer = await start({ handle: refusing(refused) })
      const other = await start({
        name: 'other',
        handle: async (_, event) => {
          seenByOther.push(`${event.topic} ${event.version}`)
          return Promise.resolve()
        },
      })
      await waitFor(async () => (await parked()) === 2, { what: 'two parked messages' })
      const replay = { transport, topic, consumer: 'tester', log }

      refused.shift()
      expect(await replayDeadLetters(replay)).toBe(2)
      await waitFor(async () => (await parked()) === 3 && (await consumer.lag()) === 0, {
        what: 'one of the two to be parked again',
      })
      expect(await database.effects()).toEqual(['a:1', 'a:4', 'a:2'])

      refused.shift()
      expect(await replayDeadLetters(replay)).toBe(1)
      expect(await replayDeadLetters(replay)).toBe(0)
      expect(await effects(4)).toEqual(['a:1', 'a:4', 'a:2', 'a:3'])
      await waitFor(async () => (await other.lag()) === 0, { what: 'the other consumer to have read all' })
      expect(seenByOther).toEqual([1, 2, 3, 4].map((version) => `${topic} ${version}`))
      expect(await parked('other')).toBe(0)
      expect([...(await transport.lag('nobody', [topic])).values()]).toEqual([4])
    })

    test('two replays at the same time put back each message once, and both come to an end', async () => {
      const refused = names('a', 1, 5)
      await transport.publish(eventMessages(topic, 'a', 1, 5))
      const consumer = await start({ handle: refusing(refused) })
      await waitFor(async () => (await parked()) === 5, { what: 'five parked messages' })
      refused.length = 0
      const counts = await Promise.all([1, 2].map(async () => replayDeadLetters({ transport, topic, consumer: 'tester', log })))
      expect(counts.reduce((sum, count) => sum + count)).toBe(5)
      await waitFor(async () => (await consumer.lag()) === 0, { what: 'all to be read' })
      expect(await database.effects()).toEqual(names('a', 1, 5))
    })

    test('somebody’s absence is waited out, however often it is met, and parks nothing', async () => {
      let failures = 0
      await transport.publish(eventMessages(topic, 'a', 1, 3))
      await start({
        handle: async (client, event) => {
          if (failures < 4 && failures++ < 4) throw new HoldfastError('UNAVAILABLE', 'away')
          await haveEffect(client, event)
        },
      })
      expect(await effects(3)).toEqual(names('a', 1, 3))
      expect(failures).toBe(4)
      expect(await parked()).toBe(0)
    })

    test('a handler that hides a failed statement is not believed', async () => {
      await transport.publish(eventMessages(topic, 'a', 1, 1))
      await start({
        handle: async (client, event) => {
          await haveEffect(client, event)
          await client.query('select no_such_column').catch(() => undefined)
        },
      })
      await waitFor(async () => (await parked()) === 1, { what: 'the message to be parked' })
      expect(await database.effects()).toEqual([])
    })

    test('a message is not given up while the place to park it is away', async () => {
      let failures = 0
      const flaky: Transport = {
        ...transport,
        publish: async (messages) => (failures++ < 3 ? Promise.reject(new Error('no broker')) : transport.publish(messages)),
      }
      await transport.publish(eventMessages(topic, 'a', 1, 2))
      await start({ transport: flaky, handle: refusing(['a:1']) })
      expect(await effects(1)).toEqual(['a:2'])
      expect(await parked()).toBe(1)
    })

    test('nothing is lost, doubled or reordered while relay and consumer lose their connections', async () => {
      const relay = startRelay({ database, transport, service: 'test', log, batchSize: 10 })
      await start({ maxBatch: 15 })
      const writing = ['a', 'b'].map(async (subject) => {
        for (let version = 1; version <= 60; version++) {
          await untilWritten(
            async () => writeEvents(database, topic, subject, version, version),
            async () => written(subject, version),
          )
          relay.wake()
        }
      })
      for (const atLeast of [10, 40, 80]) {
        await effects(atLeast)
        await database.cutConnections()
        await fixture.cut()
      }
      await Promise.all(writing)
      const all = await effects(120)
      for (const subject of ['a', 'b']) expect(all.filter((effect) => effect.startsWith(subject))).toEqual(names(subject, 1, 60))
      expect(await parked()).toBe(0)
      await relay.stop()
    })

    test('when a consumer dies in the middle of its work, another of its group does it, once', async () => {
      const doomed = await fixture.open()
      let begun = false
      const dying = await start({
        transport: doomed,
        maxBatch: 5,
        handle: async (client, event) => {
          await haveEffect(client, event)
          begun ||= event.version === 8n
          if (event.version === 8n) await database.cutConnections()
        },
      })
      await transport.publish(eventMessages(topic, 'a', 1, 20))
      await waitFor(() => begun, { what: 'the first consumer to be in its second batch' })
      await start({ maxBatch: 5 })
      await fixture.kill(doomed)
      expect(await effects(20)).toEqual(names('a', 1, 20))
      await dying.close()
    })

    /** Whether a write whose answer was lost took place. */
    async function written(subject: string, version: number): Promise<boolean> {
      const { rowCount } = await database.pool.query(
        `select from outbox where subject = $1 and aggregate_version = $2 union all select from effects where subject = $1 and version = $2`,
        [subject, version],
      )
      return (rowCount ?? 0) > 0
    }
  })
}

/** A handler that fails for some events. */
function refusing(refused: string[]): ConsumerOptions['handle'] {
  return async (client, event) => {
    if (refused.includes(`${event.subject}:${event.version}`)) {
      // Characters that not every store takes: whatever an error says, its message must be parked.
      throw new Error(`refused ${event.subject}:${event.version} \u0000\ud83d`)
    }
    await haveEffect(client, event)
  }
}

async function untilWritten(write: () => Promise<void>, done: () => Promise<boolean>): Promise<void> {
  await waitFor(
    async () => {
      try {
        await write()
        return true
      } catch {
        return done()
      }
    },
    { what: 'a write' },
  )
}

/** The first messages of a topic. */
async function readAll(transport: Transport, topic: string, count: number): Promise<Message[]> {
  const messages: Message[] = []
  const subscription = await transport.subscribe({
    group: 'somebody',
    topics: [topic],
    log,
    onBatch: async (batch) => {
      messages.push(...batch.messages)
      return Promise.resolve()
    },
  })
  await waitFor(() => messages.length >= count, { what: `${count} messages on ${topic}` })
  await subscription.close()
  return messages
}
