/** What every transport promises: the same tests run over each. */
import { waitFor } from '@holdfast/testing'

import type { Message, MessageBatch, Subscription, Transport } from '../src'
import { eventMessages, log, names, newTopic } from './world'

/** A place that keeps messages, and ways to it. */
export interface TransportFixture {
  /** As the environment of a service names it. */
  config: Record<string, string>
  /** A member of a group that has not been heard of for so long has lost its place, in ms. */
  silenceMs: number
  /** Whether several members of a group read a topic at once; else one does, and the others wait. */
  sharing: boolean
  /** A transport as a process of its own would have it. */
  open(): Promise<Transport>
  /** Takes a transport's connections away without a farewell and does not let it come back. */
  kill(transport: Transport): Promise<void>
  /** Takes all connections away for a moment: everybody may come back. */
  cut(): Promise<void>
  cleanup(): Promise<void>
}

export function transportContract(name: string, makeFixture: () => Promise<TransportFixture>): void {
  describe(`the ${name} transport`, () => {
    let fixture: TransportFixture
    let transport: Transport
    let topic: string
    /** Of this test alone: a member that was killed is missed for a while. */
    let group: string

    beforeAll(async () => (fixture = await makeFixture()))
    afterAll(async () => fixture.cleanup())
    beforeEach(async () => {
      topic = newTopic()
      group = `group of ${topic}`
      transport = await fixture.open()
    })
    afterEach(async () => transport.close())

    const publish = async (subject: string, from: number, to: number) =>
      transport.publish(eventMessages(topic, subject, from, to))

    test('hands over the messages of a topic as they were published, headers and all', async () => {
      const messages = eventMessages(topic, 'ключ "a", {b}', 1, 3).map((message) => ({
        ...message,
        value: '{"text":"\\u0000 – \\\\ \\""}',
      }))
      await transport.publish(messages)
      const reader = await read(transport, group, [topic])
      await waitFor(() => reader.messages.length === 3, { what: 'three messages' })
      expect(reader.messages.map(({ topic, key, value, headers }) => ({ topic, key, value, headers }))).toEqual(messages)
    })

    test('keeps the order of each key, also when many publish at once and over several topics', async () => {
      const other = newTopic()
      const publisher = async (subject: string) => {
        for (let from = 1; from <= 91; from += 10) {
          const messages = eventMessages(topic, subject, from, from + 9)
          await transport.publish(messages.flatMap((message) => [message, { ...message, topic: other }]))
        }
      }
      const reader = await read(transport, group, [other, topic])
      await Promise.all(['a', 'b', 'c', 'd'].map(publisher))
      await waitFor(() => reader.messages.length >= 800, { what: '800 messages' })
      for (const subject of ['a', 'b', 'c', 'd']) {
        expect(reader.seen(topic, subject)).toEqual(names(subject, 1, 100))
        expect(reader.seen(other, subject)).toEqual(names(subject, 1, 100))
      }
    })

    test('gives every group every message, from the oldest on', async () => {
      await publish('a', 1, 5)
      const first = await read(transport, `first ${group}`, [topic])
      const second = await read(transport, `second ${group}`, [topic])
      await waitFor(() => first.messages.length === 5 && second.messages.length === 5, {
        what: 'both groups to have five messages',
      })
    })

    test('goes on after a restart where the group left off', async () => {
      await publish('a', 1, 5)
      const before = await read(transport, group, [topic])
      await waitFor(async () => (await lag(group)) === 0, { what: 'the group to have read all' })
      await before.close()
      await publish('a', 6, 9)
      const restarted = await fixture.open()
      const after = await read(restarted, group, [topic])
      await waitFor(() => after.messages.length >= 4, { what: 'the messages published meanwhile' })
      expect(after.seen(topic)).toEqual(names('a', 6, 9))
      await restarted.close()
    })

    test('delivers a batch again until its handling worked, and nothing behind it before', async () => {
      await publish('a', 1, 6)
      let failures = 0
      const reader = await read(transport, group, [topic], {
        maxBatch: 3,
        onBatch: async () => {
          if (failures++ < 2) throw new Error('not yet')
          return Promise.resolve()
        },
      })
      await waitFor(() => reader.messages.length >= 6, { what: 'all messages' })
      expect(reader.seen(topic)).toEqual(names('a', 1, 6))
      expect(failures).toBeGreaterThanOrEqual(4)
    })

    test('counts what a group has not done yet', async () => {
      expect(await lag(group)).toBe(0)
      await publish('a', 1, 7)
      expect(await lag(group)).toBe(7)
      await read(transport, group, [topic])
      await waitFor(async () => (await lag(group)) === 0, { what: 'the group to have read all' })
    })

    test('waits for a topic that has no message yet', async () => {
      const reader = await read(transport, group, [topic])
      await publish('a', 1, 1)
      await waitFor(() => reader.messages.length === 1, { what: 'the first message' })
    })

    test('lets one member of a group go on, from the last batch that was done, when another dies', async () => {
      const doomed = await fixture.open()
      const first = await read(doomed, group, [topic], {
        maxBatch: 4,
        onBatch: async (batch) => {
          if (first.messages.length >= 4) await untilAborted(batch)
        },
      })
      await publish('a', 1, 12)
      await waitFor(() => first.batches === 2, { what: 'the first member to be in its second batch' })
      const second = await read(transport, group, [topic])
      await fixture.kill(doomed)
      await waitFor(() => second.messages.length >= 8, { what: 'the second member to take over' })
      expect(first.seen(topic)).toEqual(names('a', 1, 4))
      expect(second.seen(topic)).toEqual(names('a', 5, 12))
    })

    test('finishes the batch under way when a subscription closes, and it does not come again', async () => {
      await publish('a', 1, 2)
      let finish = () => {}
      const finished = new Promise<void>((resolve) => (finish = resolve))
      const reader = await read(transport, group, [topic], { maxBatch: 1, onBatch: async () => finished })
      await waitFor(() => reader.batches === 1, { what: 'the first batch' })
      const closed = reader.close()
      finish()
      await closed
      expect(reader.seen(topic)).toEqual(['a:1'])
      expect(await lag(group)).toBe(1)
    })

    async function lag(group: string): Promise<number | undefined> {
      return (await transport.lag(group, [topic])).get(topic)
    }
  })
}

interface Reader extends Subscription {
  /** What was handled. */
  messages: Message[]
  /** How many batches were begun. */
  batches: number
  /** `<subject>:<version>` of the messages of a topic, or of one subject on it. */
  seen(topic: string, subject?: string): string[]
}

interface ReadOptions {
  maxBatch?: number
  onBatch?: (batch: MessageBatch) => Promise<void>
}

async function read(transport: Transport, group: string, topics: string[], options: ReadOptions = {}): Promise<Reader> {
  const reader: Reader = {
    messages: [],
    batches: 0,
    seen: (topic, subject) =>
      reader.messages
        .filter((message) => message.topic === topic && (subject === undefined || message.key === subject))
        .map((message) => `${message.key}:${message.headers['ce_aggregateversion']}`),
    close: async () => subscription.close(),
  }
  const subscription = await transport.subscribe({
    group,
    topics,
    maxBatch: options.maxBatch,
    log,
    onBatch: async (batch) => {
      reader.batches++
      await options.onBatch?.(batch)
      reader.messages.push(...batch.messages)
    },
  })
  return reader
}

async function untilAborted({ signal }: MessageBatch): Promise<void> {
  await new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))))
}
