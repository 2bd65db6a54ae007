/** Waiting for what is sold out, over HTTP, with two processes of the reservation and inventory services. */
import { type ProblemReply, type ReservationReply, waitFor } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'

import { expectAudited } from './books'
import { checkOut, countStatuses, one, openShop, reserve, reserved, type Shop, type Shopper, times } from './shop'

interface Entry {
  id: string
  userId: string
  sku: string
  quantity: number
  status: 'WAITING' | 'OFFERED' | 'FULFILLED' | 'LAPSED' | 'LEFT'
  position?: number
  reservationId?: string
  version: number
}
type EntryReply = { entry: Entry; replayed?: boolean } & ProblemReply

const patience = { timeoutMs: 30_000 }

let shop: Shop
beforeAll(async () => {
  shop = await openShop({ replicas: 2 })
})
afterAll(async () => shop.close())
afterEach(async () => shop.expectBalanced())

const join = async (shopper: Shopper, sku: string, quantity = 1, idempotencyKey?: string) =>
  shopper.post<EntryReply>('/v1/waitlist', { sku, quantity }, { idempotencyKey })

/** One who stands in line. */
async function waiter(sku: string, quantity = 1, who?: Shopper): Promise<{ shopper: Shopper; id: string }> {
  const shopper = who ?? (await shop.shopper())
  const { status, body } = await join(shopper, sku, quantity)
  expect([status, body.entry.status]).toEqual([201, 'WAITING'])
  return { shopper, id: body.entry.id }
}

const entryOf = async ({ shopper, id }: { shopper: Shopper; id: string }): Promise<Entry> =>
  (await shopper.get<EntryReply>(`/v1/waitlist/${id}`)).body.entry

async function until(who: { shopper: Shopper; id: string }, status: Entry['status']): Promise<Entry> {
  return waitFor(
    async () => {
      const entry = await entryOf(who)
      return entry.status === status && entry
    },
    { what: `an entry to be ${status}`, ...patience },
  )
}

/** What is offered to them: a reservation of theirs. */
async function offered(who: { shopper: Shopper; id: string }): Promise<ReservationReply['reservation']> {
  const { reservationId } = await until(who, 'OFFERED')
  const { status, body } = await who.shopper.get<ReservationReply>(`/v1/reservations/${reservationId}`)
  expect(status).toBe(200)
  return body.reservation
}

const add = async (sku: string, delta: number) =>
  shop.admin.post(`/v1/products/${sku}/stock:adjust`, { delta, reason: 'more of it' })

describe('in line', () => {
  test('a cancelled reservation, an adjustment, a receipt and a reservation that expires each go to who is first, once', async () => {
    const sku = await shop.product(2)
    const [buyer, ann, bob, cid, dora] = await times(5, async () => shop.shopper())
    if (buyer === undefined) throw new Error('five were asked for')
    const given = await reserved(buyer, one(sku))
    // All stand in line before it falls due: nobody is registered meanwhile.
    await reserved(buyer, one(sku), { ttlSeconds: 5 })
    const [first, second] = [await waiter(sku, 1, ann), await waiter(sku, 1, bob)]
    const [third, fourth] = [await waiter(sku, 1, cid), await waiter(sku, 1, dora)]
    await buyer.post(`/v1/reservations/${given.id}:cancel`)
    expect(await offered(first)).toMatchObject({ status: 'ACTIVE', lines: [{ sku, quantity: 1 }], ttlSeconds: 600 })
    // That of the other one falls due.
    await offered(second)
    await add(sku, 1)
    await offered(third)
    expect(await entryOf(fourth)).toMatchObject({ status: 'WAITING', position: 1 })
    const { body } = await shop.admin.post<{ shipment: { id: string } }>('/v1/shipments', { lines: one(sku) })
    await shop.admin.post(`/v1/shipments/${body.shipment.id}:receive`, { receiptReference: randomUUID(), lines: one(sku) })
    await offered(fourth)
    expect(await shop.available(sku)).toEqual({ onHand: 4, reserved: 4, available: 0 })
    await expectAudited(shop, first.id, ['waitlist_entry.joined', 'waitlist_entry.offered'])
    await expectAudited(shop, (await entryOf(first)).reservationId ?? '', ['reservation.created'])
  })

  test('20 wait and 5 units trickle in: the first in line that fit have them, nobody twice', async () => {
    const sku = await shop.product(0)
    const large = await waiter(sku, 3)
    const others: { shopper: Shopper; id: string }[] = []
    for (let index = 0; index < 20; index++) others.push(await waiter(sku))
    for (const next of others.slice(0, 5)) {
      await add(sku, 1)
      await offered(next)
    }
    const statuses = await Promise.all(others.map(async (who) => (await entryOf(who)).status))
    expect(statuses).toEqual([...Array<string>(5).fill('OFFERED'), ...Array<string>(15).fill('WAITING')])
    expect(await entryOf(large)).toMatchObject({ status: 'WAITING', position: 1 })
    expect(await shop.available(sku)).toEqual({ onHand: 5, reserved: 5, available: 0 })
    const { body } = await shop.admin.get<{ places: { entry: Entry; ageSeconds?: number }[] }>(`/v1/products/${sku}/waitlist`)
    const line = [large, ...others].map(({ id, shopper }) => ({ id, userId: shopper.user.id }))
    expect(body.places.map(({ entry: { id, userId } }) => ({ id, userId }))).toEqual(line)
    // Once there is enough at once, who is first goes first.
    await add(sku, 3)
    expect((await offered(large)).lines).toMatchObject([{ sku, quantity: 3 }])
  })

  test('what is not checked out lapses and goes to the next; what is, fulfils, also in part; other changes of it do not matter', async () => {
    const sku = await shop.product(0)
    const waiters = [await waiter(sku, 2), await waiter(sku, 2), await waiter(sku, 2)] as const
    await add(sku, 2)
    const lapsing = await offered(waiters[0])
    await waiters[0].shopper.post(`/v1/reservations/${lapsing.id}:cancel`)
    expect(await until(waiters[0], 'LAPSED')).toMatchObject({ reservationId: lapsing.id })
    const changing = await offered(waiters[1])
    await waiters[1].shopper.post(`/v1/reservations/${changing.id}:release`, { lines: one(sku) })
    expect((await entryOf(waiters[1])).status).toBe('OFFERED')
    expect((await checkOut(waiters[1].shopper, changing.id)).body.order).toMatchObject({ status: 'CONFIRMED' })
    await until(waiters[1], 'FULFILLED')
    await add(sku, 1)
    const parted = await offered(waiters[2])
    const part = await waiters[2].shopper.post('/v1/checkout', { reservationId: parted.id, lines: one(sku) })
    expect(part).toMatchObject({ status: 200, body: { order: { status: 'CONFIRMED' } } })
    expect((await entryOf(waiters[2])).status).toBe('OFFERED')
    await waiters[2].shopper.post(`/v1/reservations/${parted.id}:cancel`)
    await until(waiters[2], 'FULFILLED')
    await expectAudited(shop, waiters[0].id, ['waitlist_entry.joined', 'waitlist_entry.offered', 'waitlist_entry.lapsed'])
    await expectAudited(shop, waiters[2].id, ['waitlist_entry.joined', 'waitlist_entry.offered', 'waitlist_entry.fulfilled'])
  })

  test('who is at a limit is passed over, and stays', async () => {
    const sku = await shop.product(1)
    await shop.admin.patch(`/v1/products/${sku}`, { mostPerShopper: 1 })
    const shopper = await shop.shopper()
    const { id: held } = await reserved(shopper, one(sku))
    const limited = { shopper, id: (await join(shopper, sku)).body.entry.id }
    const other = await waiter(sku)
    await add(sku, 1)
    await offered(other)
    expect(await entryOf(limited)).toMatchObject({ status: 'WAITING', position: 1 })
    await shopper.post(`/v1/reservations/${held}:cancel`)
    await offered(limited)
  })
})

describe('joining and leaving', () => {
  test('20 concurrent joins are one entry, without a key and with keys', async () => {
    const [sku, other, shopper] = [await shop.product(0), await shop.product(0), await shop.shopper()]
    const same = await times(20, async () => join(shopper, sku))
    expect(countStatuses(same)).toEqual({ 200: 19, 201: 1 })
    expect(new Set(same.map(({ body }) => body.entry.id)).size).toBe(1)
    const keyed = await times(20, async (index) => join(shopper, other, 1, `key-${index}`))
    expect(countStatuses(keyed)).toEqual({ 201: 1, 409: 19 })
    const made = keyed.findIndex(({ status }) => status === 201)
    expect(keyed[made === 0 ? 1 : 0]?.body).toMatchObject({ code: 'ALREADY_EXISTS', errors: [{ field: 'sku' }] })
    expect(await join(shopper, other, 1, `key-${made}`)).toMatchObject({ status: 200, body: { replayed: true } })
    expect(await join(shopper, other, 2, `key-${made}`)).toMatchObject({ status: 422 })
    expect(await join(shopper, sku, 2)).toMatchObject({ status: 409, body: { code: 'ALREADY_EXISTS' } })
    const { body } = await shopper.get<{ entries: Entry[] }>('/v1/waitlist')
    expect(body.entries.map((entry) => [entry.sku, entry.position])).toEqual([
      [other, 1],
      [sku, 1],
    ])
  })

  test('who leaves is passed, who has an offer has a reservation to cancel, and who has left may come again', async () => {
    const sku = await shop.product(0)
    const [leaver, stayer] = [await waiter(sku), await waiter(sku)]
    const leave = async ({ shopper, id }: typeof leaver) => shopper.delete<EntryReply>(`/v1/waitlist/${id}`)
    expect(await leave(leaver)).toMatchObject({ status: 200, body: { entry: { status: 'LEFT' } } })
    expect(await leave(leaver)).toMatchObject({ status: 200, body: { replayed: true } })
    await add(sku, 1)
    const { id } = await offered(stayer)
    const refused = await leave(stayer)
    expect(refused).toMatchObject({ status: 409, body: { code: 'ILLEGAL_TRANSITION' } })
    expect(refused.body.detail).toContain(id)
    expect(await join(leaver.shopper, sku)).toMatchObject({ status: 201, body: { entry: { position: 1 } } })
    await expectAudited(shop, leaver.id, ['waitlist_entry.joined', 'waitlist_entry.left'])
  })

  test("another's entry looks absent, and what makes no sense is refused by name", async () => {
    const [sku, part] = [await shop.product(0), await shop.product(1)]
    const [mine, other] = [await waiter(sku), await shop.shopper()]
    for (const call of [other.get(`/v1/waitlist/${mine.id}`), other.delete(`/v1/waitlist/${mine.id}`)])
      expect(await call).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
    expect((await other.get<{ entries?: Entry[] }>('/v1/waitlist')).body.entries ?? []).toEqual([])
    expect(await other.get(`/v1/waitlist?userId=${mine.shopper.user.id}`)).toMatchObject({ status: 403 })
    expect(await other.get(`/v1/products/${sku}/waitlist`)).toMatchObject({ status: 403 })
    expect(await shop.admin.get(`/v1/waitlist/${mine.id}`)).toMatchObject({ status: 200 })
    const set = `SET-${randomUUID().slice(0, 8).toUpperCase()}`
    const price = { currency: 'USD', amountMinor: '1' }
    await shop.admin.post('/v1/products', { sku: set, name: 'Set', price, parts: one(part) })
    const wrong = [
      [{ sku: set, quantity: 1 }, 400, 'sku'],
      [{ sku: 'no such', quantity: 1 }, 400, 'sku'],
      [{ sku, quantity: 0 }, 400, 'quantity'],
      [{ sku, quantity: 1_000_001 }, 400, 'quantity'],
      [{ sku, quantity: 1, channel: 'NOWHERE' }, 404, 'channel'],
    ] as const
    for (const [request, status, field] of wrong)
      expect(await other.post('/v1/waitlist', request)).toMatchObject({ status, body: { errors: [{ field }] } })
    expect(await join(other, `NONE-${randomUUID().slice(0, 4).toUpperCase()}`)).toMatchObject({ status: 404 })
  })
})

describe('waitlist first', () => {
  test('50 walk-ins race while units arrive: all go to who waits, and what is more is theirs', async () => {
    const sku = await shop.product(1)
    await shop.admin.patch(`/v1/products/${sku}`, { waitlistFirst: true })
    const waiters = [await waiter(sku, 2)]
    await waitFor(async () => (await shop.available(sku)).available === 0, { what: 'inventory to know', ...patience })
    waiters.push(await waiter(sku, 2), await waiter(sku, 2))
    const walkIns = await times(50, async () => shop.shopper())
    const over = new AbortController()
    const got: string[] = []
    const race = async (shopper: Shopper) => {
      while (!over.signal.aborted) {
        const { status, body } = await reserve(shopper, one(sku))
        if (status === 201) got.push(body.reservation.id)
      }
    }
    const racers = walkIns.map(race)
    for (const [index, who] of waiters.entries()) {
      await add(sku, index === 0 ? 1 : 2)
      await offered(who)
    }
    expect(got).toEqual([])
    await waitFor(
      async () => {
        await add(sku, 1)
        return got.length > 0
      },
      { what: 'a walk-in to have what nobody waits for', ...patience },
    )
    over.abort()
    await Promise.all(racers)
  })
})
