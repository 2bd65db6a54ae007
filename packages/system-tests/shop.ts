/** A running shop: the five services, an admin, and what tests do with them in every second line. */
import { openTransport, type Transport } from '@holdfast/events'
import { createLog } from '@holdfast/service'
import {
  adminToken,
  type Api,
  api,
  type AvailabilityReply,
  type ConsistencyReply,
  type OrderReply,
  registerUser,
  type ReservationReply,
  startTestSystem,
  type TestSystem,
  type TestSystemOptions,
  type TestUser,
  waitFor,
} from '@holdfast/testing'
import { randomUUID } from 'node:crypto'

export interface Shopper extends Api {
  user: TestUser
}

export interface Shop {
  system: TestSystem
  admin: Api
  anonymous: Api
  /** A new user with a token. */
  shopper(): Promise<Shopper>
  /** A product with stock in MAIN; answers its SKU. */
  product(stock: number, priceMinor?: number, sku?: string): Promise<string>
  available(sku: string): Promise<{ onHand: number; reserved: number; available: number }>
  /** The place where the services' events are, by a way of one's own. */
  openEvents(): Promise<Transport>
  /** GET /v1/consistency finds nothing. */
  expectBalanced(): Promise<void>
  close(): Promise<void>
}

export async function openShop(options: TestSystemOptions = {}): Promise<Shop> {
  const system = await startTestSystem(options)
  const admin = api(system.url, { token: await adminToken(system) })
  const anonymous = api(system.url)
  // Each service is ready by itself; that they have found one another shows in a call that needs two.
  await waitFor(async () => (await admin.post('/v1/reservations:sweep', {})).status === 200, {
    what: 'the services to reach one another',
  })
  return {
    system,
    admin,
    anonymous,
    shopper: async () => {
      const user = await registerUser(system.url)
      return { ...api(system.url, { token: user.token }), user }
    },
    product: async (stock, priceMinor = 1_000, sku = `SKU-${randomUUID().slice(0, 8).toUpperCase()}`) => {
      const price = { currency: 'USD', amountMinor: String(priceMinor) }
      const { status, body } = await admin.post('/v1/products', { sku, name: `Product ${sku}`, price, stock })
      if (status !== 201) throw new Error(`no product: ${status} ${JSON.stringify(body)}`)
      return sku
    },
    available: async (sku) => {
      const { body } = await anonymous.get<AvailabilityReply>(`/v1/availability?skus=${sku}`)
      const [level] = body.availability
      if (level === undefined) throw new Error(`no availability of ${sku}`)
      const { onHand, reserved, available } = level
      return { onHand, reserved, available }
    },
    openEvents: async () => {
      const config = {
        KAFKA_BROKERS: options.env?.KAFKA_BROKERS?.split(','),
        EVENTS_DATABASE_URL: system.databaseUrl('events'),
        KAFKA_SSL: false,
      }
      return openTransport(config, { service: 'tests', log: createLog('tests', 'silent') })
    },
    expectBalanced: async () => {
      const { body } = await admin.get<ConsistencyReply>('/v1/consistency')
      expect(body).toMatchObject({ consistent: true, differences: [] })
    },
    close: async () => system.stop(),
  }
}

export const one = (sku: string, quantity = 1) => [{ sku, quantity }]

export async function reserve(shopper: Api, lines: unknown, more: Record<string, unknown> = {}, idempotencyKey?: string) {
  return shopper.post<ReservationReply>('/v1/reservations', { lines, ...more }, { idempotencyKey })
}

/** A reservation that has to succeed. */
export async function reserved(
  shopper: Api,
  lines: unknown,
  more: Record<string, unknown> = {},
): Promise<ReservationReply['reservation']> {
  const { status, body } = await reserve(shopper, lines, more)
  if (status !== 201) throw new Error(`no reservation: ${status} ${JSON.stringify(body)}`)
  return body.reservation
}

export async function checkOut(shopper: Api, reservationId: string, paymentToken?: string) {
  return shopper.post<OrderReply>('/v1/checkout', { reservationId, ...(paymentToken !== undefined && { paymentToken }) })
}

export async function statusOf(shopper: Api, reservationId: string): Promise<string> {
  const { body } = await shopper.get<ReservationReply>(`/v1/reservations/${reservationId}`)
  return body.reservation.status
}

export async function times<Result>(count: number, make: (index: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, async (_, index) => make(index)))
}

/** How many answers had each status. */
export function countStatuses(replies: { status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const { status } of replies) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
