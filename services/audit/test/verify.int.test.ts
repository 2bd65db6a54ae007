import { recordHash } from '../src/record-hash'
import { findRecord } from '../src/sql/list-records'
import { type Verification, Verifier } from '../src/verify'
import { context, type Fixture, openFixture, reservationEvents } from './fixture'

let fixture: Fixture
beforeEach(async () => {
  fixture = await openFixture()
  await fixture.append(reservationEvents(4))
  await fixture.append(reservationEvents(6))
})
afterEach(async () => fixture.close())

const verify = async (): Promise<Verification> => new Verifier(fixture.database).verify(context())
const columns =
  'event_id, at, action, actor_id, actor_role, object_type, object_id, before, after, request_id, previous_hash, hash'

async function expectFinding(sequence: bigint, problem: string): Promise<void> {
  const { finding } = await verify()
  expect(finding).toEqual({ sequence, problem: expect.stringMatching(problem) as string })
}

describe('verification', () => {
  it('finds nothing in a log that nobody touched, and names its last hash', async () => {
    const { rows } = await fixture.database.pool.query<{ hash: string }>(`select encode(hash, 'hex') as hash from audit_head`)
    expect(await verify()).toEqual({ finding: undefined, checked: 10n, lastHash: rows[0]?.hash })
  })

  it('finds nothing in an empty log', async () => {
    await fixture.tamper(`delete from audit_records; update audit_head set sequence = 0, hash = decode(repeat('00', 32), 'hex')`)
    expect(await verify()).toEqual({ finding: undefined, checked: 0n, lastHash: '0'.repeat(64) })
  })

  it.each([
    `action = 'reservation.cancelled'`,
    `actor_id = 'someone else'`,
    `actor_role = 'ADMIN'`,
    `at = at + interval '1 ms'`,
    `object_type = 'order'`,
    `object_id = 'r9'`,
    `request_id = 'other'`,
    `before = '{}'`,
    `after = after || '{"number":7}'`,
    `event_id = gen_random_uuid()`,
    `hash = decode(repeat('ab', 32), 'hex')`,
    `previous_hash = decode(repeat('ab', 32), 'hex')`,
  ])('names a changed record: %s', async (change) => {
    await fixture.tamper(`update audit_records set ${change} where sequence in (5, 8)`)
    await expectFinding(5n, 'changed')
  })

  it('names a record whose hash was made to fit, by the one after it', async () => {
    // The hash of another log's fifth record: whole in itself, and after the same fourth one.
    await fixture.tamper(`create table kept as select * from audit_records where sequence > 4;
      delete from audit_records where sequence > 4;
      update audit_head set sequence = 4, hash = (select hash from audit_records where sequence = 4)`)
    await fixture.append(reservationEvents(1))
    await fixture.tamper(`insert into audit_records select * from kept where sequence > 5;
      update audit_head set sequence = 10, hash = (select hash from kept where sequence = 10)`)
    await expectFinding(5n, 'hash made to fit')
  })

  it('names a last record whose hash was made to fit, by the head row', async () => {
    await fixture.tamper(`create table kept_head as select * from audit_head;
      delete from audit_records where sequence > 9;
      update audit_head set sequence = 9, hash = (select hash from audit_records where sequence = 9)`)
    await fixture.append(reservationEvents(1))
    await fixture.tamper('update audit_head set hash = kept_head.hash from kept_head')
    await expectFinding(10n, 'head row')
  })

  it('names a removed record', async () => {
    await fixture.tamper('delete from audit_records where sequence = 6')
    await expectFinding(6n, 'removed')
  })

  it('names the first of several removed records, also at the beginning', async () => {
    await fixture.tamper('delete from audit_records where sequence in (1, 2, 7)')
    await expectFinding(1n, 'removed')
  })

  it('names a removed record when the ones after it were given new numbers', async () => {
    await fixture.tamper(`delete from audit_records where sequence = 6;
      update audit_records set sequence = sequence + 89 where sequence > 6;
      update audit_records set sequence = sequence - 90 where sequence > 90;
      update audit_head set sequence = 9`)
    await expectFinding(6n, 'removed')
  })

  it('names an inserted record when the ones after it were given new numbers', async () => {
    await fixture.tamper(`update audit_records set sequence = sequence + 101 where sequence >= 6;
      update audit_records set sequence = sequence - 100 where sequence > 100;
      update audit_head set sequence = 11`)
    await insertWhole(6)
    await expectFinding(6n, 'added')
  })

  it('names an inserted record whose hash is wrong', async () => {
    await fixture.tamper(`update audit_records set sequence = sequence + 101 where sequence >= 6;
      update audit_records set sequence = sequence - 100 where sequence > 100;
      update audit_head set sequence = 11;
      insert into audit_records (sequence, ${columns})
        select 6, gen_random_uuid(), at, action, actor_id, actor_role, object_type, object_id, before, after, request_id,
               previous_hash, hash from audit_records where sequence = 5`)
    await expectFinding(6n, 'changed')
  })

  it('names a record added behind the end', async () => {
    await fixture.tamper(`insert into audit_records (sequence, ${columns})
      select 11, gen_random_uuid(), at, action, actor_id, actor_role, object_type, object_id, before, after, request_id,
             hash, hash from audit_records where sequence = 10`)
    await expectFinding(11n, 'added')
  })

  it('names a number that is there twice', async () => {
    await fixture.tamper(`alter table audit_records drop constraint audit_records_pkey;
      alter table audit_records drop constraint audit_records_event_id_key;
      insert into audit_records select * from audit_records where sequence = 3`)
    await expectFinding(3n, 'added')
  })

  it('names the first of two records that changed places', async () => {
    await fixture.tamper(`update audit_records set sequence = 100 where sequence = 4;
      update audit_records set sequence = 4 where sequence = 5;
      update audit_records set sequence = 5 where sequence = 100`)
    await expectFinding(4n, 'reordered')
  })

  it('names the first record of a tail that was cut off', async () => {
    await fixture.tamper('delete from audit_records where sequence > 7')
    await expectFinding(8n, 'removed')
  })

  it('says when the head row is gone', async () => {
    await fixture.tamper('delete from audit_head')
    await expectFinding(11n, 'head row is gone')
  })

  it('answers DEADLINE_EXCEEDED, with how far it came, when the time is too short', async () => {
    const ctx = { ...context(), deadline: Date.now() }
    await expect(new Verifier(fixture.database).verify(ctx)).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: '10 of 10 records were in order when the time was over; call with a longer deadline',
    })
  })

  it('sees one moment, whatever is appended meanwhile', async () => {
    const growing = { on: true }
    const append = async (): Promise<void> => {
      while (growing.on) await fixture.append(reservationEvents(20))
    }
    const appending = append()
    for (let round = 0; round < 20; round++) expect((await verify()).finding).toBeUndefined()
    growing.on = false
    await appending
    expect((await verify()).checked).toBeGreaterThan(10n)
  })

  it('lets only a few run at once', async () => {
    const verifier = new Verifier(fixture.database)
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, async () => verifier.verify(context())))
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(refused.map((outcome) => (outcome.reason as { code: string }).code)).toEqual(['OVERLOADED', 'OVERLOADED'])
    expect((await verifier.verify(context())).finding).toBeUndefined()
  })
})

/** A record with a hash that fits it and the record before. */
async function insertWhole(sequence: number): Promise<void> {
  const before = await findRecord(fixture.database.pool, BigInt(sequence - 1))
  if (before === undefined) throw new Error('no record before')
  const forged = { ...before, sequence: BigInt(sequence), eventId: '0b6f0f0e-7f2f-4a7e-9d3b-2f1f8a0c1d2e', objectId: 'forged' }
  await fixture.tamper(`insert into audit_records (sequence, ${columns})
    select ${sequence}, '${forged.eventId}', at, action, actor_id, actor_role, object_type, 'forged', before, after, request_id,
           hash, decode('${recordHash(before.hash, forged)}', 'hex') from audit_records where sequence = ${sequence - 1}`)
}
