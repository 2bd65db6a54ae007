/** The waitlist against a real database: what crashes, replicas and races leave of it (docs/decisions/035). */
import { Hold_State } from '@holdfast/contracts/inventory'
import { randomUUID } from 'node:crypto'

import { readWaitlist } from '../src/waitlist/metrics'
import { offer, reservationIdOf } from '../src/waitlist/offer'
import { serveNextLine } from '../src/waitlist/serve'
import { settleOffers } from '../src/waitlist/settle'
import { dropOldEntries, findEntry, positionOf } from '../src/waitlist/sql/entries'
import { leaseLine, wakeLines } from '../src/waitlist/sql/lines'
import type { EntryRow } from '../src/waitlist/entry'
import { callContext, codeOf, startWorld, type World } from './world'

let world: World
beforeAll(async () => {
  world = await startWorld({ mostPerUser: 3 })
})
afterAll(async () => world.stop())
beforeEach(async () => world.empty())

const join = async (sku: string, quantity = 1, user = world.user()) =>
  (await world.gateway.createWaitlistEntry({ sku, quantity, channel: '', clientToken: '' }, user.ctx())).entry?.id ?? ''

async function entryOf(id: string): Promise<EntryRow> {
  const row = await findEntry(world.database.pool, id)
  if (row === undefined) throw new Error(`no entry ${id}`)
  return row
}

const statusesOf = async (ids: string[]) => Promise.all(ids.map(async (id) => (await entryOf(id)).status))
const serve = async (parts = world.parts) => serveNextLine(parts, callContext(world.log))
const settle = async () => settleOffers(world.parts, callContext(world.log))
const reservationsOf = async (id: string) =>
  (await world.database.pool.query<{ status: string }>('select status from reservations where id = $1', [id])).rows
const typesOf = async (id: string) => (await world.events(id)).map(({ type }) => type.split('.')[2])

/** As if what was put off, and whoever has a lease, had been so for long. */
const later = async () =>
  world.database.pool.query(`update waitlist_lines set look_at = now(), lease_until = now() - interval '1 second',
                             told_at = told_at - interval '1 minute'`)

async function spoil(sql: string, ...values: unknown[]): Promise<void> {
  expect((await world.database.pool.query(sql, values)).rowCount).toBe(1)
}

test('those who fit are served in the order of the line, and inventory is told what still waits', async () => {
  const ids = [await join('LAMP', 3), await join('LAMP', 1), await join('LAMP', 2), await join('LAMP', 1)]
  world.inventory.stock.set('LAMP', 2)
  await serve()
  expect(await statusesOf(ids)).toEqual(['WAITING', 'OFFERED', 'WAITING', 'OFFERED'])
  expect(world.inventory.waiting.get('LAMP')).toBe(5n)
  expect(await Promise.all(ids.map(async (id) => positionOf(world.database.pool, await entryOf(id))))).toEqual([
    1,
    undefined,
    2,
    undefined,
  ])
  world.inventory.stock.set('LAMP', 5)
  await later()
  await serve()
  expect(await statusesOf(ids)).toEqual(Array(4).fill('OFFERED'))
  expect(world.inventory.waiting.get('LAMP')).toBe(0n)
  expect(await serve()).toBe(false)
})

test('a line of hundreds is served in its order, page by page', async () => {
  const ids: string[] = []
  for (let index = 0; index < 60; index++) ids.push(await join('LAMP'))
  world.inventory.stock.set('LAMP', 55)
  await serve()
  expect((await statusesOf(ids)).map((status) => status === 'OFFERED')).toEqual(ids.map((_, index) => index < 55))
})

test.each(['before', 'after'] as const)(
  'when inventory fails %s it has held, the same hold is what is offered later',
  async (when) => {
    const id = await join('LAMP')
    world.inventory.stock.set('LAMP', 3)
    world.inventory.failNext('hold', when)
    await expect(serve()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await statusesOf([id])).toEqual(['WAITING'])
    expect(await serve()).toBe(false)
    await later()
    await serve()
    expect(await entryOf(id)).toMatchObject({ status: 'OFFERED', reservationId: reservationIdOf({ id, attempt: 1 }) })
    expect(world.inventory.made).toBe(1)
    expect(await typesOf(id)).toEqual(['joined', 'offered'])
  },
)

test('what was held behind one that got no answer goes back, and is for who is first next time', async () => {
  const [first, second, third] = [world.user(), world.user(), world.user()]
  const ids = [await join('LAMP', 1, first), await join('LAMP', 1, second), await join('LAMP', 1, third)]
  world.inventory.stock.set('LAMP', 2)
  world.inventory.failing = second.id
  await expect(serve()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(await statusesOf(ids)).toEqual(['OFFERED', 'WAITING', 'WAITING'])
  expect(world.inventory.stock.get('LAMP')).toBe(1)
  expect(await reservationsOf(reservationIdOf({ id: ids[2] ?? '', attempt: 1 }))).toEqual([{ status: 'ABANDONED' }])
  world.inventory.failing = undefined
  await later()
  await serve()
  expect(await statusesOf(ids)).toEqual(['OFFERED', 'OFFERED', 'WAITING'])
  world.inventory.stock.set('LAMP', 1)
  await later()
  await serve()
  expect(await statusesOf(ids)).toEqual(Array(3).fill('OFFERED'))
})

test('a line that was just served rests, however often its level changes, and is looked at after that', async () => {
  const wake = async (sku: string) => world.database.transaction(async (client) => wakeLines(client, [sku]))
  await join('LAMP', 2)
  await serve()
  // As if that were now, however slow this is.
  await spoil(`update waitlist_lines set served_at = now() + interval '1 minute'`)
  expect(await wake('LAMP')).toBe(1)
  const { rows } = await world.database.pool.query('select from waitlist_lines where look_at > now()')
  expect(rows).toHaveLength(1)
  expect([await serve(), await wake('LAMP'), await wake('LAMP')]).toEqual([false, 0, 0])
  await spoil(`update waitlist_lines set served_at = now() - interval '1 minute'`)
  expect([await wake('LAMP'), await serve()]).toEqual([1, true])
})

test('a line of which something was heard goes before those that only the scan has made due', async () => {
  const ids = [await join('LAMP-0'), await join('LAMP-1'), await join('LAMP-2')]
  while (await serve());
  await world.database.pool.query(`update waitlist_lines set look_at = now() - interval '1 hour', served_at = null`)
  for (const index of [0, 1, 2]) world.inventory.stock.set(`LAMP-${index}`, 1)
  await world.database.transaction(async (client) => wakeLines(client, ['LAMP-2']))
  await serve()
  expect(await statusesOf(ids)).toEqual(['WAITING', 'WAITING', 'OFFERED'])
})

test('two replicas share the lines: each is served by one of them', async () => {
  const skus = Array.from({ length: 12 }, (_, index) => `LAMP-${index}`)
  const ids = await Promise.all(skus.map(async (sku) => join(sku)))
  for (const sku of skus) world.inventory.stock.set(sku, 5)
  const replicas = [world.parts, world.replica()]
  await Promise.all(
    [0, 1, 0, 1].map(async (which) => {
      while (await serve(replicas[which]));
    }),
  )
  expect(await statusesOf(ids)).toEqual(skus.map(() => 'OFFERED'))
  expect([world.inventory.made, world.inventory.asked.hold]).toEqual([12, 12])
})

test('who goes on serving after its lease has lapsed makes nothing twice', async () => {
  const id = await join('LAMP')
  world.inventory.stock.set('LAMP', 3)
  const seen = await entryOf(id)
  await leaseLine(world.database.pool, 10_000, 10_000)
  expect(await serve()).toBe(false)
  await later()
  await serve(world.replica())
  const hold = world.inventory.holdOf(reservationIdOf(seen))
  expect(await offer(world.parts, 'LAMP', [{ entry: seen, hold }], callContext(world.log))).toEqual(['OFFERED'])
  expect(await typesOf(id)).toEqual(['joined', 'offered'])
  expect(await typesOf(hold.id)).toEqual(['created'])
  expect(world.inventory.stock.get('LAMP')).toBe(2)
})

test('who has left while their units were being held gets nothing, and the units go back however long that took', async () => {
  const [user, other] = [world.user(), world.user()]
  const id = await join('LAMP', 2, user)
  world.inventory.stock.set('LAMP', 2)
  const seen = await entryOf(id)
  world.inventory.failNext('hold', 'after')
  await expect(serve()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(await codeOf(world.gateway.deleteWaitlistEntry({ id }, other.ctx()))).toBe('NOT_FOUND')
  await world.gateway.deleteWaitlistEntry({ id }, user.ctx())
  const hold = world.inventory.holdOf(reservationIdOf(seen))
  const tooLate = callContext(world.log, { deadline: Date.now() - 1 })
  expect(await offer(world.parts, 'LAMP', [{ entry: seen, hold }], tooLate)).toEqual(['GONE'])
  expect(world.inventory.stock.get('LAMP')).toBe(2)
  // Else a hold that ended without a reservation would stay in the list of differences.
  expect(await reservationsOf(hold.id)).toEqual([{ status: 'ABANDONED' }])
  expect(await typesOf(id)).toEqual(['joined', 'left'])
  await later()
  await serve()
  expect(world.inventory.waiting.get('LAMP')).toBe(0n)
})

test('where the time of a hold is over when it is to be offered, it is claimed and goes back, and there is another attempt', async () => {
  const id = await join('LAMP')
  world.inventory.stock.set('LAMP', 3)
  world.inventory.failNext('hold', 'after')
  await expect(serve()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  const first = reservationIdOf({ id, attempt: 1 })
  world.inventory.moveEnd(first, new Date(Date.now() - 1_000))
  await later()
  await serve()
  expect(await entryOf(id)).toMatchObject({ status: 'WAITING', attempt: 2 })
  expect(world.inventory.holdOf(first).state).toBe(Hold_State.RELEASED)
  expect(world.inventory.stock.get('LAMP')).toBe(3)
  expect(await reservationsOf(first)).toEqual([{ status: 'ABANDONED' }])
  await later()
  await serve()
  expect(await entryOf(id)).toMatchObject({ status: 'OFFERED', reservationId: reservationIdOf({ id, attempt: 2 }) })
  expect([world.inventory.stock.get('LAMP'), await typesOf(first)]).toEqual([2, []])
})

test.each([
  ['has ended', async (id: string) => world.inventory.put({ ...world.inventory.holdOf(id), state: Hold_State.EXPIRED })],
  [
    'was claimed as an orphan',
    async (id: string) =>
      spoil(
        `insert into reservations (id, user_id, status, fingerprint, lines, expires_at, ttl_seconds, created_at, updated_at, hold_version, sweep_after)
         values ($1, '', 'ABANDONED', '', '[]', now(), 0, now(), now(), 0, now())`,
        id,
      ),
  ],
])('where the hold of an attempt %s before it was offered, there is another attempt', async (_what, end) => {
  const id = await join('LAMP')
  world.inventory.stock.set('LAMP', 3)
  world.inventory.failNext('hold', 'after')
  await expect(serve()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await end(reservationIdOf({ id, attempt: 1 }))
  await later()
  await serve()
  expect(await entryOf(id)).toMatchObject({ status: 'WAITING', attempt: 2 })
  await later()
  await serve()
  expect(await entryOf(id)).toMatchObject({ status: 'OFFERED', reservationId: reservationIdOf({ id, attempt: 2 }) })
})

test('what inventory has not heard it is told again, and what it has heard is told again with a scan', async () => {
  await join('LAMP', 4)
  world.inventory.failNext('setWaiting', 'before')
  await expect(serve()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  const [, untold] = await readWaitlist(world.database.pool)
  expect(untold?.value).toBeGreaterThan(0)
  await later()
  await serve()
  expect(world.inventory.waiting.get('LAMP')).toBe(4n)
  expect(await readWaitlist(world.database.pool)).toMatchObject([{ value: 1 }, { value: 0 }])
  world.inventory.waiting.clear()
  await later()
  await serve()
  expect(world.inventory.waiting.get('LAMP')).toBe(4n)
})

test('an offer ends as its reservation does, also when that is in the archive, and is told once', async () => {
  const users = [world.user(), world.user(), world.user()]
  const ids = await Promise.all(users.map(async (user) => join('LAMP', 1, user)))
  world.inventory.stock.set('LAMP', 3)
  await serve()
  const seen = await entryOf(ids[2] ?? '')
  const [sold = '', open = '', archived = ''] = await Promise.all(ids.map(async (id) => (await entryOf(id)).reservationId ?? ''))
  await spoil(`update reservations set status = 'COMMITTED' where id = $1`, sold)
  await spoil(`update reservations set status = 'EXPIRED' where id = $1`, archived)
  await spoil('insert into archived_reservations select * from reservations where id = $1', archived)
  await spoil('delete from reservations where id = $1', archived)
  await Promise.all([settle(), settle()])
  expect(await statusesOf(ids)).toEqual(['FULFILLED', 'OFFERED', 'LAPSED'])
  await settle()
  expect(await Promise.all(ids.map(typesOf))).toEqual([
    ['joined', 'offered', 'fulfilled'],
    ['joined', 'offered'],
    ['joined', 'offered', 'lapsed'],
  ])
  expect((await world.gateway.getReservation({ id: open }, users[1]?.ctx() ?? callContext(world.log))).reservation?.status).toBe(
    'ACTIVE',
  )
  await world.database.pool.query(
    `update waitlist_entries set ended_at = ended_at - interval '25 hours' where ended_at is not null`,
  )
  expect(await dropOldEntries(world.database.pool, 24, 10)).toBe(2)
  // Whoever is as late as that makes nothing of it: no claim beside what is archived.
  const hold = world.inventory.holdOf(archived)
  expect(await offer(world.parts, 'LAMP', [{ entry: seen, hold }], callContext(world.log))).toEqual(['GONE'])
  expect([await reservationsOf(archived), world.inventory.holdOf(archived).state]).toEqual([[], Hold_State.HELD])
})

test('a user has only so many live entries, however many joins there are at once', async () => {
  const user = world.user()
  const joins = await Promise.allSettled(Array.from({ length: 10 }, async (_, index) => join(`LAMP-${index}`, 1, user)))
  const refused = joins.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code: string }).code] : []))
  expect(refused).toEqual(Array(7).fill('LIMIT_EXCEEDED'))
  const [made] = (
    await world.gateway.listWaitlistEntries({ status: 'WAITING', userId: '', pageSize: 0, pageToken: '' }, user.ctx())
  ).entries
  await world.gateway.deleteWaitlistEntry({ id: made?.id ?? '' }, user.ctx())
  await join('LAMP-OTHER', 1, user)
})

test("lists come in pages: the own newest first, a product's in the order of its line", async () => {
  const [user, admin] = [world.user(), world.user(randomUUID(), 'ADMIN')]
  const own = [await join('A', 1, user), await join('B', 1, user), await join('C', 1, user)]
  const others = [await join('A'), await join('A')]
  const page = async (pageToken: string) =>
    world.gateway.listWaitlistEntries({ status: 'STATUS_UNSPECIFIED', userId: '', pageSize: 2, pageToken }, user.ctx())
  const first = await page('')
  const second = await page(first.nextPageToken)
  expect([...first.entries, ...second.entries].map(({ id }) => id)).toEqual(own.toReversed())
  expect(second.nextPageToken).toBe('')
  const line = async (pageToken: string) =>
    world.gateway.listProductWaitlist({ sku: 'a', status: 'STATUS_UNSPECIFIED', pageSize: 2, pageToken }, admin.ctx())
  const start = await line('')
  const end = await line(start.nextPageToken)
  expect([...start.places, ...end.places].map(({ entry }) => [entry?.id, entry?.position])).toEqual([
    [own[0], 1],
    [others[0], 2],
    [others[1], 3],
  ])
  expect(
    await codeOf(world.gateway.listProductWaitlist({ sku: 'A', status: 'WAITING', pageSize: 0, pageToken: '' }, user.ctx())),
  ).toBe('PERMISSION_DENIED')
})
