/** Holds that ended long ago leave for the archive, and nothing that anybody is told changes by that. */
import { ListOrderStatesResponse, type OrderState } from '@holdfast/contracts/order'
import { type ReservationState, ReservationState_Status, RepairReservationResponse } from '@holdfast/contracts/reservation'
import { type Archiver, createLog, openDatabase } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'

import { startHoldArchiver } from '../src/archive'
import type { Peers } from '../src/books/entries'
import { available, hold, holdItem, holdOne, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

const log = createLog('test', 'silent')
const retentionHours = 24
const live = new Map<string, ReservationState>()
const archivedThere = new Map<string, ReservationState>()
const orders = new Map<string, OrderState>()

const pageOf = <Row>(rows: Map<string, Row>, afterId: string): Row[] =>
  [...rows.keys()]
    .filter((id) => id > afterId)
    .sort()
    .slice(0, 1_000)
    .flatMap((id) => rows.get(id) ?? [])
const those = <Row>(rows: Map<string, Row>, ids: string[]): Row[] => ids.flatMap((id) => rows.get(id) ?? [])

/** Reservations in two tables of another service, and orders. */
const peers: Peers = {
  reservation: {
    listReservationStates: async ({ ids, afterId, archived }) =>
      Promise.resolve({
        reservations:
          ids.length > 0
            ? [...those(live, ids), ...those(archivedThere, ids)]
            : pageOf(archived === true ? archivedThere : live, afterId),
      }),
    repairReservation: async () => Promise.resolve(RepairReservationResponse.fromPartial({})),
  },
  order: {
    listOrderStates: async ({ reservationIds, afterReservationId }) =>
      Promise.resolve(
        ListOrderStatesResponse.fromPartial({
          orders: reservationIds.length > 0 ? those(orders, reservationIds) : pageOf(orders, afterReservationId),
        }),
      ),
  },
}

let inventory: TestInventory
let archivers: Archiver[] = []
let stoppers: (() => Promise<void>)[] = []
beforeEach(async () => {
  for (const rows of [live, archivedThere, orders]) rows.clear()
  inventory = await startInventory(1, peers)
})
afterEach(async () => {
  await Promise.all(archivers.map(async (archiver) => archiver.stop()))
  await Promise.all(stoppers.map(async (stop) => stop()))
  archivers = []
  stoppers = []
  await inventory.stop()
})

async function startReplica(): Promise<void> {
  const database = await openDatabase({ url: inventory.database.url, name: 'archiver', log })
  stoppers.push(async () => database.close())
  archivers.push(startHoldArchiver(database, retentionHours, log, 20))
}

const statusOf = {
  HELD: ReservationState_Status.ACTIVE,
  COMMITTED: ReservationState_Status.COMMITTED,
  RELEASED: ReservationState_Status.CANCELLED,
} as const

/** Holds of one unit, a third of them sold, a third released, a third still HELD, with what the other services say of them. */
async function makeHolds(count: number, sku: string): Promise<{ sold: string[]; released: string[]; held: string[] }> {
  const items = Array.from({ length: count }, () => holdItem([{ sku, quantity: 1 }]))
  for (let from = 0; from < count; from += 1_000) await hold(inventory, items.slice(from, from + 1_000))
  const ids = items.map(({ id }) => id)
  const part = (nth: number): string[] => ids.filter((_, index) => index % 3 === nth)
  const [sold, released, held] = [part(0), part(1), part(2)]
  await inventory.reservation.commit({ ids: sold, linesVersions: [] }, inventory.service())
  await inventory.reservation.release({ items: released.map((id) => ({ id, endProtection: false })) }, inventory.service())
  const { rows } = await inventory.database.pool.query<{
    id: string
    state: keyof typeof statusOf
    version: number
    expires_at: Date
  }>('select id, state, version, expires_at from holds')
  for (const { id, state, version, expires_at: expiresAt } of rows) {
    live.set(id, { id, status: statusOf[state], version: 1, holdVersion: version, expiresAt })
    if (state === 'COMMITTED') orders.set(id, orderOf(id))
  }
  return { sold, released, held }
}

function orderOf(reservationId: string): OrderState {
  const { orders: made } = ListOrderStatesResponse.fromPartial({
    orders: [{ id: reservationId, reservationId, status: 'CONFIRMED', version: 1 }],
  })
  const [order] = made
  if (order === undefined) throw new Error('no order')
  return order
}

/** As if all of it had happened so much earlier. */
async function age(ids: string[], hours: number): Promise<void> {
  await inventory.database.transaction(async (client) => {
    await client.query(`update ledger set at = at - $2 * interval '1 hour' where kind = 'SALE' and reference = any($1::text[])`, [
      ids,
      hours,
    ])
    await client.query(
      `update holds set created_at = created_at - $2 * interval '1 hour', ended_at = ended_at - $2 * interval '1 hour' where id = any($1::uuid[])`,
      [ids, hours],
    )
    await client.query(`update hold_lines set created_at = created_at - $2 * interval '1 hour' where hold_id = any($1::uuid[])`, [
      ids,
      hours,
    ])
  })
}

async function count(table: string): Promise<number> {
  const { rows } = await inventory.database.pool.query<{ count: number }>(`select count(*)::integer as count from ${table}`)
  return rows[0]?.count ?? 0
}

const archivedHolds = async () => count('archived_holds')
const untilArchived = async (holds: number) =>
  waitFor(async () => (await archivedHolds()) >= holds, { what: `${holds} archived holds`, timeoutMs: 60_000 })

async function check(archived = true) {
  return inventory.reservation.checkConsistency({ archived }, inventory.admin())
}

async function ledgerOf(sku: string): Promise<number[]> {
  const deltas: number[] = []
  for (let pageToken = ''; ;) {
    const page = await inventory.reservation.getStockHistory({ sku, warehouse: '', pageSize: 500, pageToken }, inventory.admin())
    deltas.push(...page.movements.map(({ delta }) => delta))
    if (page.nextPageToken === '') return deltas
    pageToken = page.nextPageToken
  }
}

test('what ended long ago leaves in batches, the rest stays, and the books balance all the while', async () => {
  const sku = await makeProduct(inventory, 5_000)
  const { sold, released, held } = await makeHolds(2_400, sku)
  const old = [...sold.slice(0, 700), ...released.slice(0, 700)]
  await age([...old, ...held], retentionHours + 1)
  await age([...sold.slice(700), ...released.slice(700)], retentionHours - 1)
  const before = await available(inventory, sku)
  const history = await ledgerOf(sku)
  expect(await check()).toMatchObject({ consistent: true, checked: { holds: 2_400n, archivedHolds: 0n } })

  await startReplica()
  // While it goes on, every look sees each hold once, here or there.
  for (let moved = 0; moved < old.length; moved = await archivedHolds()) {
    expect((await check()).differences).toEqual([])
    expect(await ledgerOf(sku)).toEqual(history)
  }
  await Promise.all(archivers.map(async (archiver) => archiver.stop()))
  const { rows } = await inventory.database.pool.query<{ id: string }>('select id from archived_holds')
  expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(old))
  expect([await count('archived_hold_lines'), await count('archived_ledger')]).toEqual([1_400, 700])
  expect(await available(inventory, sku)).toEqual(before)
  expect(await ledgerOf(sku)).toEqual(history)
  expect(history.reduce((sum, delta) => sum + delta, 0)).toBe(before.onHand)
  expect(await check()).toMatchObject({
    consistent: true,
    differences: [],
    checked: { holds: 1_000n, holdLines: 1_000n, archivedHolds: 1_400n, archivedHoldLines: 1_400n, archivedLedgerEntries: 700n },
  })
})

test('two replicas share the work, and each hold is moved once', async () => {
  const sku = await makeProduct(inventory, 5_000)
  const { sold, released } = await makeHolds(3_000, sku)
  await age([...sold, ...released], retentionHours + 1)
  await startReplica()
  await startReplica()
  await untilArchived(2_000)
  expect([await count('holds'), await count('archived_holds'), await count('archived_ledger')]).toEqual([1_000, 2_000, 1_000])
  const { rows } = await inventory.database.pool.query<{ units: bigint }>('select units from ledger_openings')
  expect(rows).toEqual([{ units: -1_000n }])
  expect((await check()).differences).toEqual([])
})

test('a crash in the middle of a batch loses nothing and doubles nothing', async () => {
  const sku = await makeProduct(inventory, 5_000)
  const { sold, released } = await makeHolds(1_800, sku)
  await age([...sold, ...released], retentionHours + 1)
  // The session ends when lines and sales of its batch have moved and the first of its holds has.
  await inventory.database.pool.query(`
    create sequence crashes;
    create function crash() returns trigger language plpgsql as $$
    begin
      if nextval('crashes') <= 3 then perform pg_terminate_backend(pg_backend_pid()); end if;
      return new;
    end $$;
    create trigger crash before insert on archived_holds for each row execute function crash()`)
  await startReplica()
  await waitFor(async () => (await inventory.database.pool.query('select from crashes where last_value > 3')).rowCount === 1, {
    what: 'the crashes',
    timeoutMs: 60_000,
  })
  await untilArchived(1_200)
  expect([await count('holds'), await count('hold_lines'), await count('archived_hold_lines')]).toEqual([600, 600, 1_200])
  expect(await check()).toMatchObject({ differences: [], checked: { archivedLedgerEntries: 600n } })
})

test('what does not balance stays, and stays in sight; so does a fault that comes later, here and in the archive', async () => {
  const sku = await makeProduct(inventory, 5_000)
  const { sold, released } = await makeHolds(90, sku)
  const [wrong = '', fine = '', later = ''] = sold
  await age([...sold, ...released], retentionHours + 1)
  const { pool } = inventory.database
  await pool.query(`update ledger set quantity = 2 where reference = $1`, [wrong])
  await startReplica()
  await untilArchived(59)
  await Promise.all(archivers.map(async (archiver) => archiver.stop()))
  expect((await pool.query('select from holds where id = $1', [wrong])).rowCount).toBe(1)
  const kinds = async (archived: boolean) => (await check(archived)).differences.map(({ kind, id }) => `${kind} ${id}`)
  const level = `${sku}/MAIN`
  expect(await kinds(false)).toEqual([`on_hand ${level}`, `sale ${wrong}`])

  await pool.query(`update ledger set quantity = 1 where reference = $1`, [wrong])
  await pool.query('update stock_levels set on_hand = on_hand + 7')
  expect(await kinds(false)).toEqual([`on_hand ${level}`])
  await pool.query('update stock_levels set on_hand = on_hand - 7')
  expect(await kinds(true)).toEqual([])

  await pool.query('delete from archived_ledger where reference = $1', [fine])
  await pool.query(`update archived_holds set state = 'HELD' where id = $1`, [later])
  // What others have live shows it without a look into the archive.
  expect((await kinds(false)).sort()).toEqual([`order ${later}`, `reservation ${later}`])
  expect((await kinds(true)).sort()).toEqual(
    [
      `archived_hold ${later}`,
      `archived_sale ${fine}`,
      `archived_sale ${later}`,
      `opening ${level}`,
      `order ${later}`,
      `reservation ${later}`,
    ].sort(),
  )
})

test('the other services archive in their own time: no false alarm, whoever is first', async () => {
  const sku = await makeProduct(inventory, 5_000)
  const { sold, released } = await makeHolds(300, sku)
  await age([...sold, ...released], retentionHours + 1)
  const moveThere = (ids: string[]): void => {
    for (const id of ids) {
      const reservation = live.get(id)
      if (reservation !== undefined) archivedThere.set(id, reservation)
      live.delete(id)
    }
  }
  // There first ...
  moveThere([...sold.slice(0, 50), ...released.slice(0, 50)])
  expect((await check(false)).differences).toEqual([])
  expect((await check()).differences).toEqual([])
  // ... then here, where all of them go ...
  await startReplica()
  await untilArchived(200)
  expect((await check(false)).differences).toEqual([])
  expect(await check()).toMatchObject({ differences: [], checked: { archivedReservations: 100n } })
  // ... then the rest of them there.
  moveThere([...sold, ...released])
  expect((await check(false)).differences).toEqual([])
  expect((await check()).differences).toEqual([])

  const [first = '', second = ''] = released
  archivedThere.delete(first)
  const other = archivedThere.get(second)
  if (other !== undefined) archivedThere.set(second, { ...other, status: ReservationState_Status.COMMITTED })
  expect((await check()).differences.map(({ kind, id }) => `${kind} ${id}`).sort()).toEqual(
    [`hold_without_reservation ${first}`, `reservation ${second}`].sort(),
  )
})

test('an archived hold answers as it is, and its units come back once', async () => {
  const sku = await makeProduct(inventory, 100)
  const { sold, released } = await makeHolds(9, sku)
  await age([...sold, ...released], retentionHours + 1)
  await startReplica()
  await untilArchived(6)
  const [[soldId = ''], [releasedId = '']] = [sold, released]
  const service = inventory.service()
  const { reservation } = inventory

  expect((await reservation.commit({ ids: [soldId, releasedId], linesVersions: [] }, service)).results).toMatchObject([
    { replayed: true, hold: { state: 'COMMITTED' } },
    { error: { code: 'RESERVATION_NOT_ACTIVE' }, hold: { state: 'RELEASED' } },
  ])
  const ends = [soldId, releasedId, randomUUID()].map((id) => ({ id, endProtection: true }))
  expect((await reservation.release({ items: ends }, service)).results).toMatchObject([
    { error: { code: 'RESERVATION_NOT_ACTIVE' }, hold: { state: 'COMMITTED' } },
    { replayed: true, hold: { state: 'RELEASED' } },
    { error: undefined, hold: { state: 'RELEASED' } },
  ])
  expect((await reservation.expire({ ids: [soldId] }, service)).results).toMatchObject([{ hold: { state: 'COMMITTED' } }])
  const later = new Date(Date.now() + 1_000_000)
  expect((await reservation.extend({ items: [{ id: soldId, expiresAt: later }] }, service)).results).toMatchObject([
    { error: { code: 'RESERVATION_NOT_ACTIVE' } },
  ])
  // No tombstone beside what is in the archive; one for the id that nobody knew.
  expect(await count(`holds where owner = ''`)).toBe(1)

  const { onHand } = await available(inventory, sku)
  const back = { holdId: soldId, reference: randomUUID(), reason: 'sent back' }
  expect(await inventory.order.returnStock(back, service)).toEqual({ replayed: false })
  expect(await inventory.order.returnStock(back, service)).toEqual({ replayed: true })
  expect((await available(inventory, sku)).onHand).toBe(onHand + 1)
  const order = orders.get(soldId)
  if (order !== undefined) {
    orders.set(soldId, { ...order, status: 'CANCELLED', returnReference: back.reference, returned: true })
  }
  expect((await check()).differences).toEqual([])
})

test('holding goes on beside it, also for who wants what is being archived', async () => {
  const sku = await makeProduct(inventory, 5_000)
  const { sold, released } = await makeHolds(1_500, sku)
  await age([...sold, ...released], retentionHours + 1)
  await startReplica()
  const made: string[] = []
  while ((await archivedHolds()) < 1_000) {
    const result = await holdOne(inventory, holdItem([{ sku, quantity: 1 }], { ttlSeconds: 3_600 }))
    made.push(result.hold?.state ?? '')
    const [id = ''] = sold.splice(0, 1)
    if (id !== '')
      expect(
        await inventory.order.returnStock({ holdId: id, reference: randomUUID(), reason: 'back' }, inventory.service()),
      ).toEqual({ replayed: false })
  }
  expect(new Set(made)).toEqual(new Set(['HELD']))
  const { onHand } = await available(inventory, sku)
  expect((await ledgerOf(sku)).reduce((sum, delta) => sum + delta, 0)).toBe(onHand)
  const own = (await check()).differences.filter(({ kind }) => kind !== 'hold_without_reservation')
  expect(own).toEqual([])
})

test('an archived id is a known one, whether there is plenty, just enough or nothing, and takes no units', async () => {
  const sku = await makeProduct(inventory, 20)
  const lines = [{ sku, quantity: 2 }]
  const items = ['sold', 'released', 'buried'].map((owner) => holdItem(lines, { owner }))
  const [sold, released, buried] = items.map(({ id }) => id)
  const service = inventory.service()
  const release = (id = '') => ({ items: [{ id, endProtection: false }] })
  await hold(inventory, items.slice(0, 2))
  await inventory.reservation.commit({ ids: [sold ?? ''], linesVersions: [] }, service)
  await inventory.reservation.release(release(released), service)
  await inventory.reservation.release(release(buried), service)
  await age([sold, released, buried].map(String), retentionHours + 1)
  await startReplica()
  await untilArchived(3)

  const asBefore = [
    {
      replayed: true,
      hold: { state: 'COMMITTED', owner: 'sold', version: 2, lines: [{ sku, quantity: 2, unitPrice: { amountMinor: 1_000n } }] },
    },
    { replayed: true, hold: { state: 'RELEASED', owner: 'released', version: 2, lines: [{ sku, quantity: 2 }] } },
    { replayed: true, hold: { state: 'RELEASED', owner: '', lines: [] } },
  ]
  const taken = async (units: number) => {
    expect(await holdOne(inventory, holdItem([{ sku, quantity: units }]))).toMatchObject({ replayed: false })
  }
  const looks = async (free: number) => {
    expect(await hold(inventory, items)).toMatchObject(asBefore)
    const other = { ...(items[0] ?? holdItem(lines)), fingerprint: 'other words' }
    expect(await holdOne(inventory, other)).toMatchObject({ error: { code: 'IDEMPOTENCY_KEY_REUSED' } })
    expect((await available(inventory, sku)).available).toBe(free)
    expect(await count(`holds where owner <> 'a-user'`)).toBe(0)
  }
  await looks(18)
  await taken(13)
  await looks(5)
  // Those that are new beside them get what they want, as long as there is something.
  const beside = [holdItem(lines), ...items, holdItem(lines), holdItem(lines)]
  expect((await hold(inventory, beside)).map(({ replayed, error }) => error?.code ?? replayed)).toEqual([
    false,
    true,
    true,
    true,
    false,
    'INSUFFICIENT_STOCK',
  ])
  await looks(1)
  await taken(1)
  await looks(0)
})

test('an id that is asked for again while it is being archived is known all the time', async () => {
  const sku = await makeProduct(inventory, 5_000)
  const items = Array.from({ length: 600 }, () => holdItem([{ sku, quantity: 1 }]))
  await hold(inventory, items)
  await inventory.reservation.commit({ ids: items.map(({ id }) => id), linesVersions: [] }, inventory.service())
  await age(
    items.map(({ id }) => id),
    retentionHours + 1,
  )
  await startReplica()
  const states = new Set<string>()
  while ((await archivedHolds()) < items.length) {
    for (const { hold: known, replayed } of await hold(inventory, items)) states.add(`${known?.state} ${replayed}`)
  }
  expect(states).toEqual(new Set(['COMMITTED true']))
  expect([await count('holds'), await count('hold_lines'), await count('archived_hold_lines')]).toEqual([0, 0, 600])
  expect(await available(inventory, sku)).toMatchObject({ onHand: 4_400, reserved: 0 })
})
