import { AuditRecord, ListAuditRecordsRequest, type ListAuditRecordsResponse } from '@holdfast/contracts/audit'

import { get, list } from '../src/list'
import { type Fixture, openFixture, reservationEvent, reservationEvents } from './fixture'

let fixture: Fixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(async () => fixture.close())

const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 31, 10, minute))
const listAll = async (filter: Partial<ListAuditRecordsRequest>): Promise<ListAuditRecordsResponse> =>
  list(fixture.database, ListAuditRecordsRequest.fromPartial(filter))
const found = async (filter: Partial<ListAuditRecordsRequest>): Promise<bigint[]> =>
  (await listAll(filter)).records.map((record) => record.sequence)

beforeAll(async () => {
  await fixture.append([
    reservationEvent({
      subject: 'r1',
      requestId: 'q1',
      at: at(1),
      data: { after: { amountMinor: '9007199254740993', note: null } },
    }),
    reservationEvent({
      type: 'holdfast.reservation.cancelled.v1',
      subject: 'r1',
      actor: { id: 'u2', role: 'ADMIN' },
      requestId: 'q2',
      at: at(2),
      data: { before: { status: 'ACTIVE' }, after: { status: 'CANCELLED' } },
    }),
    reservationEvent({ type: 'holdfast.order.placed.v1', subject: 'o1', requestId: 'q1', at: at(3) }),
    reservationEvent({
      type: 'com.example.unknown',
      subject: 'x1',
      actor: { id: 'expiry', role: 'SERVICE' },
      at: at(4),
      data: [1],
    }),
  ])
})

describe('the list', () => {
  it('is newest first', async () => {
    expect(await found({})).toEqual([4n, 3n, 2n, 1n])
  })

  it.each<[string, Partial<ListAuditRecordsRequest>, bigint[]]>([
    ['action', { action: 'reservation.cancelled' }, [2n]],
    ['object type', { objectType: 'reservation' }, [2n, 1n]],
    ['object', { objectType: 'reservation', objectId: 'r1' }, [2n, 1n]],
    ['actor', { actorId: 'u2' }, [2n]],
    ['request id', { requestId: 'q1' }, [3n, 1n]],
    ['the time from which on, inclusive', { after: at(3) }, [4n, 3n]],
    ['the time up to which, exclusive', { before: at(3) }, [2n, 1n]],
    ['a span of time', { after: at(2), before: at(4) }, [3n, 2n]],
    ['object type and time', { objectType: 'reservation', after: at(2) }, [2n]],
    ['object type of which nothing is there', { objectType: 'reserv' }, []],
    ['several at once', { requestId: 'q1', objectType: 'order' }, [3n]],
    ['what is not there', { actorId: 'nobody' }, []],
    ['text that no database row can hold', { objectId: 'r\0' }, []],
  ])('filters by %s', async (_name, filter, expected) => {
    expect(await found(filter)).toEqual(expected)
  })

  it('has pages that do not shift when records are added', async () => {
    const first = await listAll({ pageSize: 3 })
    expect(first.records.map((record) => record.sequence)).toEqual([4n, 3n, 2n])
    const other = await openFixture()
    await other.append(reservationEvents(5))
    const page = await list(other.database, ListAuditRecordsRequest.fromPartial({ pageSize: 2 }))
    await other.append(reservationEvents(3))
    const next = await list(other.database, ListAuditRecordsRequest.fromPartial({ pageSize: 2, pageToken: page.nextPageToken }))
    const last = await list(other.database, ListAuditRecordsRequest.fromPartial({ pageSize: 2, pageToken: next.nextPageToken }))
    await other.close()
    expect([page, next, last].map(({ records }) => records.map((record) => record.sequence))).toEqual([[5n, 4n], [3n, 2n], [1n]])
    expect(last.nextPageToken).toBe('')
  })

  it('is oldest first when asked, page by page, and then comes to what was added meanwhile', async () => {
    const other = await openFixture()
    await other.append(reservationEvents(3))
    const ask = { pageSize: 2, oldestFirst: true }
    const page = await list(other.database, ListAuditRecordsRequest.fromPartial(ask))
    await other.append(reservationEvents(1))
    const next = await list(other.database, ListAuditRecordsRequest.fromPartial({ ...ask, pageToken: page.nextPageToken }))
    await other.close()
    expect([page, next].map(({ records }) => records.map((record) => record.sequence))).toEqual([
      [1n, 2n],
      [3n, 4n],
    ])
    expect(next.nextPageToken).toBe('')
  })

  it('puts the actions of one object type in their order, page by page, both ways', async () => {
    const other = await openFixture()
    const types = ['created', 'expired', 'created', 'extended', 'cancelled', 'created', 'expired']
    const events = types.map((type) => reservationEvent({ type: `holdfast.reservation.${type}.v1` }))
    await other.append(events.flatMap((event) => [event, reservationEvent({ type: 'holdfast.order.placed.v1' })]))
    const pages = async (oldestFirst: boolean): Promise<bigint[]> => {
      const seen: bigint[] = []
      let pageToken = ''
      do {
        const ask = ListAuditRecordsRequest.fromPartial({ objectType: 'reservation', pageSize: 2, oldestFirst, pageToken })
        const page = await list(other.database, ask)
        seen.push(...page.records.map((record) => record.sequence))
        pageToken = page.nextPageToken
      } while (pageToken !== '')
      return seen
    }
    const odd = types.map((_, index) => BigInt(2 * index + 1))
    const [oldest, newest] = [await pages(true), await pages(false)]
    await other.close()
    expect(oldest).toEqual(odd)
    expect(newest).toEqual(odd.toReversed())
  })

  it('has shorter pages where records are long, and misses none', async () => {
    const other = await openFixture()
    const data = { after: { text: 'x'.repeat(2_000_000) } }
    await other.append(Array.from({ length: 3 }, () => reservationEvent({ data })))
    const seen: bigint[] = []
    let pageToken = ''
    do {
      const page = await list(other.database, ListAuditRecordsRequest.fromPartial({ pageSize: 500, pageToken }))
      expect(page.records).toHaveLength(1)
      seen.push(...page.records.map((record) => record.sequence))
      pageToken = page.nextPageToken
    } while (pageToken !== '')
    await other.close()
    expect(seen).toEqual([3n, 2n, 1n])
  })

  it.each<[string, Partial<ListAuditRecordsRequest>, string]>([
    ['a page size over 500', { pageSize: 501 }, 'pageSize'],
    ['a negative page size', { pageSize: -1 }, 'pageSize'],
    ['a time that no calendar has', { after: new Date(NaN) }, 'after'],
    ['a time beyond the year 9999', { before: new Date(8_640_000_000_000_000) }, 'before'],
    ['a page token of another kind', { pageToken: 'abc' }, 'pageToken'],
    ['a span that ends before it begins', { after: at(3), before: at(2) }, 'before'],
  ])('refuses %s', async (_name, filter, field) => {
    await expect(listAll(filter)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', fields: [{ field }] })
  })
})

describe('a record', () => {
  it('has the shape that clients see, over the wire and back', async () => {
    const record = await get(fixture.database, 1n)
    const received = AuditRecord.decode(AuditRecord.encode(record).finish())
    expect(AuditRecord.toJSON(received)).toEqual({
      sequence: '1',
      at: '2026-01-31T10:01:00.000Z',
      action: 'reservation.created',
      actor: { id: 'u1', role: 'USER' },
      objectType: 'reservation',
      objectId: 'r1',
      after: { amountMinor: '9007199254740993', note: null },
      requestId: 'q1',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      previousHash: '0'.repeat(64),
      eventId: expect.any(String) as string,
    })
  })

  it('of an unknown event type keeps what the event said', async () => {
    expect(await get(fixture.database, 4n)).toMatchObject({
      action: 'com.example.unknown',
      objectType: 'com',
      objectId: 'x1',
      actor: { id: 'expiry', role: 'SERVICE' },
      before: undefined,
      after: { data: [1] },
    })
  })

  it('that is not there is NOT_FOUND, and no number of one INVALID_ARGUMENT', async () => {
    await expect(get(fixture.database, 5n)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(get(fixture.database, 0n)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})
