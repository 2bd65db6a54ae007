/** Reservations that ended long ago leave for the archive, and are still answered for. */
import { Hold_State } from '@holdfast/contracts/inventory'
import { ListReservationsRequest, ReservationState_Status } from '@holdfast/contracts/reservation'
import { type Archiver, createLog, openDatabase, operationId } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'

import { startReservationArchiver } from '../src/archive'
import { listStates } from '../src/list-states'
import { type Caller, codeOf, createRequest, lines, startWorld, type World } from './world'

const retentionHours = 24
let world: World
let archivers: Archiver[] = []
let stoppers: (() => Promise<void>)[] = []
beforeEach(async () => {
  world = await startWorld()
  world.inventory.stock.set('CAMERA', 10_000)
})
afterEach(async () => {
  await Promise.all(archivers.map(async (archiver) => archiver.stop()))
  await Promise.all(stoppers.map(async (stop) => stop()))
  archivers = []
  stoppers = []
  await world.stop()
})

const one = lines(['CAMERA', 1])

async function reserve(user: Caller, key?: string, reuseActive = false): Promise<string> {
  const request = createRequest({ lines: one, clientToken: key ?? '', reuseActive })
  return (await world.gateway.createReservation(request, user.ctx())).reservation?.id ?? ''
}

async function cancel(user: Caller, id: string, key = ''): Promise<boolean> {
  return (await world.gateway.cancelReservation({ id, clientToken: key }, user.ctx())).replayed
}

async function age(ids: string[], hours: number): Promise<void> {
  await world.database.pool.query(
    `update reservations set updated_at = updated_at - $2 * interval '1 hour' where id = any($1::uuid[])`,
    [ids, hours],
  )
}

async function startReplica(): Promise<void> {
  const log = createLog('test', 'silent')
  const database = await openDatabase({ url: world.database.url, name: 'archiver', log })
  stoppers.push(async () => database.close())
  archivers.push(startReservationArchiver(database, retentionHours, log, 20))
}

async function count(table: string): Promise<number> {
  const { rows } = await world.database.pool.query<{ count: number }>(`select count(*)::integer as count from ${table}`)
  return rows[0]?.count ?? 0
}

async function archive(reservations: number): Promise<void> {
  await startReplica()
  const what = `${reservations} archived reservations`
  await waitFor(async () => (await count('archived_reservations')) >= reservations, { what, timeoutMs: 60_000 })
}

test('what ended long ago leaves, what is younger or ACTIVE stays, and all are listed as one set of states', async () => {
  const user = world.user()
  const ids = await Promise.all(Array.from({ length: 30 }, async () => reserve(user)))
  const [old, young, active] = [ids.slice(0, 10), ids.slice(10, 20), ids.slice(20)]
  for (const id of [...old, ...young]) await cancel(user, id)
  await age([...old, ...active], retentionHours + 1)
  await age(young, retentionHours - 1)
  await archive(10)
  await Promise.all(archivers.map(async (archiver) => archiver.stop()))

  const { parts } = world
  const { rows } = await parts.database.pool.query<{ id: string }>('select id from archived_reservations')
  expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(old))
  const page = async (archived: boolean) =>
    (await listStates(parts, { ids: [], afterId: '', pageSize: 0, archived })).reservations.map(({ id }) => id)
  expect(await page(true)).toEqual(old.toSorted())
  expect(await page(false)).toEqual([...young, ...active].toSorted())
  const found = await listStates(parts, { ids: [old[0] ?? '', young[0] ?? ''], afterId: '', pageSize: 0 })
  expect(found.reservations.map(({ status }) => status)).toEqual([
    ReservationState_Status.CANCELLED,
    ReservationState_Status.CANCELLED,
  ])
})

test('an archived reservation is read as before by its owner, absent to others, and in no list', async () => {
  const user = world.user()
  const id = await reserve(user)
  await cancel(user, id)
  const { reservation: before } = await world.gateway.getReservation({ id }, user.ctx())
  await age([id], retentionHours + 1)
  await archive(1)
  const { reservation: after } = await world.gateway.getReservation({ id }, user.ctx())
  expect({ ...after, updatedAt: undefined }).toEqual({ ...before, updatedAt: undefined })
  expect(await codeOf(world.gateway.getReservation({ id }, world.user().ctx()))).toBe('NOT_FOUND')
  const { reservations } = await world.gateway.listReservations(ListReservationsRequest.fromPartial({}), user.ctx())
  expect(reservations).toEqual([])
})

test('a repeat by its key meets the archived reservation, whoever repeats it, and holds nothing', async () => {
  const user = world.user()
  const id = await reserve(user, 'the-key')
  await cancel(user, id, 'cancel-key')
  await age([id], retentionHours + 1)
  await archive(1)
  expect(await count('operations')).toBe(0)
  const { made } = world.inventory
  const again = await world.gateway.createReservation(createRequest({ lines: one, clientToken: 'the-key' }), user.ctx())
  expect(again).toMatchObject({ replayed: true, reservation: { id, status: 'CANCELLED' } })
  const other = createRequest({ lines: lines(['CAMERA', 2]), clientToken: 'the-key' })
  expect(await codeOf(world.gateway.createReservation(other, user.ctx()))).toBe('IDEMPOTENCY_KEY_REUSED')
  expect(await cancel(user, id, 'cancel-key')).toBe(true)
  const extension = { id, expiresAt: undefined, ttlSeconds: 600, clientToken: '' }
  expect(await codeOf(world.gateway.extendReservation(extension, user.ctx()))).toBe('RESERVATION_NOT_ACTIVE')
  expect(world.inventory.made).toBe(made)
})

test('identical requests never come back to the id of one that was archived', async () => {
  const user = world.user()
  const first = await reserve(user, undefined, true)
  await cancel(user, first)
  await age([first], retentionHours + 1)
  await archive(1)
  const second = await reserve(user, undefined, true)
  expect(second).not.toBe(first)
  expect(await reserve(user, undefined, true)).toBe(second)
})

test.each([Hold_State.RELEASED, Hold_State.HELD])(
  'an archived claim of an orphan, its hold %s, keeps its id from late creates',
  async (state) => {
    const user = world.user()
    const id = operationId(user.id, 'reserve', 'lost')
    // The hold of a reservation that could not be written, and what the search for orphans did about it.
    world.inventory.failNext('hold', 'after')
    expect(await codeOf(reserve(user, 'lost'))).toBe('UNAVAILABLE')
    world.inventory.put({ ...world.inventory.holdOf(id), state, version: 2 })
    await world.database.pool.query(
      `insert into reservations (id, user_id, status, fingerprint, lines, expires_at, ttl_seconds, created_at, updated_at, hold_version, sweep_after)
     select $1, '', 'ABANDONED', '', '[]', t, 0, t, t, 0, t from (select now() - interval '2 days' as t) times`,
      [id],
    )
    await archive(1)
    expect(await codeOf(reserve(user, 'lost'))).toBe('RESERVATION_EXPIRED')
  },
)

test('an archived claim keeps its id from late creates also where inventory never had a hold for it', async () => {
  const user = world.user()
  const id = operationId(user.id, 'reserve', 'claimed')
  await world.database.pool.query(
    `insert into reservations (id, user_id, status, fingerprint, lines, expires_at, ttl_seconds, created_at, updated_at, hold_version, sweep_after)
     select $1, '', 'ABANDONED', '', '[]', t, 0, t, t, 0, t from (select now() - interval '2 days' as t) times`,
    [id],
  )
  await archive(1)
  expect(await codeOf(reserve(user, 'claimed'))).toBe('RESERVATION_EXPIRED')
  const { rows } = await world.database.pool.query('select from reservations where id = $1', [id])
  expect(rows).toEqual([])
})

test('replicas share the work, and a crash in the middle of a batch loses nothing and doubles nothing', async () => {
  const { pool } = world.database
  await pool.query(`
    insert into reservations (id, user_id, status, fingerprint, lines, expires_at, ttl_seconds, created_at, updated_at, hold_version, sweep_after)
    select gen_random_uuid(), 'somebody', 'EXPIRED', 'words', '[]', t, 300, t, t, 1, t
    from generate_series(1, 3000), (select now() - interval '2 days' as t) times;
    insert into operations (id, fingerprint, reservation_id) select gen_random_uuid(), '', id from reservations;
    create sequence crashes;
    create function crash() returns trigger language plpgsql as $$
    begin
      if nextval('crashes') in (200, 900, 1700) then perform pg_terminate_backend(pg_backend_pid()); end if;
      return new;
    end $$;
    create trigger crash before insert on archived_reservations for each row execute function crash()`)
  const { rows: before } = await pool.query<{ id: string }>('select id from reservations order by id')
  await startReplica()
  await archive(3_000)
  const { rows: after } = await pool.query<{ id: string }>('select id from archived_reservations order by id')
  expect(after).toEqual(before)
  expect([await count('reservations'), await count('operations')]).toEqual([0, 0])
})
