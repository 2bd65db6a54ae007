/** kill -9 of each service under load: nothing acknowledged is lost, and the books balance (truth 7). */
import { type OrderReply, type ReservationReply, waitFor } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'

import { one, openShop, type Shop, type Shopper } from './shop'

let shop: Shop
beforeAll(async () => {
  shop = await openShop({
    restartCrashed: true,
    envFor: { reservation: { ORPHAN_MIN_AGE_MS: '2000' }, order: { PAYMENT_LEASE_MS: '1500', PAYMENT_LIMIT_MS: '4000' } },
  })
})
afterAll(async () => shop.close())

interface Acknowledged {
  reservations: Map<string, 'ACTIVE' | 'CANCELLED' | 'COMMITTED'>
  orders: Map<string, string>
  refused: number
}

test('each of the five processes killed under load', async () => {
  const skus = await Promise.all([shop.product(200), shop.product(200), shop.product(200)])
  const shoppers = await Promise.all(Array.from({ length: 8 }, async () => shop.shopper()))
  const seen: Acknowledged = { reservations: new Map(), orders: new Map(), refused: 0 }
  const load = { stop: false }
  const working = shoppers.map(async (shopper) => shopUntilStopped(shopper, skus, seen, load))

  for (const service of ['inventory', 'reservation', 'order', 'audit', 'gateway'] as const) {
    const before = seen.reservations.size
    await waitFor(() => seen.reservations.size >= before + 15, { what: 'the load to run', timeoutMs: 30_000 })
    await shop.system.kill(service, 'SIGKILL')
    await shop.system.waitUntilReady()
  }
  const before = seen.reservations.size
  await waitFor(() => seen.reservations.size >= before + 15, { what: 'the load to run again', timeoutMs: 30_000 })
  load.stop = true
  await Promise.all(working)

  for (const [id, status] of seen.reservations) {
    const { body } = await shop.admin.get<ReservationReply>(`/v1/reservations/${id}`)
    expect([id, body.reservation.status]).toEqual([id, status])
  }
  for (const [id, status] of seen.orders) {
    const { body } = await shop.admin.get<OrderReply>(`/v1/orders/${id}`)
    expect([id, body.order.status]).toEqual([id, status])
  }
  await shop.expectBalanced()
  // What was made without an answer is known too: every unit that is reserved belongs to an ACTIVE reservation.
  await waitFor(async () => (await unitsOfActive()) === (await reservedUnits(skus)), {
    what: 'orphans to be given back',
    timeoutMs: 40_000,
  })
  await waitFor(async () => allAudited(seen), { what: 'every acknowledged reservation to be audited', timeoutMs: 40_000 })
  expect((await shop.admin.get('/v1/audit:verify')).body).toMatchObject({ valid: true })
  expect(seen.orders.size).toBeGreaterThan(0)
})

/** Reserves, then cancels, checks out or leaves it; a call that got no clear answer is repeated with its key until it does. */
async function shopUntilStopped(shopper: Shopper, skus: string[], seen: Acknowledged, load: { stop: boolean }): Promise<void> {
  for (let round = 0; !load.stop; round++) {
    const sku = skus[round % skus.length] ?? ''
    const key = randomUUID()
    const made = await untilAnswered(
      async () => shopper.post<ReservationReply>('/v1/reservations', { lines: one(sku) }, { idempotencyKey: key }),
      load,
    )
    if (made === undefined) return
    if (made.status !== 200 && made.status !== 201) {
      // The hold was made and given back between the attempts, or nothing is left: both are clear answers.
      expect(['INSUFFICIENT_STOCK', 'RESERVATION_EXPIRED']).toContain((made.body as unknown as { code: string }).code)
      seen.refused++
      continue
    }
    const { id } = made.body.reservation
    seen.reservations.set(id, 'ACTIVE')
    if (round % 3 === 1) {
      const cancelled = await untilAnswered(async () => shopper.post(`/v1/reservations/${id}:cancel`), load)
      if (cancelled === undefined) seen.reservations.delete(id)
      else seen.reservations.set(id, 'CANCELLED')
    } else if (round % 3 === 2) {
      const paid = await untilAnswered(async () => shopper.post<OrderReply>('/v1/checkout', { reservationId: id }), load)
      if (paid?.status === 200) {
        seen.reservations.set(id, 'COMMITTED')
        seen.orders.set(paid.body.order.id, 'CONFIRMED')
      } else {
        // No answer in time: it may have become either, and is not ours to assert.
        seen.reservations.delete(id)
      }
    }
  }
}

/** @returns undefined when the load was stopped before an answer came */
async function untilAnswered<Reply extends { status: number }>(
  call: () => Promise<Reply>,
  load: { stop: boolean },
): Promise<Reply | undefined> {
  for (;;) {
    const reply = await call().catch(() => undefined)
    if (reply !== undefined && reply.status < 500) return reply
    if (load.stop) return undefined
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function unitsOfActive(): Promise<number> {
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

async function reservedUnits(skus: string[]): Promise<number> {
  const levels = await Promise.all(skus.map(async (sku) => shop.available(sku)))
  return levels.reduce((sum, level) => sum + level.reserved, 0)
}

async function allAudited(seen: Acknowledged): Promise<boolean> {
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
  return [...seen.reservations.keys()].every((id) => audited.has(id))
}
