import { ListReservationsRequest } from '@holdfast/contracts/reservation'

import { type Caller, codeOf, createRequest, errorOf, lines, startWorld, type World } from './world'

let world: World
let user: Caller
beforeAll(async () => {
  world = await startWorld()
  world.inventory.stock.set('CAMERA', 1_000_000)
})
beforeEach(() => {
  user = world.user()
})
afterAll(async () => world.stop())

const make = async (by = user, ttlSeconds = 60) => {
  const { reservation } = await world.gateway.createReservation(
    createRequest({ lines: lines(['CAMERA', 1]), ttlSeconds }),
    by.ctx(),
  )
  return reservation?.id ?? ''
}
const list = async (more: Partial<ListReservationsRequest> = {}, by = user) =>
  world.gateway.listReservations({ ...ListReservationsRequest.fromPartial({}), ...more }, by.ctx())
const idsOf = async (more: Partial<ListReservationsRequest> = {}, by = user) =>
  (await list(more, by)).reservations.map(({ id }) => id)
const expire = async (id: string) =>
  world.database.pool.query(`update reservations set expires_at = now() - interval '1 s' where id = $1`, [id])

test("is newest first, and one sees only one's own", async () => {
  const first = await make()
  await make(world.user())
  const second = await make()
  expect(await idsOf()).toEqual(await sortedNewestFirst([first, second]))
})

test('pages are stable while new reservations come in', async () => {
  const made = await Promise.all(Array.from({ length: 25 }, async () => make()))
  const seen: string[] = []
  for (let pageToken = ''; ;) {
    const page = await list({ pageSize: 10, pageToken })
    seen.push(...page.reservations.map(({ id }) => id))
    await make()
    if (page.nextPageToken === '') break
    pageToken = page.nextPageToken
  }
  expect(seen).toEqual(await sortedNewestFirst(made))
})

test('a filter goes by what a reservation reads as', async () => {
  const [active, due, cancelled] = [await make(), await make(), await make()]
  await expire(due)
  await world.gateway.cancelReservation({ id: cancelled, clientToken: '' }, user.ctx())
  expect(await idsOf({ status: 'ACTIVE' })).toEqual([active])
  expect(await idsOf({ status: 'EXPIRED' })).toEqual([due])
  expect(await idsOf({ status: 'CANCELLED' })).toEqual([cancelled])
  expect(await idsOf({ status: 'COMMITTED' })).toEqual([])
  expect((await list({ status: 'EXPIRED' })).reservations).toMatchObject([{ status: 'EXPIRED' }])
})

test('an admin lists one user or everybody, others only themselves', async () => {
  const mine = await make()
  const admin = world.user(undefined, 'ADMIN')
  expect(await idsOf({ userId: user.id }, admin)).toEqual([mine])
  expect(await idsOf({}, admin)).toContain(mine)
  expect(await idsOf({ userId: 'no\0body' }, admin)).toEqual([])
  expect(await idsOf({ userId: user.id })).toEqual([mine])
  expect(await codeOf(list({ userId: admin.id }))).toBe('PERMISSION_DENIED')
})

test.each([
  ['pageSize', { pageSize: 201 }],
  ['pageSize', { pageSize: -1 }],
  ['pageToken', { pageToken: 'nonsense' }],
  ['pageToken', { pageToken: Buffer.from('["1","2"]').toString('base64url') }],
])('a wrong %s is named: %o', async (field, more) => {
  expect(await errorOf(list(more))).toMatchObject({ code: 'INVALID_ARGUMENT', fields: [{ field }] })
})

/** Two made in the same ms go by id. */
async function sortedNewestFirst(ids: string[]): Promise<string[]> {
  const { rows } = await world.database.pool.query<{ id: string }>(
    'select id from reservations where id = any($1::uuid[]) order by created_at desc, id desc',
    [ids],
  )
  return rows.map(({ id }) => id)
}
