/** Shoppers at work while something crashes, and what has to be true of all that they were told (truth 7). */
import {
  isAnswer,
  noteCancelled,
  notePaid,
  noteReserved,
  nothingTold,
  type OrderReply,
  type ReservationReply,
  type Told,
  waitFor,
} from '@holdfast/testing'
import { randomUUID } from 'node:crypto'
import { Client } from 'pg'

import { one, type Shop, type Shopper, times } from './shop'

export interface Load {
  /** So many reservations more were acknowledged. */
  goesOn(more?: number): Promise<void>
  /** Resolves when everybody has finished. */
  stop(): Promise<void>
  /** Nothing acknowledged is lost, nothing is sold twice, and what was made without an answer is given back. */
  expectKept(): Promise<void>
}

const shoppers = 8
const skuCount = 3
const stock = 200

export async function startLoad(shop: Shop): Promise<Load> {
  const skus = await times(skuCount, async () => shop.product(stock))
  const told = nothingTold()
  const load = { stop: false, refused: 0 }
  const working = (await times(shoppers, async () => shop.shopper())).map(async (shopper) =>
    shopUntilStopped(shopper, skus, told, load),
  )
  return {
    goesOn: async (more = 15) => {
      const before = told.reservations.size + load.refused
      const enough = () => told.reservations.size + load.refused >= before + more
      await waitFor(enough, { what: 'the load to run', timeoutMs: 60_000 })
    },
    stop: async () => {
      load.stop = true
      await Promise.all(working)
    },
    expectKept: async () => {
      await expectAcknowledged(shop, told)
      await shop.expectBalanced()
      // What was made without an answer is known too: every unit that is reserved belongs to an ACTIVE reservation.
      await waitFor(async () => (await unitsOfActive(shop)) === (await reservedUnits(shop, skus)), {
        what: 'orphans to be given back',
        timeoutMs: 40_000,
      })
      await expectSoldOnce(shop, skus)
      await waitFor(async () => allAudited(shop, told), {
        what: 'every acknowledged reservation to be audited',
        timeoutMs: 40_000,
      })
      expect((await shop.admin.get('/v1/audit:verify')).body).toMatchObject({ valid: true })
      expect(told.orders.size).toBeGreaterThan(0)
    },
  }
}

async function expectAcknowledged(shop: Shop, told: Told): Promise<void> {
  expect(told.problems).toEqual([])
  for (const [id, { status }] of told.reservations) {
    const { body } = await shop.admin.get<ReservationReply>(`/v1/reservations/${id}`)
    expect(body).toMatchObject({ reservation: { id, status } })
  }
  for (const [id, reservationId] of told.orders) {
    const { body } = await shop.admin.get<OrderReply>(`/v1/orders/${id}`)
    expect(body).toMatchObject({ order: { id, reservationId, status: 'CONFIRMED' } })
  }
}

/** The units that are gone, the orders that are paid, and the payments that the provider has taken are the same number. */
async function expectSoldOnce(shop: Shop, skus: string[]): Promise<void> {
  const database = new Client({ connectionString: shop.system.databaseUrl('order') })
  await database.connect()
  try {
    const count = async () => {
      const { rows } = await database.query<{ paid: number; taken: number; open: number }>(
        `select (select count(*)::integer from orders where status = 'CONFIRMED') as paid,
                (select count(*)::integer from simulated_payments where state = 'captured') as taken,
                (select count(*)::integer from payment_attempts where ended_at is null) as open`,
      )
      return rows[0] ?? { paid: -1, taken: -1, open: -1 }
    }
    await waitFor(async () => (await count()).open === 0, { what: 'payments under way to be over', timeoutMs: 40_000 })
    const levels = await Promise.all(skus.map(async (sku) => shop.available(sku)))
    const sold = levels.reduce((sum, { onHand }) => sum + stock - onHand, 0)
    expect(await count()).toEqual({ paid: sold, taken: sold, open: 0 })
  } finally {
    await database.end()
  }
}

/** Reserves, then cancels, checks out or leaves it; a call that got no clear answer is repeated with its key until it does. */
async function shopUntilStopped(
  shopper: Shopper,
  skus: string[],
  told: Told,
  load: { stop: boolean; refused: number },
): Promise<void> {
  for (let round = 0; !load.stop; round++) {
    const sku = skus[round % skus.length] ?? ''
    const key = randomUUID()
    const made = await untilAnswered(
      async () => shopper.post<ReservationReply>('/v1/reservations', { lines: one(sku) }, { idempotencyKey: key }),
      load,
    )
    if (made === undefined) return
    const id = noteReserved(told, sku, made)
    if (id === undefined) {
      load.refused++
      continue
    }
    if (round % 3 === 1) {
      const cancelled = await untilAnswered(async () => shopper.post(`/v1/reservations/${id}:cancel`), load)
      noteCancelled(told, id, cancelled)
    } else if (round % 3 === 2) {
      const paid = await untilAnswered(async () => shopper.post<OrderReply>('/v1/checkout', { reservationId: id }), load)
      notePaid(told, id, paid)
    }
  }
}

/** @returns undefined when the load was stopped before an answer came */
async function untilAnswered<Reply extends { status: number; body: unknown }>(
  call: () => Promise<Reply>,
  load: { stop: boolean },
): Promise<Reply | undefined> {
  for (;;) {
    const reply = await call().catch(() => undefined)
    if (reply !== undefined && isAnswer(reply)) return reply
    if (load.stop) return undefined
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function unitsOfActive(shop: Shop): Promise<number> {
  let units = 0
  let pageToken = ''
  do {
    const { body } = await shop.admin.get<{ reservations: ReservationReply['reservation'][]; nextPageToken: string }>(
      `/v1/reservations?status=ACTIVE&pageSize=200&pageToken=${pageToken}`,
    )
    units += body.reservations.flatMap(({ lines }) => lines).reduce((sum, line) => sum + line.quantity, 0)
    pageToken = body.nextPageToken
  } while (pageToken !== '')
  return units
}

async function reservedUnits(shop: Shop, skus: string[]): Promise<number> {
  const levels = await Promise.all(skus.map(async (sku) => shop.available(sku)))
  return levels.reduce((sum, level) => sum + level.reserved, 0)
}

async function allAudited(shop: Shop, told: Told): Promise<boolean> {
  const audited = new Set<string>()
  let pageToken = ''
  do {
    const { body } = await shop.admin.get<{ records: { objectId: string }[]; nextPageToken: string }>(
      `/v1/audit/records?action=reservation.created&pageSize=500&pageToken=${pageToken}`,
    )
    for (const { objectId } of body.records) {
      // Exactly one each.
      expect(audited.has(objectId)).toBe(false)
      audited.add(objectId)
    }
    pageToken = body.nextPageToken
  } while (pageToken !== '')
  return [...told.reservations.keys()].every((id) => audited.has(id))
}
