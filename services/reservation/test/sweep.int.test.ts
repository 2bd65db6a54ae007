import { randomUUID } from 'node:crypto'

import { Hold_State } from '@holdfast/contracts/inventory'
import { Reservation, Reservation_Status } from '@holdfast/contracts/reservation'
import { waitFor } from '@holdfast/testing'

import { adoptAll } from '../src/adopt'
import { readActive } from '../src/metrics'
import { expireReservations } from '../src/sql/expire-reservations'
import { claimDue, endClaim, msUntilDue } from '../src/sql/sweep-due'
import { sweepDue } from '../src/sweep'
import { startSweeper } from '../src/sweeper'
import { callContext, type Caller, codeOf, createRequest, lines, startWorld, type World } from './world'

let world: World
let user: Caller
beforeAll(async () => {
  world = await startWorld()
})
beforeEach(async () => {
  // A sweep goes over everything there is.
  await world.empty()
  world.inventory.stock.set('CAMERA', 10_000)
  user = world.user()
})
afterAll(async () => world.stop())

async function make(ttlSeconds = 60): Promise<string> {
  const { reservation } = await world.gateway.createReservation(
    createRequest({ lines: lines(['CAMERA', 1]), ttlSeconds }),
    user.ctx(),
  )
  return reservation?.id ?? ''
}

/** As time does, for holds and records. */
async function letTimePass(ids: string[]): Promise<void> {
  const past = new Date(Date.now() - 1_000)
  for (const id of ids) world.inventory.put({ ...world.inventory.holdOf(id), expiresAt: past, baseExpiresAt: past })
  await world.database.pool.query('update reservations set expires_at = $2, sweep_after = $2 where id = any($1::uuid[])', [
    ids,
    past,
  ])
}

/** Reservations that are due, and their holds. */
async function writeBacklog(count: number): Promise<void> {
  const past = new Date(Date.now() - 1_000)
  const { rows } = await world.database.pool.query<{ id: string }>(
    `insert into reservations (id, user_id, status, fingerprint, lines, expires_at, ttl_seconds, created_at, updated_at, hold_version, sweep_after)
     select gen_random_uuid(), 'a-user', 'ACTIVE', '', '[]', $2, 60, $2, $2, 1, $2 from generate_series(1, $1::integer)
     returning id`,
    [count, past],
  )
  for (const { id } of rows) {
    world.inventory.put({
      id,
      state: Hold_State.HELD,
      expiresAt: past,
      version: 1,
      linesVersion: 1,
      fills: 0,
      owner: 'a-user',
      fingerprint: '',
      lines: [{ sku: 'CAMERA', warehouse: 'MAIN', quantity: 1, unitPrice: undefined, parts: [], backordered: 0 }],
      createdAt: past,
      protectedUntil: undefined,
      baseExpiresAt: past,
    })
  }
}

async function leftActive(): Promise<number> {
  const { rows } = await world.database.pool.query<{ n: number }>(
    `select count(*)::int as n from reservations where status = 'ACTIVE'`,
  )
  return rows[0]?.n ?? -1
}

function known(reservation: Reservation | undefined): Reservation {
  if (reservation === undefined) throw new Error('there is no such reservation')
  return reservation
}

async function statusInTable(id: string): Promise<string | undefined> {
  const { rows } = await world.database.pool.query<{ status: string }>('select status from reservations where id = $1', [id])
  return rows[0]?.status
}

async function typesOf(id: string): Promise<string[]> {
  return (await world.events(id)).map(({ type }) => type)
}

const created = 'holdfast.reservation.created.v1'
const expired = 'holdfast.reservation.expired.v1'
const extended = 'holdfast.reservation.extended.v1'

test('a reservation past its time reads as EXPIRED before any sweeper has been there', async () => {
  const id = await make()
  await letTimePass([id])
  expect(await world.gateway.getReservation({ id }, user.ctx())).toMatchObject({ reservation: { status: 'EXPIRED' } })
  expect(await statusInTable(id)).toBe('ACTIVE')
  const [active, overdue] = await readActive(world.database.pool)
  expect(active?.value).toBe(1)
  expect(overdue?.value).toBeGreaterThan(0)
})

test('a running sweeper ends a short reservation by itself, once, in the name of this service', async () => {
  const sweeper = startSweeper(world.parts)
  try {
    const id = await make(1)
    await waitFor(async () => (await statusInTable(id)) === 'EXPIRED', { what: 'the sweeper' })
    const events = await world.events(id)
    expect(events).toMatchObject([{ type: created }, { type: expired, actor_id: 'reservation', actor_role: 'SERVICE' }])
    expect(events[1]?.data).toMatchObject({ before: { status: 'ACTIVE' }, after: { status: 'EXPIRED' } })
    expect(world.inventory.stock.get('CAMERA')).toBe(10_000)
  } finally {
    await sweeper.stop()
  }
})

test('two replicas share what is due and expire each once', async () => {
  const ids = await Promise.all(Array.from({ length: 1_200 }, async () => make()))
  await letTimePass(ids)
  const replicas = [world.parts, world.replica()]
  const swept = await Promise.all(
    [0, 1, 0, 1].map(async (which) => sweepDue(replicas[which] ?? world.parts, callContext(world.log))),
  )
  expect(swept.reduce((sum, { claimed }) => sum + claimed, 0)).toBe(1_200)
  expect(world.inventory.asked.expire).toBe(1_200)
  const { rows } = await world.database.pool.query<{ n: bigint }>('select count(*) as n from outbox where type = $1', [expired])
  expect(rows[0]?.n).toBe(1_200n)
})

test('the sweepers of two replicas work off a backlog together, and each of it is expired and told once', async () => {
  const backlog = 6_000
  await writeBacklog(backlog)
  world.inventory.stock.set('CAMERA', 0)
  const sweepers = [startSweeper(world.parts), startSweeper(world.replica())]
  try {
    await waitFor(async () => (await leftActive()) === 0, { what: 'the backlog to be worked off', timeoutMs: 50_000 })
  } finally {
    await Promise.all(sweepers.map(async (sweeper) => sweeper.stop()))
  }
  const { rows } = await world.database.pool.query<{ events: number; reservations: number }>(
    'select count(*)::int as events, count(distinct key)::int as reservations from outbox where type = $1',
    [expired],
  )
  expect(rows).toEqual([{ events: backlog, reservations: backlog }])
  expect(world.inventory.stock.get('CAMERA')).toBe(backlog)
  const claims = await world.database.pool.query('select from sweep_claims')
  expect(claims.rowCount).toBe(0)
})

test('a claim keeps others away until it is over, and another is told when that is', async () => {
  const { pool } = world.database
  const id = await make()
  await letTimePass([id])
  const claim = await claimDue(pool, 10, 10_000)
  expect(claim?.reservations).toEqual([id])
  expect(await claimDue(pool, 10, 10_000)).toBeUndefined()
  expect(await msUntilDue(pool)).toBeGreaterThan(5_000)
  await pool.query('update sweep_claims set until = clock_timestamp()')
  const second = await claimDue(pool, 10, 10_000)
  expect(second?.reservations).toEqual([id])
  await endClaim(pool, second?.id ?? '')
  expect(await msUntilDue(pool)).toBeLessThan(0)
})

test('the event of an expiry tells before and after as any other does, to the millisecond', async () => {
  const id = await make()
  await letTimePass([id])
  const before = await world.gateway.getReservation({ id }, user.ctx())
  await sweepDue(world.parts, callContext(world.log))
  const { reservation: after } = await world.gateway.getReservation({ id }, user.ctx())
  const [first, event] = await world.events(id)
  // As kept: what reads as EXPIRED because it is due stands as ACTIVE in the record.
  expect(event?.data.before).toEqual(Reservation.toJSON({ ...known(before.reservation), status: Reservation_Status.ACTIVE }))
  expect(event?.data.after).toEqual(Reservation.toJSON(known(after)))
  expect(Reservation.toJSON(Reservation.fromJSON(event?.data.after))).toEqual(event?.data.after)
  expect(event).toMatchObject({ key: id, subject: id, aggregate_version: 2n, topic: first?.topic, audit: first?.audit })
})

test('a reservation that ended otherwise meanwhile is left as it is, and no event tells of it', async () => {
  const ids = [await make(), await make()]
  const holds = ids.map((id) => ({ id, version: 2, expiresAt: new Date() }))
  await world.gateway.cancelReservation({ id: ids[0] ?? '', clientToken: '' }, user.ctx())
  expect(await expireReservations(world.database.pool, holds, callContext(world.log))).toBe(1)
  expect(await expireReservations(world.database.pool, holds, callContext(world.log))).toBe(0)
  expect(await statusInTable(ids[0] ?? '')).toBe('CANCELLED')
  expect(await typesOf(ids[1] ?? '')).toEqual([created, expired])
})

test('"not yet" moves the end of the record, and it is looked at again then', async () => {
  const id = await make()
  await letTimePass([id])
  const later = new Date(Date.now() + 60_000)
  world.inventory.moveEnd(id, later)
  expect(await sweepDue(world.parts, callContext(world.log))).toEqual({ claimed: 1, expired: 0 })
  expect(await world.gateway.getReservation({ id }, user.ctx())).toMatchObject({
    reservation: { status: 'ACTIVE', expiresAt: later },
  })
  expect(await typesOf(id)).toEqual([created, extended])
  const { rows } = await world.database.pool.query<{ ms: number }>(
    'select (extract(epoch from sweep_after - clock_timestamp()) * 1000)::float8 as ms from reservations where id = $1',
    [id],
  )
  expect(rows[0]?.ms).toBeGreaterThan(30_000)
})

test('a hold under a payment is looked at again soon, for its end may come forward', async () => {
  const id = await make()
  await letTimePass([id])
  const later = new Date(Date.now() + 60_000)
  world.inventory.moveEnd(id, later, later)
  await sweepDue(world.parts, callContext(world.log))
  world.inventory.moveEnd(id, new Date(Date.now() - 1))
  await waitFor(async () => (await sweepDue(world.parts, callContext(world.log))).expired === 1, { what: 'the second look' })
  expect(await typesOf(id)).toEqual([created, extended, expired])
})

test.each([
  [Hold_State.COMMITTED, 'COMMITTED'],
  [Hold_State.RELEASED, 'CANCELLED'],
])('a hold found %s makes the record %s', async (state, status) => {
  const id = await make()
  await letTimePass([id])
  world.inventory.put({ ...world.inventory.holdOf(id), state, version: 2 })
  expect(await sweepDue(world.parts, callContext(world.log))).toEqual({ claimed: 1, expired: 0 })
  expect(await statusInTable(id)).toBe(status)
})

test('a hold that inventory does not know ends its reservation', async () => {
  const id = await make()
  await letTimePass([id])
  world.inventory.holds.delete(id)
  expect(await sweepDue(world.parts, callContext(world.log))).toEqual({ claimed: 1, expired: 1 })
  expect(await statusInTable(id)).toBe('EXPIRED')
})

test('with inventory away the claim is given back, and the sweeper goes on', async () => {
  const id = await make()
  await letTimePass([id])
  world.inventory.failNext('expire', 'before')
  const sweeper = startSweeper(world.parts)
  try {
    await waitFor(async () => (await statusInTable(id)) === 'EXPIRED', { what: 'the sweeper after a failure' })
  } finally {
    await sweeper.stop()
  }
})

test('an answer that is older than what is known changes nothing', async () => {
  const id = await make()
  const old = world.inventory.holdOf(id)
  const later = new Date(Date.now() + 120_000)
  const newer = { ...old, version: 3, expiresAt: later, baseExpiresAt: later }
  const ctx = callContext(world.log)
  const [first] = await adoptAll(world.database, [{ hold: newer, ctx }])
  expect(first).toMatchObject({ change: 'EXTENDED', row: { version: 2, holdVersion: 3 } })
  const [late] = await adoptAll(world.database, [{ hold: { ...old, version: 2, expiresAt: new Date() }, ctx }])
  expect(late).toMatchObject({ change: undefined, row: { version: 2, holdVersion: 3, expiresAt: newer.expiresAt } })
  const ended = { ...old, version: 4, state: Hold_State.EXPIRED }
  const both = await adoptAll(world.database, [
    { hold: ended, ctx },
    { hold: newer, ctx },
    { hold: { ...ended, id: '00000000-0000-4000-8000-000000000000' }, ctx },
  ])
  expect(both.map((one) => one?.change)).toEqual(['EXPIRED', undefined, undefined])
  expect(both[2]).toBeUndefined()
  expect(await typesOf(id)).toEqual([created, extended, expired])
})

test('one pass on demand expires what is due and counts it, for admins', async () => {
  const ids = await Promise.all([make(), make(), make()])
  await letTimePass(ids.slice(1))
  expect(await codeOf(world.gateway.sweep({}, user.ctx()))).toBe('PERMISSION_DENIED')
  const admin = world.user(undefined, 'ADMIN')
  const ctx = admin.ctx()
  expect(await world.gateway.sweep({}, ctx)).toEqual({ expired: 2, orphans: 0, requestId: ctx.requestId })
  expect(await world.gateway.sweep({}, admin.ctx())).toMatchObject({ expired: 0 })
  expect(await statusInTable(ids[0] ?? '')).toBe('ACTIVE')
  expect(await world.events(ids[1] ?? '')).toMatchObject([{}, { actor_role: 'SERVICE', request_id: ctx.requestId }])
})

describe('an orphan', () => {
  const lose = async (clientToken = '') => {
    world.inventory.failNext('hold', 'after')
    await codeOf(world.gateway.createReservation(createRequest({ lines: lines(['CAMERA', 1]), clientToken }), user.ctx()))
    const lost = [...world.inventory.holds.values()].at(-1)
    if (lost === undefined) throw new Error('nothing was held')
    return lost.id
  }
  const sweep = async () => world.gateway.sweep({}, world.user(undefined, 'ADMIN').ctx())

  test('is claimed and released; a late create meets the claim, and nobody sees it', async () => {
    const kept = await make()
    const id = await lose('late')
    expect(await sweep()).toMatchObject({ orphans: 1 })
    expect(world.inventory.holdOf(id).state).toBe(Hold_State.RELEASED)
    expect(world.inventory.holdOf(kept).state).toBe(Hold_State.HELD)
    const late = createRequest({ lines: lines(['CAMERA', 1]), clientToken: 'late' })
    expect(await codeOf(world.gateway.createReservation(late, user.ctx()))).toBe('RESERVATION_EXPIRED')
    expect(await codeOf(world.gateway.getReservation({ id }, world.user(undefined, 'ADMIN').ctx()))).toBe('NOT_FOUND')
    const { reservations } = await world.gateway.listReservations(listRequest, user.ctx())
    expect(reservations.map((reservation) => reservation.id)).toEqual([kept])
    expect(await world.events(id)).toHaveLength(0)
    expect(await sweep()).toMatchObject({ orphans: 0 })
  })

  test('that was claimed before a crash is released by the next pass', async () => {
    const id = await lose()
    world.inventory.failNext('release', 'before')
    expect(await codeOf(sweep())).toBe('UNAVAILABLE')
    expect(await statusInTable(id)).toBe('ABANDONED')
    expect(world.inventory.holdOf(id).state).toBe(Hold_State.HELD)
    expect(await sweep()).toMatchObject({ orphans: 1 })
    expect(world.inventory.holdOf(id).state).toBe(Hold_State.RELEASED)
  })

  test('meets a create that was already on its way to its row', async () => {
    const id = await lose('slow')
    // The hold was made, the claim comes first, the row after it.
    await world.database.pool.query(
      `insert into reservations (id, user_id, status, fingerprint, lines, expires_at, ttl_seconds, created_at, updated_at, hold_version, sweep_after)
       values ($1, $2, 'ABANDONED', '', '[]', now(), 0, now(), now(), 0, now())`,
      [id, user.id],
    )
    const held = world.inventory.holdOf(id)
    const row = { ...newRowOf(held.id), expiresAt: new Date(Date.now() + 60_000) }
    expect(await world.parts.records.insert(row, user.ctx())).toMatchObject({ inserted: false, row: { status: 'ABANDONED' } })
  })

  test('is found behind thousands of holds that have theirs, over several passes of which one fails', async () => {
    const template = world.inventory.holdOf(await make())
    const ids = Array.from({ length: 11_000 }, () => randomUUID())
    for (const id of ids) world.inventory.put({ ...template, id, expiresAt: new Date(Date.now() + 600_000) })
    await world.database.pool.query(
      `insert into reservations (id, user_id, status, fingerprint, lines, expires_at, ttl_seconds, created_at, updated_at, hold_version, sweep_after)
       select id, $2, 'ACTIVE', '', '[]', t, 600, $3, now(), 1, t from unnest($1::uuid[]) as id, (select now() + interval '10 minutes' as t) times`,
      [ids, user.id, template.createdAt],
    )
    const id = await lose()
    world.inventory.failNext('listHeld', 'before')
    const asked = jest.spyOn(world.database.pool, 'query')
    const sweeper = startSweeper(world.parts)
    try {
      await waitFor(() => world.inventory.holdOf(id).state === Hold_State.RELEASED, { what: 'the orphan', timeoutMs: 60_000 })
    } finally {
      await sweeper.stop()
    }
    expect(world.inventory.holdOf(ids[0] ?? '').state).toBe(Hold_State.HELD)
    // Those that have theirs are found by their age; by its id, anywhere in the table, only what may have none is looked for.
    const queries = asked.mock.calls.map(([query]) => query as unknown as { text: string; values: unknown[] })
    asked.mockRestore()
    const byId = queries
      .filter(({ text }) => text.includes('from archived_reservations where id = any'))
      .flatMap(({ values }) => values[0])
    expect(new Set(byId)).toEqual(new Set([id]))
  })

  test('is left alone until it is old enough', async () => {
    const id = await lose()
    const patient = { ...world.parts, orphanMinAgeMs: 60_000 }
    const sweeper = startSweeper(patient)
    try {
      await waitFor(() => world.inventory.asked.listHeld > 0, { what: 'the search for orphans' })
    } finally {
      await sweeper.stop()
    }
    expect(world.inventory.holdOf(id).state).toBe(Hold_State.HELD)
  })

  const newRowOf = (id: string) => ({
    id,
    userId: user.id,
    status: 'ACTIVE' as const,
    fingerprint: '',
    lines: [],
    expiresAt: new Date(),
    ttlSeconds: 60,
    createdAt: new Date(),
    updatedAt: new Date(),
    version: 1,
    holdVersion: 1,
    linesVersion: 1,
    fills: 0,
    due: false,
  })
})

const listRequest = { status: 'STATUS_UNSPECIFIED' as const, userId: '', pageSize: 0, pageToken: '' }
