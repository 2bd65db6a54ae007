/** Holds of a real database against reservations and orders that a test plays. */
import { ListOrderStatesResponse, type OrderState } from '@holdfast/contracts/order'
import { type ReservationState, ReservationState_Status, RepairReservationResponse } from '@holdfast/contracts/reservation'
import { randomUUID } from 'node:crypto'

import { compareAcross } from '../src/books/across'
import type { Peers } from '../src/books/entries'
import { hold, holdItem, makeDue, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

const hourMs = 3_600_000

const reservations = new Map<string, ReservationState>()
const orders = new Map<string, OrderState>()
let repairs: unknown[] = []
/** Called before each look at particular rows. */
let beforeLook: () => Promise<void> = async () => Promise.resolve()
let pages = 0

function answer<Row>(rows: Map<string, Row>, ids: string[], afterId: string, pageSize: number): Row[] {
  const wanted =
    ids.length > 0 ? [...rows.keys()].filter((id) => ids.includes(id)) : [...rows.keys()].filter((id) => id > afterId)
  return wanted
    .sort()
    .slice(0, pageSize === 0 ? 1_000 : pageSize)
    .flatMap((id) => rows.get(id) ?? [])
}

const peers: Peers = {
  reservation: {
    listReservationStates: async ({ ids, afterId, pageSize }) => {
      if (ids.length > 0) await beforeLook()
      else pages++
      return { reservations: answer(reservations, ids, afterId, pageSize) }
    },
    repairReservation: async (request) => {
      repairs.push(request)
      return Promise.resolve(RepairReservationResponse.fromPartial({}))
    },
  },
  order: {
    listOrderStates: async ({ reservationIds, afterReservationId, pageSize }) =>
      Promise.resolve(
        ListOrderStatesResponse.fromPartial({ orders: answer(orders, reservationIds, afterReservationId, pageSize) }),
      ),
  },
}

let inventory: TestInventory
beforeEach(async () => {
  reservations.clear()
  orders.clear()
  repairs = []
  pages = 0
  beforeLook = async () => Promise.resolve()
  inventory = await startInventory(1, peers)
})
afterEach(async () => {
  jest.restoreAllMocks()
  await inventory.stop()
})

const check = async () => inventory.reservation.checkConsistency({}, inventory.admin())

/** Holds, each with its reservation, as if they had been made an hour ago. */
async function held(count: number): Promise<string[]> {
  const sku = await makeProduct(inventory, count)
  const items = Array.from({ length: count }, () => holdItem([{ sku, quantity: 1 }]))
  for (let from = 0; from < count; from += 1_000) {
    for (const result of await hold(inventory, items.slice(from, from + 1_000))) {
      const { id = '', version = 0, expiresAt } = result.hold ?? {}
      reservations.set(id, { id, status: ReservationState_Status.ACTIVE, version: 1, holdVersion: version, expiresAt })
    }
  }
  await beginHolds(`created_at - interval '1 hour'`)
  return items.map(({ id }) => id)
}

/** As if all holds had been made then, in SQL; their lines with them. */
async function beginHolds(at: string): Promise<void> {
  await inventory.database.transaction(async (client) => {
    await client.query(`update holds set created_at = ${at}`)
    await client.query('update hold_lines l set created_at = h.created_at from holds h where h.id = l.hold_id')
  })
}

function change(id: string, status: ReservationState_Status): void {
  const reservation = reservations.get(id)
  if (reservation !== undefined) reservations.set(id, { ...reservation, status, version: reservation.version + 1 })
}

test('thousands of holds are compared page by page, and the one that differs is named', async () => {
  const ids = await held(2_500)
  expect(await check()).toMatchObject({ consistent: true, checked: { holds: 2_500n, reservations: 2_500n, orders: 0n } })
  expect(pages).toBe(3)
  const [id = ''] = ids
  change(id, ReservationState_Status.CANCELLED)
  expect(await check()).toMatchObject({
    consistent: false,
    differences: [{ kind: 'reservation', id, expected: 'ACTIVE', found: 'CANCELLED' }],
  })
})

test('what has moved on at a second look is no difference, and counts as under way', async () => {
  const [id = ''] = await held(1)
  change(id, ReservationState_Status.CANCELLED)
  let looks = 0
  beforeLook = async () => {
    // It differs still, and its row is another each time: somebody is at work.
    if (++looks < 3) change(id, ReservationState_Status.CANCELLED)
    return Promise.resolve()
  }
  expect(await check()).toMatchObject({ consistent: true, differences: [], checked: { underWay: 1n } })
})

test('what takes a moment to settle is waited for', async () => {
  const [id = ''] = await held(1)
  change(id, ReservationState_Status.CANCELLED)
  let looks = 0
  beforeLook = async () => {
    if (++looks === 4) await inventory.reservation.release({ items: [{ id, endProtection: false }] }, inventory.service())
  }
  expect(await check()).toMatchObject({ consistent: true, differences: [], checked: { underWay: 1n } })
})

/** As a check does, in a time that no step of a clock uses up. */
const compare = async () => {
  const ctx = { ...inventory.admin(), deadline: Date.now() + 24 * hourMs }
  return compareAcross({ database: inventory.database, peers, graceMs: 30_000 }, 1_000, ctx)
}

/** This process's clock, and no database's, is off by so much from now on. */
function setClock(byMs: number): void {
  const now = Date.now.bind(Date)
  jest.spyOn(Date, 'now').mockImplementation(() => now() + byMs)
}

test('a clock that is an hour ahead or behind makes no difference of what is under way', async () => {
  const [claimed = '', lapsed = ''] = await held(2)
  const now = new Date()
  const past = (id: string, status: ReservationState_Status) => {
    change(id, status)
    reservations.set(id, { ...(reservations.get(id) as ReservationState), expiresAt: now, pastMs: 1n })
  }
  past(claimed, ReservationState_Status.ABANDONED)
  past(lapsed, ReservationState_Status.ACTIVE)
  await makeDue(inventory, [lapsed])
  await inventory.reservation.expire({ ids: [lapsed] }, inventory.service())
  await inventory.database.pool.query(`update holds set ended_at = ended_at - interval '1 hour' where ended_at is not null`)
  for (const byMs of [hourMs, -hourMs]) {
    setClock(byMs)
    expect(await compare()).toMatchObject({ differences: [], checked: { underWay: 2n } })
    jest.restoreAllMocks()
  }
})

test('a clock that jumps while something settles does not cut that short', async () => {
  const [id = ''] = await held(1)
  change(id, ReservationState_Status.CANCELLED)
  let looks = 0
  beforeLook = async () => {
    if (++looks === 2) setClock(hourMs)
    if (looks === 4) await inventory.reservation.release({ items: [{ id, endProtection: false }] }, inventory.service())
  }
  expect(await compare()).toMatchObject({ differences: [], checked: { underWay: 1n } })
})

test('a hold just made is under way; later its missing reservation is a difference', async () => {
  const [id = ''] = await held(1)
  reservations.clear()
  await beginHolds('now()')
  expect(await check()).toMatchObject({ consistent: true, checked: { underWay: 1n } })
  await beginHolds(`now() - interval '1 hour'`)
  expect(await check()).toMatchObject({ differences: [{ kind: 'hold_without_reservation', id }] })
})

test('at most 1,000 differences are named', async () => {
  const ids = await held(2_500)
  for (const id of ids) change(id, ReservationState_Status.EXPIRED)
  const { consistent, differences } = await check()
  expect([consistent, differences.length]).toEqual([false, 1_000])
})

test('no transaction is open while the others are asked', async () => {
  const [id = ''] = await held(1)
  change(id, ReservationState_Status.CANCELLED)
  const open: string[] = []
  beforeLook = async () => {
    const { rows } = await inventory.database.pool.query<{ state: string }>(
      `select state from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
    )
    open.push(...rows.map(({ state }) => state))
  }
  await check()
  await inventory.reservation.repairConsistency({ kind: 'reservation', id }, inventory.admin())
  expect(open).toEqual([])
})

test('nothing is asked any more when the time of the request is over', async () => {
  const [id = ''] = await held(1)
  change(id, ReservationState_Status.CANCELLED)
  const { database } = inventory
  const ctx = { ...inventory.admin(), deadline: Date.now() + 300 }
  const lateLooks: number[] = []
  beforeLook = async () => {
    if (Date.now() > ctx.deadline + 100) lateLooks.push(Date.now())
    return Promise.resolve()
  }
  await expect(compareAcross({ database, peers, graceMs: 1_000 }, 1_000, ctx)).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
  })
  expect(lateLooks).toEqual([])
})

describe('repair', () => {
  const repair = async (kind: string, id: string) => inventory.reservation.repairConsistency({ kind, id }, inventory.admin())

  const orderOf = (reservationId: string) => ({ id: randomUUID(), reservationId, status: 'CONFIRMED', version: 1 })

  test('a reservation takes over what its hold says, as it was seen', async () => {
    const [id = ''] = await held(1)
    change(id, ReservationState_Status.CANCELLED)
    const seen = reservations.get(id)
    expect((await repair('reservation', id)).difference).toEqual({
      kind: 'reservation',
      id,
      expected: 'ACTIVE',
      found: 'CANCELLED',
    })
    const mended = { seen, status: 'ACTIVE', holdVersion: 1, expiresAt: seen?.expiresAt, linesVersion: 1 }
    expect(repairs).toMatchObject([{ ...mended, lines: [{ warehouse: 'MAIN', quantity: 1 }] }])
  })

  test('it takes over the lines of its hold, also those that it was sold with while it knew others', async () => {
    const [id = ''] = await held(1)
    await inventory.reservation.commit({ ids: [id], linesVersions: [] }, inventory.service())
    await inventory.database.pool.query(`update holds set lines_version = 2, ended_at = ended_at - interval '1 hour'`)
    await inventory.database.pool.query(`update ledger set at = at - interval '1 hour' where kind = 'SALE'`)
    const { version = 0 } = reservations.get(id) ?? {}
    const known = { status: ReservationState_Status.COMMITTED, holdVersion: version + 1, linesVersion: 1 }
    reservations.set(id, { ...(reservations.get(id) as ReservationState), ...known })
    for (const state of ListOrderStatesResponse.fromJSON({ orders: [orderOf(id)] }).orders) orders.set(id, state)
    expect((await repair('reservation_lines', id)).difference).toMatchObject({ kind: 'reservation_lines', id })
    expect(repairs).toMatchObject([{ status: 'COMMITTED', linesVersion: 2, lines: [{ quantity: 1 }] }])
  })

  test('not when there is no difference, or another one', async () => {
    const [id = ''] = await held(1)
    await expect(repair('reservation', id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(repair('reservation', randomUUID())).rejects.toMatchObject({ code: 'NOT_FOUND' })
    change(id, ReservationState_Status.CANCELLED)
    await expect(repair('reservation_expiry', id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(repairs).toEqual([])
  })

  test('not when its order speaks against its hold, nor when the hold itself does not balance', async () => {
    const [first = '', second = ''] = await held(2)
    for (const id of [first, second]) change(id, ReservationState_Status.CANCELLED)
    for (const state of ListOrderStatesResponse.fromJSON({ orders: [orderOf(first)] }).orders) orders.set(first, state)
    await expect(repair('reservation', first)).rejects.toMatchObject({
      code: 'ILLEGAL_TRANSITION',
      message: expect.stringContaining('order'),
    })
    await inventory.database.pool.query('update holds set ended_at = now() where id = $1', [second])
    await expect(repair('reservation', second)).rejects.toMatchObject({
      code: 'ILLEGAL_TRANSITION',
      message: expect.stringContaining('disagree'),
    })
    expect(repairs).toEqual([])
  })
})
