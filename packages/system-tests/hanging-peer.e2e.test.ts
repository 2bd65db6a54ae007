/** A service that hangs (SIGSTOP): who needs it is told so in time, who does not is served, and in the end nothing is half done. */
import {
  type Api,
  type Json,
  type OrderReply,
  type ProblemReply,
  type ReservationReply,
  type ServiceName,
  untilAnswered,
  waitFor,
} from '@holdfast/testing'
import { randomUUID } from 'node:crypto'

import { expectAtRest, paymentsOf } from './books'
import { checkOut, one, openShop, reserved, type Shop, type Shopper, statusOf, times } from './shop'

const stock = 100
const price = 1_000
const buyers = 4

let shop: Shop
beforeAll(async () => {
  shop = await openShop({
    envFor: {
      gateway: { REQUEST_TIMEOUT_MS: '3000' },
      reservation: { ORPHAN_MIN_AGE_MS: '3000' },
      order: { PAYMENT_LEASE_MS: '1000', PAYMENT_LIMIT_MS: '2000' },
    },
  })
})
afterAll(async () => shop.close())

interface Stage {
  shopper: Shopper
  sku: string
  /** A reservation for each way to end it. */
  toCancel: string
  toPay: string
  paid: string
}

interface Asked {
  needs: ServiceName[]
  /** Repeatable by its key. */
  ask: (stage: Stage, key: string) => Promise<{ status: number; body: unknown }>
}

// Within this time there is an answer, or the test fails: far more than the gateway's own limit, for a machine that is busy.
const timeoutMs = 15_000

const post = async (api: Api, path: string, body: Json, idempotencyKey: string) =>
  api.post(path, body, { idempotencyKey, timeoutMs })

const everything = ['inventory', 'reservation', 'order'] satisfies ServiceName[]

const calls = {
  reserve: {
    needs: ['reservation', 'inventory'],
    ask: async ({ shopper, sku }, key) => post(shopper, '/v1/reservations', { lines: one(sku) }, key),
  },
  'cancel a reservation': {
    needs: ['reservation', 'inventory'],
    ask: async ({ shopper, toCancel }, key) => post(shopper, `/v1/reservations/${toCancel}:cancel`, {}, key),
  },
  'check out': {
    needs: everything,
    ask: async ({ shopper, toPay }, key) => post(shopper, '/v1/checkout', { reservationId: toPay }, key),
  },
  'place an order': {
    needs: everything,
    ask: async ({ shopper, sku }, key) => post(shopper, '/v1/orders', { lines: one(sku) }, key),
  },
  // Its units and its money follow.
  'cancel a paid order': {
    needs: ['order'],
    ask: async ({ shopper, paid }, key) => post(shopper, `/v1/orders/${paid}:cancel`, {}, key),
  },
  availability: {
    needs: ['inventory'],
    ask: async ({ sku }) => shop.anonymous.get(`/v1/availability?skus=${sku}`, { timeoutMs }),
  },
  'list reservations': { needs: ['reservation'], ask: async ({ shopper }) => shopper.get('/v1/reservations', { timeoutMs }) },
  'list orders': { needs: ['order'], ask: async ({ shopper }) => shopper.get('/v1/orders', { timeoutMs }) },
  'read the audit log': { needs: ['audit'], ask: async () => shop.admin.get('/v1/audit/records', { timeoutMs }) },
  'log in': {
    needs: [],
    ask: async ({ shopper: { user } }) =>
      shop.anonymous.post('/v1/auth/login', { email: user.email, password: user.password }, { timeoutMs }),
  },
} satisfies Record<string, Asked>

test.each(['inventory', 'reservation', 'order'] as const)('%s hangs and goes on', async (hanging) => {
  const stages: Stage[] = []
  for (let buyer = 0; buyer < buyers; buyer++) stages.push(await prepare())
  const asked = stages.flatMap((stage) =>
    Object.entries<Asked>(calls).map(([name, { needs, ask }]) => {
      const key = randomUUID()
      return { name, stage, needsIt: needs.includes(hanging), repeat: async () => ask(stage, key) }
    }),
  )
  const [watched] = stages
  if (watched === undefined) throw new Error('nobody shops')
  await shop.system.kill(hanging, 'SIGSTOP')
  try {
    await Promise.all(
      asked.map(async ({ name, needsIt, repeat }) => {
        const { status, body } = await repeat()
        if (!needsIt) expect([name, status < 300]).toEqual([name, true])
        else {
          const { code, detail } = body as ProblemReply
          expect([name, ['UNAVAILABLE', 'DEADLINE_EXCEEDED'], detail]).toEqual([
            name,
            expect.arrayContaining([code]),
            expect.any(String),
          ])
          expect([503, 504]).toContain(status)
        }
      }),
    )
    await untilLeftAlone(hanging, watched)
  } finally {
    await shop.system.kill(hanging, 'SIGCONT')
  }
  for (const { name, repeat } of asked) {
    const { status, body } = await untilAnswered(repeat)
    // What was held for a client that got no answer may have been given back meanwhile.
    const givenBack = status === 409 && (body as ProblemReply).code === 'RESERVATION_EXPIRED'
    expect([name, status, status < 300 || (givenBack && /^(reserve|place)/.test(name))]).toEqual([name, status, true])
  }
  await expectAtRest(shop)
  await Promise.all(stages.map(expectWhole))
})

/** What needs it directly, and waits in vain on and on, is before long refused by the gateway itself, and not for want of time. */
async function untilLeftAlone(hanging: keyof typeof reads, stage: Stage): Promise<void> {
  const { ask } = reads[hanging]
  await waitFor(
    async () => {
      const replies = await times(buyers, async () => ask(stage, randomUUID()))
      const problems = replies.map(({ body }) => body as ProblemReply)
      return problems.filter(({ code, detail }) => code === 'UNAVAILABLE' && detail.includes('nothing was sent')).length >= 2
    },
    { what: `${hanging} to be left alone`, timeoutMs: 60_000 },
  )
}

/** One call that needs a service, and no other. */
const reads: Record<'inventory' | 'reservation' | 'order', Asked> = {
  inventory: calls['availability'],
  reservation: calls['list reservations'],
  order: calls['list orders'],
}

async function prepare(): Promise<Stage> {
  const [shopper, sku] = await Promise.all([shop.shopper(), shop.product(stock, price)])
  const [toCancel, toPay, bought] = await times(3, async () => (await reserved(shopper, one(sku))).id)
  if (toCancel === undefined || toPay === undefined || bought === undefined) throw new Error('three were asked for')
  return { shopper, sku, toCancel, toPay, paid: (await checkOut(shopper, bought)).body.order.id }
}

/** Everything that this shopper asked for is done once or not at all. */
async function expectWhole({ shopper, sku, toCancel, toPay, paid }: Stage): Promise<void> {
  expect(await statusOf(shopper, toCancel)).toBe('CANCELLED')
  expect(await statusOf(shopper, toPay)).toBe('COMMITTED')
  const { orders } = (await shopper.get<{ orders: OrderReply['order'][] }>('/v1/orders')).body
  const [bought, ...others] = orders.filter(({ reservationId }) => reservationId === toPay)
  expect([bought?.status, others]).toEqual(['CONFIRMED', []])
  const taken = (await paymentsOf(shop, bought?.id ?? '')).filter(({ state }) => state !== 'voided' && state !== 'absent')
  expect(taken).toEqual([{ state: 'captured', amountMinor: price }])
  expect(await paymentsOf(shop, paid)).toEqual([{ state: 'refunded', amountMinor: price }])
  const { reservations } = (await shopper.get<{ reservations: ReservationReply['reservation'][] }>('/v1/reservations')).body
  const held = reservations.filter(({ status }) => status === 'ACTIVE').length
  expect(await shop.available(sku)).toEqual({ onHand: stock - 1, reserved: held, available: stock - 1 - held })
}
