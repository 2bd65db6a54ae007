import { generateKeyPairSync } from 'node:crypto'

import { HoldfastError } from '@holdfast/service'
import jwt from 'jsonwebtoken'

import { createCheckpointKey } from '../src/checkpoint'
import { publishCheckpoint } from '../src/publish-checkpoints'
import { readHead } from '../src/sql/checkpoints'
import { Verifier } from '../src/verify'
import { context, type Fixture, log, openFixture, reservationEvents } from './fixture'

const newKey = (): string =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey

const pem = newKey()
const key = createCheckpointKey(pem)
let fixture: Fixture
beforeEach(async () => {
  fixture = await openFixture()
  await fixture.append(reservationEvents(6))
})
afterEach(async () => fixture.close())

const keep = async () => key.read(key.sign(await readHead(fixture.database.pool)).signature)
const verify = async (kept: Awaited<ReturnType<typeof keep>>) =>
  (await new Verifier(fixture.database).verify(context(), kept)).finding
/** Cuts the log off behind a record, and makes the head row fit: the chain by itself is whole. */
const cutOffBehind = async (sequence: number) =>
  fixture.tamper(`delete from audit_records where sequence > ${sequence};
    update audit_head set sequence = ${sequence}, hash = (select hash from audit_records where sequence = ${sequence})`)

describe('a checkpoint that was kept', () => {
  it('fits the log that it was made of, also when that has grown', async () => {
    const kept = await keep()
    expect(await verify(kept)).toBeUndefined()
    await fixture.append(reservationEvents(3))
    expect(await verify(kept)).toBeUndefined()
  })

  it('shows a tail that was cut off together with the head row', async () => {
    const kept = await keep()
    await cutOffBehind(4)
    expect(await new Verifier(fixture.database).verify(context())).toMatchObject({ finding: undefined })
    expect(await verify(kept)).toEqual({ sequence: 5n, problem: 'removed: the checkpoint says that the log went on to 6' })
  })

  it('shows a tail that was written anew, with every hash made to fit', async () => {
    const kept = await keep()
    await cutOffBehind(4)
    await fixture.append(reservationEvents(4))
    expect(await new Verifier(fixture.database).verify(context())).toMatchObject({ finding: undefined, checked: 8n })
    expect(await verify(kept)).toEqual({
      sequence: 6n,
      problem: expect.stringMatching(/^changed, it or a record before it/) as string,
    })
  })

  it('of an empty log fits every log', async () => {
    expect(await verify({ sequence: 0n, hash: '0'.repeat(64) })).toBeUndefined()
  })

  it.each([
    ['another key', () => createCheckpointKey(newKey()).sign({ sequence: 1n, hash: 'a'.repeat(64) }).signature],
    [
      'a token of the same key',
      () => jwt.sign({ sequence: '1', hash: 'a'.repeat(64) }, pem, { algorithm: 'ES256', issuer: 'audit' }),
    ],
    ['no signature', () => jwt.sign({ sequence: '1', hash: 'a'.repeat(64) }, '', { algorithm: 'none' })],
    [
      'other claims',
      () =>
        jwt.sign({ sequence: '1' }, pem, {
          algorithm: 'ES256',
          issuer: 'audit',
          header: { alg: 'ES256', typ: 'audit-checkpoint+jwt' },
        }),
    ],
    ['no token at all', () => 'x'],
  ])('is refused when it is of %s', (_what, make) => {
    expect(() => key.read(make())).toThrow(HoldfastError)
  })
})

describe('publishing checkpoints', () => {
  const publish = async () =>
    publishCheckpoint({ database: fixture.database, key, intervalMs: 1_000, published: () => undefined, log })
  const published = async () =>
    (
      await fixture.database.pool.query<{
        version: bigint
        data: { after: { sequence: string; hash: string; signature: string } }
      }>(`select aggregate_version as version, data from outbox where type = 'holdfast.audit.checkpointed.v1' order by place`)
    ).rows

  it('tells the signed end of the log, once for each end', async () => {
    expect(await publish()).toBe(true)
    expect(await publish()).toBe(false)
    await fixture.append(reservationEvents(2))
    expect(await Promise.all([publish(), publish(), publish()])).toContain(true)
    const rows = await published()
    expect(rows.map((row) => row.version)).toEqual([6n, 8n])
    const head = await readHead(fixture.database.pool)
    const last = rows[1]?.data.after
    expect(key.read(last?.signature ?? '')).toEqual(head)
    expect(last).toMatchObject({ sequence: '8', hash: head.hash })
  })

  it('says nothing of an empty log', async () => {
    const empty = await openFixture()
    expect(await publishCheckpoint({ database: empty.database, key, intervalMs: 1_000, published: () => undefined, log })).toBe(
      false,
    )
    await empty.close()
  })
})
