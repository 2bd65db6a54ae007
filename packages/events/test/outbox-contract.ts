/** The outbox keeps nothing of what went through it, however much that was. */
import { waitFor } from '@holdfast/testing'

import { appendEvents, startRelay } from '../src'
import type { TransportFixture } from './transport-contract'
import { log, newEvent, newTopic, openServiceDatabase, type ServiceDatabase } from './world'

/** How many events go through; a million take some minutes, and with more than ten thousand the figures are printed. */
const count = Number(process.env.HOLDFAST_OUTBOX_EVENTS ?? 5_000)
const writers = 4
const perTransaction = 25
/** What an outbox that is empty may have kept of its table, in bytes; a million events are a hundred times as much and more. */
const mostAtRest = 1_000_000
/** Events that a busy machine publishes in a second at the very least. */
const slowest = 50
const timeoutMs = 120_000 + (count / slowest) * 1_000
const lookMs = 250

export function outboxContract(name: string, makeFixture: () => Promise<TransportFixture>): void {
  describe(`an outbox before the ${name} transport`, () => {
    let fixture: TransportFixture
    let database: ServiceDatabase
    beforeAll(async () => {
      fixture = await makeFixture()
      database = await openServiceDatabase()
    })
    afterAll(async () => {
      await database.drop()
      await fixture.cleanup()
    })

    test(
      'is as small as it was when all that was written at once with publishing is published',
      async () => {
        const topic = newTopic()
        const transport = await fixture.open()
        const relay = startRelay({ database, transport, service: 'test', log })
        const begun = performance.now()
        let largest = 0
        const looking = setInterval(() => {
          size(database).then(
            ({ table }) => (largest = Math.max(largest, table)),
            () => undefined,
          )
        }, lookMs)
        await Promise.all(Array.from({ length: writers }, async (_, writer) => write(database, topic, writer)))
        await waitFor(async () => (await relay.backlog()).rows === 0, { what: 'all to be published', timeoutMs })
        clearInterval(looking)
        const seconds = (performance.now() - begun) / 1_000
        // As autovacuum does in its turn: no relay holds a snapshot that would keep the dead rows.
        await waitFor(
          async () => {
            await database.pool.query('vacuum outbox')
            return (await size(database)).table < mostAtRest
          },
          { what: 'the table to be small again', timeoutMs: 60_000 },
        )
        expect((await database.pool.query('select from outbox')).rowCount).toBe(0)
        if (count > 10_000) await tell(database, { seconds, largest })
        await relay.stop()
        await transport.close()
      },
      2 * timeoutMs,
    )

    async function tell({ pool }: ServiceDatabase, { seconds, largest }: { seconds: number; largest: number }): Promise<void> {
      const { table, indexes } = await size(database)
      const { rows } = await pool.query<{ 'QUERY PLAN': [{ 'Execution Time': number }] }>(
        'explain (analyze, format json) select * from outbox order by place limit 500',
      )
      const kb = (bytes: number) => `${Math.round(bytes / 1_000)} kB`
      process.stdout.write(
        `\n${count} events through an outbox before the ${name} transport: ${Math.round(count / seconds)} a second; ` +
          `table ${kb(largest)} at most, ${kb(table)} at rest, index ${kb(indexes)}; ` +
          `its front is read in ${rows[0]?.['QUERY PLAN'][0]['Execution Time']} ms\n`,
      )
    }
  })
}

/** A share of the events, of keys of its own. */
async function write(database: ServiceDatabase, topic: string, writer: number): Promise<void> {
  for (let version = 1; version * perTransaction * writers <= count; version++) {
    const events = Array.from({ length: perTransaction }, (_, key) => newEvent(topic, `key-${writer}-${key}`, version))
    await database.transaction(async (client) => appendEvents(client, events))
  }
}

/** In bytes. */
async function size({ pool }: ServiceDatabase): Promise<{ table: number; indexes: number }> {
  const { rows } = await pool.query<{ table: number; indexes: number }>(
    `select pg_table_size('outbox')::float8 as table, pg_indexes_size('outbox')::float8 as indexes`,
  )
  return rows[0] ?? { table: NaN, indexes: NaN }
}
