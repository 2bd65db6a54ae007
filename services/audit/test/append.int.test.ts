import { findRecord } from '../src/sql/list-records'
import { Verifier } from '../src/verify'
import { context, type Fixture, oneTo, openFixture, reservationEvent, reservationEvents } from './fixture'

let fixture: Fixture
beforeEach(async () => {
  fixture = await openFixture()
})
afterEach(async () => fixture.close())

describe('appending', () => {
  it('numbers the records of events marked audit from 1 and passes over the others', async () => {
    await fixture.append([reservationEvent(), reservationEvent({ audit: false }), reservationEvent()])
    await fixture.append([reservationEvent({ audit: false })])
    await fixture.append([reservationEvent()])
    expect(await fixture.sequences()).toEqual(oneTo(3))
  })

  it('leaves one record for an event, however often it is delivered', async () => {
    const [first, second] = [reservationEvent(), reservationEvent()]
    await fixture.append([first])
    await fixture.append([first, second, second])
    await fixture.append([reservationEvent()])
    expect(await fixture.sequences()).toEqual(oneTo(3))
  })

  it('leaves no gap when many append at the same moment and some roll back', async () => {
    const batches = Array.from({ length: 20 }, (_, index) => ({ index, events: reservationEvents(5) }))
    const outcomes = await Promise.allSettled(
      batches.map(async ({ index, events }) => {
        if (index % 4 > 0) return fixture.append(events)
        return fixture.append([...events, reservationEvent({ data: { after: { text: 'no \0 in jsonb' } } })])
      }),
    )
    expect(outcomes.filter((outcome) => outcome.status === 'rejected')).toHaveLength(5)
    expect(await fixture.sequences()).toEqual(oneTo(75))
    expect(await new Verifier(fixture.database).verify(context())).toMatchObject({ finding: undefined, checked: 75n })
  })

  it('gives back what went in, with hashes that hold whatever the database does to the JSON', async () => {
    const awkward = {
      before: { z: 1, a: null, nested: { b: [true, 1.5e300, 0, 0.1, 1e21, 2 ** 63], '': 'ü€😀\u2028' } },
      after: { amountMinor: '9223372036854775807', 'key with "quotes"': '\\ / \n \u0001', __proto__x: [] },
    }
    await fixture.append([reservationEvent({ data: awkward })])
    const record = await findRecord(fixture.database.pool, 1n)
    expect(record).toMatchObject({ sequence: 1n, before: awkward.before, after: awkward.after, previousHash: '0'.repeat(64) })
    expect(record?.at).toEqual(new Date('2026-01-31T10:00:00.123Z'))
    expect(await new Verifier(fixture.database).verify(context())).toMatchObject({ finding: undefined })
  })
})

describe('the table', () => {
  it.each([
    ['an update', "update audit_records set action = 'x'"],
    ['a delete', 'delete from audit_records'],
    ['a truncate', 'truncate audit_records'],
    ['an update in replica mode', "set local session_replication_role = replica; update audit_records set action = 'x'"],
    ['a delete of the head row', 'delete from audit_head'],
    ['a truncate of the head row', 'truncate audit_head'],
    ['a head row that goes back', 'update audit_head set sequence = 1'],
  ])('refuses %s', async (_name, sql) => {
    await fixture.append(reservationEvents(2))
    await expect(fixture.database.transaction(async (client) => client.query(sql))).rejects.toThrow('the audit log only grows')
    expect(await fixture.sequences()).toEqual(oneTo(2))
  })
})
