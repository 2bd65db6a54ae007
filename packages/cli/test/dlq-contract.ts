/** What is parked is seen and put back by the commands, wherever events are. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'

import {
  type Consumer,
  eventsMigrations,
  eventsShape,
  openTransport,
  startConsumer,
  toMessage,
  type Transport,
} from '@holdfast/events'
import { createLog, type Database, openDatabase, readConfig } from '@holdfast/service'
import { createTestDatabase, type TestDatabase, waitFor } from '@holdfast/testing'

const main = join(__dirname, '..', 'dist', 'src', 'main.js')
const log = createLog('test', 'silent')
const patience = 60_000

/** @param open the variables that tell where events are */
export function dlqContract(name: string, open: () => Promise<{ env: Record<string, string>; close(): Promise<void> }>): void {
  describe(`dlq, events on ${name}`, () => {
    let events: Awaited<ReturnType<typeof open>>
    let transport: Transport
    let created: TestDatabase
    let database: Database
    let consumer: Consumer | undefined
    const topic = `holdfast.test-${randomUUID().slice(0, 8)}.v1`
    let poisonous = new Set(['b', 'c'])

    beforeAll(async () => {
      events = await open()
      transport = await openTransport(readConfig(eventsShape, events.env), { service: 'test', log })
      created = await createTestDatabase({ migrations: [eventsMigrations] })
      database = await openDatabase({ url: created.url, name: 'test', log })
      await database.pool.query('create table effects (subject text)')
      consumer = await startConsumer({
        name: 'tester',
        topics: [topic],
        transport,
        database,
        log,
        attempts: 2,
        handle: async (client, event) => {
          if (poisonous.has(event.subject)) throw new Error(`no shelf for\n${event.subject}`)
          await client.query('insert into effects (subject) values ($1)', [event.subject])
        },
      })
      await transport.publish(['a', 'b', 'c', 'd'].map((subject) => messageOf(subject)))
      await waitForEffects(['a', 'd'])
    })
    afterAll(async () => {
      await consumer?.close()
      await transport.close()
      await database.close()
      await created.drop()
      await events.close()
    })

    const messageOf = (subject: string) =>
      toMessage(
        {
          id: randomUUID(),
          source: '//holdfast/test',
          type: 'holdfast.reservation.created.v1',
          topic,
          key: subject,
          subject,
          version: 1n,
          audit: true,
          actor: { id: 'u-1', role: 'USER' },
          requestId: 'r-1',
          traceparent: undefined,
          at: new Date(),
        },
        '{}',
      )
    const effects = async () =>
      (await database.pool.query<{ subject: string }>('select subject from effects order by subject')).rows.map(
        (row) => row.subject,
      )
    const waitForEffects = async (wanted: string[]) => {
      const settled = async () => (await consumer?.lag()) === 0 && (await effects()).length >= wanted.length
      await waitFor(settled, { what: `the effects ${wanted.join()}`, timeoutMs: patience })
      expect(await effects()).toEqual(wanted)
    }
    const dlq = async (...args: string[]): Promise<string> => {
      const { stdout } = await promisify(execFile)(process.execPath, [main, 'dlq', ...args], {
        env: { PATH: process.env['PATH'], ...events.env },
      })
      return stdout
    }
    const mine = ['--topic', topic]
    const waitForParked = async (count: number) =>
      waitFor(async () => (await dlq('list', ...mine, '--json')).split('\n').length - 1 === count, {
        what: `${count} parked`,
        timeoutMs: patience,
      })

    test('lists what is parked: when, of which topic, by whom, key, type, attempts and error', async () => {
      await waitForParked(2)
      const lines = (await dlq('list', ...mine)).trimEnd().split('\n')
      expect(lines[0]).toMatch(/^parked at +topic +consumer +key +type +attempts +error$/)
      // Of different keys, so in any order.
      expect(lines.slice(2).sort((a, b) => (a.slice(-1) < b.slice(-1) ? -1 : 1))).toEqual(
        ['b', 'c'].map((key) => {
          const rest = `${topic}  tester    ${key}    holdfast\\.reservation\\.created\\.v1 +2  Error: no shelf for ${key}`
          return expect.stringMatching(new RegExp(`^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z  ${rest}$`))
        }),
      )
      expect(await dlq('list', ...mine, '--limit', '1')).toContain(`1 more of ${topic} by tester`)
      expect(await dlq('list', ...mine, '--consumer', 'another')).toBe('Nothing is parked.\n')
    })

    test('as JSON, with the id of the event', async () => {
      const lines = (await dlq('list', ...mine, '--json')).trimEnd().split('\n')
      const letters = lines.map((line) => JSON.parse(line) as { key: string })
      expect(letters.find(({ key }) => key === 'b')).toMatchObject({
        topic,
        consumer: 'tester',
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        attempts: 2,
        error: 'Error: no shelf for\nb',
      })
    })

    test('what is put back has its effect once it is mended, once; what is not is parked again', async () => {
      poisonous = new Set(['c'])
      expect(await dlq('replay', '--consumer', 'tester', ...mine)).toBe(`${topic}: 2 put back to tester\n`)
      await waitForEffects(['a', 'b', 'd'])
      await waitForParked(1)
      expect(JSON.parse(await dlq('list', ...mine, '--json'))).toMatchObject({ key: 'c' })

      poisonous = new Set()
      expect(await dlq('replay', ...mine)).toBe(`${topic}: 1 put back to tester\n`)
      await waitForEffects(['a', 'b', 'c', 'd'])
      expect(await dlq('replay', ...mine)).toBe('Nothing is parked.\n')
      expect(await dlq('list', ...mine)).toBe('Nothing is parked.\n')
    })
  })
}
