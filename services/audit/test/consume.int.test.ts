import { openEmbeddedTransport, type PublishedEvent, toMessage, type Transport } from '@holdfast/events'
import { createTestDatabase, type TestDatabase, waitFor } from '@holdfast/testing'

import { auditedTopics, startAuditConsumer } from '../src/events'
import { Verifier } from '../src/verify'
import { context, type Fixture, log, oneTo, openFixture, reservationEvent, reservationEvents } from './fixture'

let fixture: Fixture
let logDatabase: TestDatabase
const transports: Transport[] = []

beforeEach(async () => {
  fixture = await openFixture()
  logDatabase = await createTestDatabase()
})
afterEach(async () => {
  for (const transport of transports.splice(0)) await transport.close()
  await logDatabase.drop()
  await fixture.close()
})

async function openTransport(): Promise<Transport> {
  const transport = await openEmbeddedTransport({ url: logDatabase.url, log })
  transports.push(transport)
  return transport
}

const publish = async (transport: Transport, events: PublishedEvent[]): Promise<void> =>
  transport.publish(events.map((event) => toMessage(event, JSON.stringify(event.data))))

const onTopic = (topic: string, count: number): PublishedEvent[] =>
  reservationEvents(count).map((event) => ({ ...event, topic, key: event.subject, at: new Date() }))

async function recorded(count: number): Promise<void> {
  await waitFor(async () => (await fixture.sequences()).length >= count, { what: `${count} records`, timeoutMs: 30_000 })
}

describe('the consumer', () => {
  it('reads every topic of the contract', () => {
    const contexts = ['audit', 'auth', 'inventory', 'notification', 'order', 'reservation']
    expect(auditedTopics()).toEqual(contexts.map((name) => `holdfast.${name}.v1`))
  })

  it('leaves one record per event, gapless, with two replicas reading and every event delivered twice', async () => {
    const [one, two] = [await openTransport(), await openTransport()]
    const consumers = await Promise.all(
      [one, two].map(async (transport) => startAuditConsumer({ transport, database: fixture.database, log })),
    )
    const events = auditedTopics().map((topic) => onTopic(topic, 100))
    await Promise.all(events.flatMap((ofTopic) => [publish(one, ofTopic), publish(two, ofTopic)]))
    await recorded(600)
    await waitFor(async () => (await consumers[0]?.lag()) === 0, { what: 'all events to be read' })
    expect(await fixture.sequences()).toEqual(oneTo(600))
    expect(await new Verifier(fixture.database).verify(context())).toMatchObject({ finding: undefined, checked: 600n })
    await Promise.all(consumers.map(async (consumer) => consumer.close()))
  })

  it('records a type that it does not know, and passes over what is not marked', async () => {
    const transport = await openTransport()
    const consumer = await startAuditConsumer({ transport, database: fixture.database, log })
    await publish(transport, [
      reservationEvent({ type: 'holdfast.reservation.gifted.v3', at: new Date() }),
      reservationEvent({ type: 'holdfast.reservation.glanced_at.v1', audit: false, at: new Date() }),
      reservationEvent({ at: new Date() }),
    ])
    await recorded(2)
    const { rows } = await fixture.database.pool.query<{ action: string }>('select action from audit_records order by sequence')
    expect(rows.map((row) => row.action)).toEqual(['reservation.gifted', 'reservation.created'])
    await consumer.close()
  })

  it('goes on where it left off', async () => {
    const transport = await openTransport()
    const first = await startAuditConsumer({ transport, database: fixture.database, log })
    await publish(transport, onTopic('holdfast.order.v1', 3))
    await recorded(3)
    await first.close()
    await publish(transport, onTopic('holdfast.order.v1', 3))
    const second = await startAuditConsumer({ transport, database: fixture.database, log })
    await recorded(6)
    expect(await fixture.sequences()).toEqual(oneTo(6))
    await second.close()
  })
})
