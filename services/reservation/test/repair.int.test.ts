import { randomUUID } from 'node:crypto'

import { Actor_Role } from '@holdfast/contracts/common'
import { Reservation_Status, type ReservationState } from '@holdfast/contracts/reservation'

import { listStates } from '../src/list-states'
import { repair } from '../src/repair'
import { callContext, codeOf, createRequest, lines, startWorld, type World } from './world'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
beforeEach(async () => {
  await world.empty()
  world.inventory.stock.set('CAMERA', 1_000)
})
afterAll(async () => world.stop())

const admin = () => callContext(world.log, { actor: { id: 'root', role: Actor_Role.ADMIN } })
const states = async (more: { ids?: string[]; afterId?: string; pageSize?: number } = {}) =>
  (await listStates(world.parts, { ids: [], afterId: '', pageSize: 0, ...more })).reservations
const make = async () => {
  const request = createRequest({ lines: lines(['CAMERA', 1]), ttlSeconds: 60 })
  const { reservation } = await world.gateway.createReservation(request, world.user().ctx())
  return reservation?.id ?? ''
}

async function stateOf(id: string): Promise<ReservationState> {
  const [state] = await states({ ids: [id] })
  if (state === undefined) throw new Error(`no reservation ${id}`)
  return state
}

test('states come by id, page by page, or those that are asked for', async () => {
  const ids: string[] = []
  for (let count = 0; count < 7; count++) ids.push(await make())
  ids.sort()
  const seen: string[] = []
  for (
    let page = await states({ pageSize: 3 });
    page.length > 0;
    page = await states({ pageSize: 3, afterId: seen.at(-1) ?? '' })
  ) {
    seen.push(...page.map(({ id }) => id))
  }
  expect(seen).toEqual(ids)
  expect((await states({ ids: [ids[4] ?? '', randomUUID(), ids[1] ?? ''] })).map(({ id }) => id)).toEqual([ids[1], ids[4]])
  expect(await codeOf(states({ afterId: 'x' }))).toBe('INVALID_ARGUMENT')
  expect(await codeOf(states({ ids: Array.from({ length: 1_001 }, () => randomUUID()) }))).toBe('INVALID_ARGUMENT')
})

test('a state says how long its end is past, by the clock of the database', async () => {
  const id = await make()
  const { pastMs = 0n } = await stateOf(id)
  expect(pastMs >= -60_000n && pastMs < 0n).toBe(true)
  await world.database.pool.query(`update reservations set expires_at = now() - interval '1 hour' where id = $1`, [id])
  const later = (await stateOf(id)).pastMs ?? 0n
  expect(later / 3_600_000n).toBe(1n)
})

test('a reservation that has ended takes over what its hold says, in one event of the admin', async () => {
  const id = await make()
  const { expiresAt, holdVersion } = await stateOf(id)
  await world.database.pool.query(`update reservations set status = 'CANCELLED', version = version + 1 where id = $1`, [id])
  const seen = await stateOf(id)
  await repair(world.parts, { seen, status: Reservation_Status.ACTIVE, holdVersion, expiresAt, lines: [] }, admin())
  expect(await stateOf(id)).toMatchObject({ status: 'ACTIVE', version: 3, holdVersion, expiresAt })
  const events = await world.events(id)
  expect(events.slice(1)).toMatchObject([
    {
      type: 'holdfast.reservation.repaired.v1',
      aggregate_version: 3n,
      actor_id: 'root',
      data: { before: { status: 'CANCELLED' }, after: { status: 'ACTIVE' } },
    },
  ])
  // As good as new: it can be sold.
  expect((await world.order.commitReservation({ id }, callContext(world.log))).reservation?.status).toBe('COMMITTED')
})

test('a row that is not as it was seen is left alone, and so are claims and what is not there', async () => {
  const id = await make()
  const seen = await stateOf(id)
  const { holdVersion, expiresAt } = seen
  const wanted = { status: Reservation_Status.EXPIRED, holdVersion, expiresAt, lines: [] }
  await world.database.pool.query('update reservations set version = version + 1 where id = $1', [id])
  expect(await codeOf(repair(world.parts, { ...wanted, seen }, admin()))).toBe('CONFLICT')
  await world.database.pool.query(`update reservations set status = 'ABANDONED' where id = $1`, [id])
  expect(await codeOf(repair(world.parts, { ...wanted, seen: await stateOf(id) }, admin()))).toBe('CONFLICT')
  expect(await codeOf(repair(world.parts, { ...wanted, seen: { ...seen, id: randomUUID() } }, admin()))).toBe('NOT_FOUND')
  expect(await codeOf(repair(world.parts, { ...wanted, seen: undefined }, admin()))).toBe('INVALID_ARGUMENT')
  expect(await world.events(id)).toHaveLength(1)
})
