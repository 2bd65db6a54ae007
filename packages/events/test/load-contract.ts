/** What every transport promises under load, and while relays and members of a group come and go. */
import { setTimeout as sleep } from 'node:timers/promises'

import { waitFor } from '@holdfast/testing'
import type { PoolClient } from 'pg'

import { type Consumer, type ConsumerOptions, type PublishedEvent, startConsumer, type Transport } from '../src'
import { type RelayProcess, startRelayProcess } from './relay-process'
import type { TransportFixture } from './transport-contract'
import { eventMessages, haveEffect, log, names, newTopic, openServiceDatabase, type ServiceDatabase, writeEvents } from './world'

/** How long anything may take on a machine that is busy with much else, in ms. */
const patience = 120_000
/** How many events wait for a consumer that was away; a hundred thousand take a minute or two. */
const backlog = Number(process.env.HOLDFAST_BACKLOG_EVENTS ?? 5_000)

export function loadContract(name: string, makeFixture: () => Promise<TransportFixture>): void {
  describe(`the ${name} transport under load`, () => {
    let fixture: TransportFixture
    let database: ServiceDatabase
    let topic: string
    const closing: (() => Promise<void>)[] = []

    beforeAll(async () => (fixture = await makeFixture()))
    afterAll(async () => fixture.cleanup())
    beforeEach(async () => {
      topic = newTopic()
      database = await openServiceDatabase()
    })
    afterEach(async () => {
      for (const close of closing.splice(0).toReversed()) await close()
      await database.drop()
    })

    const open = async (): Promise<Transport> => {
      const transport = await fixture.open()
      closing.push(async () => transport.close())
      return transport
    }
    const start = async (transport: Transport, options: Partial<ConsumerOptions> = {}): Promise<Consumer> => {
      const common = { name: 'tester', topics: [topic], transport, database, log }
      const consumer = await startConsumer({ ...common, handle: haveEffect, ...options } as ConsumerOptions)
      closing.push(async () => consumer.close())
      return consumer
    }
    const effects = async (count: number) =>
      waitFor(async () => ((await database.effects()).length >= count ? database.effects() : undefined), {
        what: `${count} effects`,
        timeoutMs: patience,
      })
    /** So many more than there are now. */
    const moreEffects = async (more: number) => effects((await database.effects()).length + more)

    test(
      'a backlog of many events of many keys is worked off, each once and in order',
      async () => {
        const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`)
        const perKey = Math.ceil(backlog / keys.length)
        const transport = await open()
        for (let from = 1; from <= perKey; from += 10) {
          await transport.publish(keys.flatMap((key) => eventMessages(topic, key, from, Math.min(perKey, from + 9))))
        }
        const consumer = await start(transport, { handle: undefined, handleBatch: haveEffects })
        await waitFor(async () => (await consumer.lag()) === 0, { what: 'all to be read', timeoutMs: 10 * patience })
        const all = Map.groupBy(await database.effects(), (effect) => effect.split(':')[0] ?? '')
        expect([...all.keys()].sort()).toEqual([...keys].sort())
        for (const key of keys) expect(all.get(key)).toEqual(names(key, 1, perKey))
      },
      // What this test is about.
      20 * patience,
    )

    test('a batch that takes longer than a silent member is waited for does not come again', async () => {
      const transport = await open()
      const group = `group of ${topic}`
      let begun = 0
      await transport.subscribe({
        group,
        topics: [topic],
        log,
        onBatch: async () => {
          begun++
          await sleep(fixture.silenceMs * 1.5)
        },
      })
      await transport.publish(eventMessages(topic, 'a', 1, 3))
      const over = async () => begun > 1 || (await transport.lag(group, [topic])).get(topic) === 0
      await waitFor(over, { what: 'all to be read', timeoutMs: patience })
      expect(begun).toBe(1)
    })

    test('members that join and leave while events keep coming: none lost, none twice, each key in order', async () => {
      const keys = Array.from({ length: 24 }, (_, index) => `key-${index}`)
      const publishing = keepPublishing(await open(), topic, keys)
      const active = new Set<string>()
      const handledBy = (member: string): ConsumerOptions['handleBatch'] => {
        return async (client, events) => {
          active.add(member)
          await haveEffects(client, events)
        }
      }
      const join = async (member: string) =>
        start(await open(), { handle: undefined, handleBatch: handledBy(member), maxBatch: 20 })
      const works = async (member: string) =>
        waitFor(() => active.has(member), { what: `${member} to work`, timeoutMs: patience })

      const first = await join('the first')
      await works('the first')
      const second = await join('the second')
      if (fixture.sharing) await works('the second')
      await moreEffects(100)
      await first.close()
      await works('the second')
      await join('the third')
      await moreEffects(100)
      await second.close()
      await works('the third')
      await moreEffects(100)

      const published = await publishing.stop()
      const all = Map.groupBy(await effects(published * keys.length), (effect) => effect.split(':')[0] ?? '')
      for (const key of keys) expect(all.get(key)).toEqual(names(key, 1, published))
    })

    test('relays that lead are killed one after the other: the next one takes over, and every event has its effect once', async () => {
      const relays = new Set<RelayProcess>()
      const startRelay = () => {
        const relay = startRelayProcess(database.url, fixture.config)
        relays.add(relay)
        closing.push(async () => relay.kill())
      }
      const leader = async () =>
        waitFor(() => [...relays].find((relay) => relay.leading), { what: 'a relay that leads', timeoutMs: patience })
      startRelay()
      startRelay()
      await start(await open())
      const writing = keepWriting(database, topic, ['a', 'b', 'c'])
      for (let round = 0; round < 3; round++) {
        await moreEffects(30)
        const leading = await leader()
        await leading.kill()
        relays.delete(leading)
        await leader()
        startRelay()
      }
      await moreEffects(30)
      const written = await writing.stop()
      const all = Map.groupBy(await effects(written * 3), (effect) => effect.split(':')[0] ?? '')
      for (const key of ['a', 'b', 'c']) expect(all.get(key)).toEqual(names(key, 1, written))
      await waitFor(async () => (await database.pool.query('select from outbox')).rowCount === 0, {
        what: 'the outbox to be empty',
      })
    })
  })
}

/** The effect of many events in one statement. */
async function haveEffects(client: PoolClient, events: PublishedEvent[]): Promise<void> {
  await client.query(
    'insert into effects (subject, version) select subject, version from unnest($1::text[], $2::bigint[]) as e (subject, version)',
    [events.map((event) => event.subject), events.map((event) => event.version)],
  )
}

interface Work {
  /** @returns the last version of each key */
  stop(): Promise<number>
}

/** The next version of every key, again and again. */
function keepDoing(next: (version: number) => Promise<void>): Work {
  let stopped = false
  const run = async () => {
    for (let version = 1; ; version++) {
      await next(version)
      if (stopped) return version
    }
  }
  const done = run()
  return {
    stop: async () => {
      stopped = true
      return done
    },
  }
}

const keepPublishing = (transport: Transport, topic: string, keys: string[]): Work =>
  keepDoing(async (version) => {
    await transport.publish(keys.flatMap((key) => eventMessages(topic, key, version, version)))
    // So that a busy machine keeps up.
    await sleep(20)
  })

const keepWriting = (database: ServiceDatabase, topic: string, keys: string[]): Work =>
  keepDoing(async (version) => {
    for (const key of keys) await writeEvents(database, topic, key, version, version)
    await sleep(5)
  })
