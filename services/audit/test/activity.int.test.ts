import {
  ActivityFigures,
  GetActivityRequest,
  type GetActivityRequest_Bucket as Bucket,
  type GetActivityRequest_TopBy as TopBy,
  type GetActivityResponse,
} from '@holdfast/contracts/audit'
import type { PublishedEvent } from '@holdfast/events'
import { type CallContext, type Database, HoldfastError } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'

import { getActivity } from '../src/activity/get-activity'
import { foldNext, startActivity } from '../src/activity/project'
import { rebuildActivity } from '../src/activity/rebuild'
import { RecentActivity } from '../src/activity/recent'
import { appendRecords } from '../src/append'
import { context, type Fixture, log, openFixture, reservationEvent } from './fixture'
import { orderStory, reservationStory, type SoldLine } from './shop-day'

let fixture: Fixture
beforeEach(async () => {
  fixture = await openFixture()
})
afterEach(async () => fixture.close())

const at = (hour: number, minute: number, second = 0, ms = 0): Date => new Date(Date.UTC(2026, 0, 31, hour, minute, second, ms))
const day = { from: at(0, 0), to: at(24, 0) }
const lamp: SoldLine = { sku: 'LAMP', quantity: 2, price: 1_000n }
const chair: SoldLine = { sku: 'CHAIR', quantity: 1, price: 9_999n }
const teapot: SoldLine = { sku: 'TEAPOT', quantity: 3, price: 500n, currency: 'EUR' }

/** Four reservations of ten o'clock and one of eleven; two orders are paid, and one of them is given back the next hour. */
const story = (): PublishedEvent[] => [
  ...reservationStory(at(10, 0, 5), [lamp, chair], 'ACTIVE', 'COMMITTED'),
  ...orderStory([lamp, chair], ['confirmed', at(10, 2), 'CONFIRMED'], ['transitioned', at(10, 3), 'PROCESSING']),
  ...reservationStory(at(10, 0, 30), [teapot], 'COMMITTED'),
  ...orderStory(
    [teapot],
    ['placed', at(10, 0, 31), 'PENDING'],
    ['payment_declined', at(10, 0, 40), 'PENDING'],
    ['confirmed', at(10, 1), 'CONFIRMED'],
    ['cancelled', at(11, 0), 'CANCELLED'],
    ['refunded', at(11, 1), 'CANCELLED'],
  ),
  ...reservationStory(at(10, 1), [lamp], 'CANCELLED'),
  ...orderStory([lamp], ['placed', at(10, 1), 'PENDING'], ['cancelled', at(10, 1, 5), 'CANCELLED']),
  ...reservationStory(at(10, 59, 59, 999), [lamp], 'EXPIRED'),
  ...reservationStory(at(11, 0), [chair]),
]

const foldAll = async (database = fixture.database, most?: number): Promise<void> => {
  while (await foldNext(database, log, { most }));
}
const ask = async (request: Partial<GetActivityRequest> = {}): Promise<GetActivityResponse> =>
  getActivity(fixture.database, GetActivityRequest.fromPartial({ ...day, ...request }), context())
const rebuild = async (ctx: CallContext = context()) => rebuildActivity(fixture.database, { clientToken: '' }, ctx)
/** All that can be asked for, as of now. */
const figures = async () => {
  const { totals, buckets, topSkus } = await ask({ bucket: 'MINUTE', top: 100 })
  return {
    totals,
    topSkus,
    buckets: buckets.filter(({ figures: some }) => JSON.stringify(ActivityFigures.toJSON(some!)) !== '{}'),
  }
}

describe('activity', () => {
  it('counts reservations where they were created, orders and money when they moved', async () => {
    await fixture.append(story())
    await foldAll()
    const { totals, buckets, topSkus, projection } = await ask()
    expect(projection).toEqual({ generation: 1, sequence: 19n, headSequence: 19n })
    expect(totals).toEqual({
      reservationsCreated: 5n,
      unitsReserved: 3n + 3n + 2n + 2n + 1n,
      reservationsCommitted: 2n,
      reservationsCancelled: 1n,
      reservationsExpired: 1n,
      reservationsActive: 1n,
      conversionRate: 0.4,
      expiryRate: 0.2,
      ordersConfirmed: 2n,
      ordersCancelled: 1n,
      revenue: [
        { currency: 'EUR', amountMinor: 1_500n },
        { currency: 'USD', amountMinor: 11_999n },
      ],
      refunds: [{ currency: 'EUR', amountMinor: 1_500n }],
    })
    expect(buckets).toHaveLength(24)
    expect(buckets[10]?.figures).toMatchObject({ reservationsCreated: 4n, reservationsExpired: 1n, refunds: [] })
    expect(buckets[11]?.figures).toMatchObject({
      reservationsCreated: 1n,
      reservationsActive: 1n,
      ordersCancelled: 1n,
      revenue: [],
      refunds: [{ currency: 'EUR', amountMinor: 1_500n }],
    })
    expect(topSkus).toEqual([
      { sku: 'TEAPOT', unitsReserved: 3n, unitsSold: 3n, revenue: { currency: 'EUR', amountMinor: 1_500n } },
      { sku: 'CHAIR', unitsReserved: 2n, unitsSold: 1n, revenue: { currency: 'USD', amountMinor: 9_999n } },
      { sku: 'LAMP', unitsReserved: 6n, unitsSold: 2n, revenue: { currency: 'USD', amountMinor: 2_000n } },
    ])
  })

  it('comes to the same from what is in memory, from the log, and from both in turn', async () => {
    const recent = new RecentActivity(log)
    const appendHere = async (events: PublishedEvent[]) => {
      const records = await fixture.database.transaction(async (client) => appendRecords(client, events))
      recent.add(records)
    }
    const events = story()
    // The fourth to the seventh, and the last ones, are appended by somebody else.
    await appendHere(events.slice(0, 3))
    await fixture.append(events.slice(3, 7))
    await appendHere(events.slice(7, 12))
    await appendHere(events.slice(12, 15))
    await fixture.append(events.slice(15))
    while (await foldNext(fixture.database, log, { recent, most: 3 }));
    while (await foldNext(fixture.database, log, { recent }));
    await foldNext(fixture.database, log, { recent })
    await foldNext(fixture.database, log, { recent })
    await foldAll()
    const shown = await figures()
    expect(shown.totals).toMatchObject({ reservationsCreated: 5n, ordersConfirmed: 2n })
    await rebuild()
    await foldAll()
    expect(await figures()).toEqual(shown)
  })

  it('puts each moment into its own minute, and shows the ones in which nothing happened', async () => {
    await fixture.append(story())
    await foldAll()
    const { from, to, buckets } = await ask({ bucket: 'MINUTE', from: at(10, 58, 30), to: at(11, 1, 0, 1) })
    expect([from, to]).toEqual([at(10, 58), at(11, 2)])
    expect(buckets.map(({ start }) => start)).toEqual([at(10, 58), at(10, 59), at(11, 0), at(11, 1)])
    expect(buckets.map((bucket) => bucket.figures?.reservationsCreated)).toEqual([0n, 1n, 1n, 0n])
    expect(buckets.map((bucket) => bucket.figures?.expiryRate)).toEqual([undefined, 1, 0, undefined])
    expect((await ask({ bucket: 'MINUTE', from: at(10, 59), to: at(11, 0) })).totals?.reservationsCreated).toBe(1n)
  })

  it.each<[Bucket, number, Date, Date]>([
    ['MINUTE', 1_440, at(0, 0), at(24, 0)],
    ['HOUR', 24, at(0, 0), at(24, 0)],
    ['DAY', 1, at(0, 0), at(24, 0)],
    ['BUCKET_UNSPECIFIED', 24, at(0, 0), at(24, 0)],
  ])('has the same totals by the %s', async (bucket, count, from, to) => {
    await fixture.append(story())
    await foldAll()
    const answer = await ask({ bucket })
    expect(answer).toMatchObject({ from, to, totals: (await ask()).totals, topSkus: (await ask()).topSkus })
    expect(answer.buckets).toHaveLength(count)
    const created = answer.buckets.reduce((sum, { figures: some }) => sum + (some?.reservationsCreated ?? 0n), 0n)
    expect(created).toBe(5n)
  })

  it.each<[TopBy, string[]]>([
    ['TOP_BY_UNSPECIFIED', ['TEAPOT', 'CHAIR']],
    ['REVENUE', ['TEAPOT', 'CHAIR']],
    ['UNITS_SOLD', ['TEAPOT', 'LAMP']],
    ['UNITS_RESERVED', ['TEAPOT', 'LAMP']],
  ])('names the first of each currency by %s', async (topBy, skus) => {
    await fixture.append(story())
    await foldAll()
    expect((await ask({ top: 1, topBy })).topSkus.map(({ sku }) => sku)).toEqual(skus)
  })

  it('tells of the last 24 hours when nobody asks for another time', async () => {
    const anHourAgo = new Date(Date.now() - 3_600_000)
    await fixture.append([...reservationStory(anHourAgo, [lamp]), ...reservationStory(at(10, 0), [lamp])])
    await foldAll()
    const { totals, buckets } = await ask({ from: undefined, to: undefined })
    expect(totals?.reservationsCreated).toBe(1n)
    expect(buckets).toHaveLength(25)
  })

  it('adds up to the most that an int64 holds', async () => {
    const gold: SoldLine = { sku: 'GOLD', quantity: 1, price: 10n ** 18n - 1n }
    const sold = Array.from({ length: 10 }, () => orderStory([gold], ['confirmed', at(10, 0), 'CONFIRMED']))
    await fixture.append(sold.flat())
    await foldAll()
    const { totals, topSkus } = await ask()
    const most = { currency: 'USD', amountMinor: 2n ** 63n - 1n }
    expect([totals?.revenue, topSkus.map(({ revenue }) => revenue)]).toEqual([[most], [most]])
  })
})

describe('a record', () => {
  it('of a type that is not known, or with content that nobody can read, stops nothing', async () => {
    const created = 'holdfast.reservation.created.v1'
    const lines = (line: object) => ({
      after: { createdAt: at(10, 0), lines: [{ sku: 'A', unitPrice: { currency: 'USD' }, ...line }] },
    })
    await fixture.append([
      reservationEvent({ type: 'holdfast.reservation.gifted.v3', data: { after: { createdAt: at(10, 0) } } }),
      reservationEvent({ type: 'holdfast.stock.adjusted.v1', data: { movement: 3 } }),
      reservationEvent({ type: created, data: { after: { status: 'ACTIVE' } } }),
      reservationEvent({ type: created, data: { after: { createdAt: 'yesterday' } } }),
      reservationEvent({ type: created, data: { after: { createdAt: '+200000-01-01T00:00:00Z' } } }),
      reservationEvent({ type: created, data: null }),
      reservationEvent({ type: created, data: lines({ quantity: 'many' }) }),
      reservationEvent({ type: created, data: lines({ quantity: 1e18 }) }),
      reservationEvent({ type: created, data: lines({ quantity: 1, sku: 'A'.repeat(5_000) }) }),
      reservationEvent({ type: created, data: lines({ quantity: 1, unitPrice: { currency: 'USD', amountMinor: 'free' } }) }),
      reservationEvent({ type: 'holdfast.order.confirmed.v1', data: { after: { status: 'CONFIRMED' } } }),
      reservationEvent({ type: 'holdfast.order.cancelled.v1', data: { after: 'gone' } }),
      ...reservationStory(at(10, 0), [lamp], 'COMMITTED'),
    ])
    await foldAll()
    const { totals, projection, topSkus } = await ask()
    expect(projection?.sequence).toBe(14n)
    expect(totals).toMatchObject({ reservationsCreated: 1n, unitsReserved: 2n, conversionRate: 1, ordersConfirmed: 0n })
    expect(topSkus).toEqual([])
  })

  it('may come before the one that it follows', async () => {
    const events = story()
    await fixture.append(events.toReversed())
    await foldAll(fixture.database, 3)
    const reversed = await figures()
    const { totals } = await ask()
    expect(totals).toMatchObject({ reservationsCreated: 5n, conversionRate: 0.4, expiryRate: 0.2, ordersConfirmed: 2n })
    await fixture.close()
    fixture = await openFixture()
    await fixture.append(events)
    await foldAll()
    expect(reversed).toEqual(await figures())
  })

  it('of a repair moves a reservation to where it belongs', async () => {
    const events = reservationStory(at(10, 0), [lamp], 'EXPIRED', 'COMMITTED')
    const last = events.pop()
    expect(last?.data).toMatchObject({ before: { status: 'EXPIRED' }, after: { status: 'COMMITTED' } })
    await fixture.append([...events, reservationEvent({ ...last, type: 'holdfast.reservation.repaired.v1' })])
    await foldAll()
    expect((await ask()).totals).toMatchObject({ conversionRate: 1, expiryRate: 0, reservationsActive: 0n })
  })
})

describe('each event is counted once', () => {
  /** Enough for many batches. */
  const stories = Array.from({ length: 30 }, story).flat()

  /** The figures of a projection that nothing has disturbed. */
  const expected = async () => {
    const calm = await openFixture()
    await calm.append(stories)
    await foldAll(calm.database)
    const { totals } = await getActivity(calm.database, GetActivityRequest.fromPartial({ ...day, bucket: 'MINUTE' }), context())
    await calm.close()
    return totals
  }

  it('however often it is delivered, by however many replicas, and with connections that break', async () => {
    const replicas = [fixture.database, await fixture.openReplica(), await fixture.openReplica()]
    const caughtUp = async () => (await ask()).projection?.sequence === BigInt(stories.length)
    const folding = replicas.map(async (replica) => {
      while (!(await caughtUp())) await foldNext(replica, log, { most: 7 }).catch(() => undefined)
    })
    for (let start = 0; start < stories.length; start += 20) {
      await fixture.append(stories.slice(start, start + 20))
      await fixture.append(stories.slice(Math.max(0, start - 20), start + 20))
      await fixture.database.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'audit-replica'`,
      )
    }
    await Promise.all(folding)
    expect((await ask()).totals).toEqual(await expected())
  })

  it('when a process dies before its commit', async () => {
    await fixture.append(stories)
    const { database } = fixture
    const dying: Database = {
      ...database,
      transaction: async (work) =>
        database.transaction(async (client) => {
          await work(client)
          throw new Error('killed')
        }),
    }
    for (let more = true; more;) {
      await expect(foldNext(dying, log, { most: 100 })).rejects.toThrow('killed')
      more = await foldNext(database, log, { most: 100 })
    }
    expect((await ask()).totals).toEqual(await expected())
  })
})

describe('a rebuild', () => {
  it('ends with the same figures, shows the old ones until then, and counts what comes meanwhile', async () => {
    await fixture.append(story())
    await foldAll()
    await fixture.database.pool.query('update activity_minutes set reservations_created = 99')
    const { projection, replayed } = await rebuild()
    expect({ projection, replayed }).toEqual({ projection: { generation: 2, sequence: 0n, headSequence: 19n }, replayed: false })
    await fixture.append(reservationStory(at(12, 0), [lamp]))
    await foldNext(fixture.database, log, { most: 5 })
    const meanwhile = await ask()
    expect(meanwhile).toMatchObject({
      projection: { generation: 1, sequence: 20n },
      rebuilding: { generation: 2, sequence: 5n, headSequence: 20n },
    })
    expect(meanwhile.buckets[12]?.figures?.reservationsCreated).toBe(1n)
    expect(meanwhile.totals?.reservationsCreated).toBeGreaterThan(99n)

    await foldAll(fixture.database, 5)
    const rebuilt = await ask()
    expect(rebuilt).toMatchObject({ projection: { generation: 2, sequence: 20n }, rebuilding: undefined })
    expect(rebuilt.totals).toMatchObject({ reservationsCreated: 6n, conversionRate: 2 / 6, ordersConfirmed: 2n })
    const { rows } = await fixture.database.pool.query(
      `select generation from activity_minutes union select generation from activity_money union select generation from activity_skus`,
    )
    expect(rows).toEqual([{ generation: 2 }])
  })

  it('is one at a time, and leaves one event', async () => {
    await fixture.append(story())
    const answers = await Promise.all([rebuild(), rebuild(), rebuild()])
    expect(answers.map(({ replayed }) => replayed).sort()).toEqual([false, true, true])
    expect(new Set(answers.map(({ projection }) => projection?.generation))).toEqual(new Set([2]))
    const { rows } = await fixture.database.pool.query<{ type: string; audit: boolean }>('select type, audit from outbox')
    expect(rows).toEqual([{ type: 'holdfast.activity.rebuild_started.v1', audit: true }])
  })

  it('that is asked for again with its key is the same one, also when it is long done', async () => {
    const again = { ...context(), idempotencyKey: 'monday' }
    expect(await rebuild(again)).toMatchObject({ replayed: false, projection: { generation: 2 } })
    await foldAll()
    expect(await rebuild()).toMatchObject({ replayed: false, projection: { generation: 3 } })
    await foldAll()
    expect(await rebuild(again)).toMatchObject({ replayed: true, projection: { generation: 2 } })
    expect((await ask()).projection?.generation).toBe(3)
  })
})

test('what is appended is folded when the service is told, and by itself', async () => {
  const activity = startActivity(fixture.database, log)
  const upTo = async (sequence: bigint) =>
    waitFor(async () => (await ask()).projection?.sequence === sequence, { what: `${sequence} records`, timeoutMs: 30_000 })
  await fixture.append(reservationStory(at(10, 0), [lamp]))
  activity.wake()
  await upTo(1n)
  await fixture.append(reservationStory(at(10, 0), [lamp]))
  await upTo(2n)
  await activity.stop()
})

describe('a question', () => {
  it.each<[string, Partial<GetActivityRequest>]>([
    ['from', { from: at(11, 0), to: at(11, 0) }],
    ['from', { from: at(12, 0), to: at(11, 0) }],
    ['from', { from: new Date(Date.now() + 60_000), to: undefined }],
    ['from', { bucket: 'MINUTE', from: at(0, 0), to: at(25, 1) }],
    ['from', { bucket: 'DAY', from: new Date('0001-01-01'), to: at(0, 0) }],
    ['from', { from: new Date(NaN) }],
    ['to', { to: new Date(8.64e15) }],
    ['to', { from: new Date('9999-12-31T10:00:00Z'), to: new Date('9999-12-31T23:59:59Z') }],
    ['bucket', { bucket: 'UNRECOGNIZED' }],
    ['topBy', { topBy: 'UNRECOGNIZED' }],
    ['top', { top: -1 }],
    ['top', { top: 101 }],
  ])('with a wrong %s is refused', async (field, request) => {
    const refused = ask(request)
    await expect(refused).rejects.toThrow(HoldfastError)
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', fields: [{ field }] })
  })
})
