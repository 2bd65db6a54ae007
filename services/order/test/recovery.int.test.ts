import { waitFor } from '@holdfast/testing'

import {
  as,
  type Client,
  codeOf,
  type InstanceOptions,
  listAll,
  orderOf,
  type Point,
  startSystem,
  type System,
} from './support/system'

let system: System

beforeEach(async () => {
  system = await startSystem()
})

afterEach(async () => system.stop())

const never = async (): Promise<never> => new Promise(() => undefined)
const pay = async (client: Client, reservationId: string, paymentToken = '', timeoutMs = 10_000) =>
  client.checkout({ reservationId, paymentToken, clientToken: '', lines: [] }, as('ann', 'USER', timeoutMs))

/** An instance that is killed when it comes to a point; from then on nothing of it reaches the database. */
async function startDoomed(point: Point, options: InstanceOptions = {}) {
  let dead: (() => void) | undefined
  const death = new Promise<void>((resolve) => (dead = resolve))
  const doomed = await system.start({
    ...options,
    limits: { leaseMs: 500 },
    at: async (here) => {
      await options.at?.(here)
      if (here !== point) return
      void doomed.crash()
      dead?.()
      await never()
    },
  })
  return { client: doomed.client, death }
}

async function attempts(): Promise<string[]> {
  const { rows } = await system.database.pool.query<{ state: string }>('select state from payment_attempts order by created_at')
  return rows.map(({ state }) => state)
}

const allOver = async () =>
  waitFor(async () => (await system.database.pool.query('select from payment_attempts where ended_at is null')).rowCount === 0, {
    what: 'every attempt to be over',
  })

const succeeding: Point[] = [
  'after authorize',
  'before commitReservation',
  'after commitReservation',
  'before capture',
  'after capture',
]

test.each(succeeding)('a crash %s: the recovery finishes the order, and takes the money once', async (point) => {
  const { id } = system.world.reserve('ann')
  const { client, death } = await startDoomed(point)
  const broken = codeOf(pay(client, id, '', 1_000))
  await death
  const other = await system.start()
  expect(await pay(other.client, id)).toMatchObject({
    replayed: true,
    order: { status: 'CONFIRMED', paymentStatus: 'SUCCEEDED' },
  })
  expect(await system.payments()).toEqual(['captured'])
  expect(await attempts()).toEqual(['SUCCEEDED'])
  expect(system.world.reservation(id).status).toBe('COMMITTED')
  expect(await broken).not.toBe('OK')
})

const failing: [Point, string[], string][] = [
  ['before protect', [], 'FAILED'],
  ['after protect', [], 'FAILED'],
  ['before authorize', ['voided'], 'VOIDED'],
]

test.each(failing)('a crash %s: the attempt is given up, and the next one pays', async (point, payments, state) => {
  const { id } = system.world.reserve('ann')
  const { client, death } = await startDoomed(point)
  const broken = codeOf(pay(client, id, '', 1_000))
  await death
  const other = await system.start()
  await allOver()
  expect(await attempts()).toEqual([state])
  expect(await system.payments()).toEqual(payments)
  expect(system.world.reservation(id).status).toBe('ACTIVE')
  expect(system.world.isProtected(id)).toBe(false)
  expect(orderOf(await pay(other.client, id)).status).toBe('CONFIRMED')
  expect((await system.payments()).filter((payment) => payment === 'captured')).toHaveLength(1)
  expect(await broken).not.toBe('OK')
})

test.each<Point>(['before void', 'after void'])(
  'a crash %s: the money is given back once and the order is cancelled',
  async (point) => {
    const { id } = system.world.reserve('ann')
    const lose = (here: Point) => (here === 'before commitReservation' ? system.world.expire(id) : undefined)
    const { client, death } = await startDoomed(point, { at: lose })
    const broken = codeOf(pay(client, id, '', 1_000))
    await death
    const other = await system.start()
    await allOver()
    expect(await attempts()).toEqual(['VOIDED'])
    expect(await system.payments()).toEqual(['voided'])
    expect(await codeOf(pay(other.client, id))).toBe('RESERVATION_EXPIRED')
    const { orders } = await other.client.listOrders(listAll, as('ann'))
    expect(orders).toMatchObject([{ status: 'CANCELLED', paymentStatus: 'VOIDED', cancelReason: 'reservation_expired' }])
    expect(await system.events(orders[0]?.id ?? '')).toEqual(['cancelled by order'])
    expect(await broken).not.toBe('OK')
  },
)

test('a hold that expires after authorize: the authorization is voided and the caller is told', async () => {
  const { id } = system.world.reserve('ann')
  const { client } = await system.start({ at: (here) => (here === 'after authorize' ? system.world.expire(id) : undefined) })
  expect(await codeOf(pay(client, id))).toBe('RESERVATION_EXPIRED')
  expect(await system.payments()).toEqual(['voided'])
  expect((await client.listOrders(listAll, as('ann'))).orders).toMatchObject([{ status: 'CANCELLED', paymentStatus: 'VOIDED' }])
})

test('a hold that expires before it is protected: no money is asked for', async () => {
  const { id } = system.world.reserve('ann')
  const { client } = await system.start({ at: (here) => (here === 'before protect' ? system.world.expire(id) : undefined) })
  expect(await codeOf(pay(client, id))).toBe('RESERVATION_EXPIRED')
  expect(await system.payments()).toEqual([])
  await waitFor(async () => (await client.listOrders(listAll, as('ann'))).orders[0]?.status === 'CANCELLED', {
    what: 'the order to lapse',
  })
})

test('the provider answers after the limit: the recovery finishes what was authorized after all, once', async () => {
  const { id } = system.world.reserve('ann')
  const { client } = await system.start({ limits: { limitMs: 200 }, lateMs: 600 })
  expect(await codeOf(pay(client, id, 'tok_late'))).toBe('UNAVAILABLE')
  const paid = await waitFor(async () => pay(client, id), { what: 'the late answer to be found' })
  expect(paid).toMatchObject({ replayed: true, order: { status: 'CONFIRMED' } })
  expect(await system.payments()).toEqual(['captured'])
})

test('the provider never answers: what it says later decides', async () => {
  const { id } = system.world.reserve('ann')
  const { client } = await system.start({ limits: { limitMs: 200 }, lateMs: 600 })
  expect(await codeOf(pay(client, id, 'tok_timeout'))).toBe('UNAVAILABLE')
  await allOver()
  expect(await attempts()).toEqual(['DECLINED'])
  expect(orderOf(await pay(client, id, 'tok_ok')).status).toBe('CONFIRMED')
  expect(await system.payments()).toEqual(['declined', 'captured'])
})

test('the provider cannot decide: the attempt is voided, and an authorization that comes later is refused', async () => {
  const { id } = system.world.reserve('ann')
  const { client, deps } = await system.start({ limits: { limitMs: 200, giveUpMs: 400 }, lateMs: 60_000 })
  expect(await codeOf(pay(client, id, 'tok_late'))).toBe('UNAVAILABLE')
  await allOver()
  expect(await attempts()).toEqual(['VOIDED'])
  const { rows } = await system.database.pool.query<{ id: string }>('select id from payment_attempts')
  const late = { id: rows[0]?.id ?? '', amount: { currency: 'USD', amountMinor: 1n }, token: 'tok_ok' }
  expect(await deps.provider.authorize(late, new AbortController().signal)).toBe('voided')
  expect(orderOf(await pay(client, id, 'tok_ok')).status).toBe('CONFIRMED')
  expect((await system.payments()).sort()).toEqual(['captured', 'voided'])
})

test('a payment that turns out to be captured for a hold that is gone is refunded, once', async () => {
  const { id } = system.world.reserve('ann')
  let refunds = 0
  const { client } = await system.start({
    limits: { limitMs: 200 },
    lateMs: 500,
    at: (here) => {
      if (here === 'before commitReservation') system.world.expire(id)
      if (here === 'before refund') refunds++
    },
    // A provider that takes the money as soon as it is authorized.
    provider: (simulated) => ({
      ...simulated,
      lookup: async (payment) => {
        const state = await simulated.lookup(payment)
        return state === 'authorized' ? simulated.capture(payment) : state
      },
    }),
  })
  expect(await codeOf(pay(client, id, 'tok_late'))).toBe('UNAVAILABLE')
  await allOver()
  expect(await attempts()).toEqual(['REFUNDED'])
  expect(await system.payments()).toEqual(['refunded'])
  expect(refunds).toBe(1)
  expect((await client.listOrders(listAll, as('ann'))).orders).toMatchObject([
    { status: 'CANCELLED', paymentStatus: 'REFUNDED', cancelReason: 'reservation_expired' },
  ])
})

test('a capture that is refused after the units were sold: they come back, nothing is owed', async () => {
  const { id } = system.world.reserve('ann')
  const { client } = await system.start({
    provider: (simulated) => ({ ...simulated, capture: async (payment) => simulated.void(payment) }),
  })
  expect(await codeOf(pay(client, id))).toBe('PAYMENT_DECLINED')
  await waitFor(() => [...system.world.returned.values()].includes(id), { what: 'the units to come back' })
  expect((await client.listOrders(listAll, as('ann'))).orders).toMatchObject([
    { status: 'CANCELLED', paymentStatus: 'VOIDED', cancelReason: 'payment_failed' },
  ])
})

test('a paused driver whose attempt was taken over changes nothing when it wakes up', async () => {
  const { id } = system.world.reserve('ann')
  let wake: (() => void) | undefined
  const pause = new Promise<void>((resolve) => (wake = resolve))
  let paused: (() => void) | undefined
  const isPaused = new Promise<void>((resolve) => (paused = resolve))
  // Its lease is never renewed in time: as if the whole process had been stopped.
  const sleepy = await system.start({
    at: async (here) => {
      if (here !== 'before authorize') return
      await system.database.pool.query('update payment_attempts set lease_until = clock_timestamp()')
      paused?.()
      await pause
    },
  })
  const broken = codeOf(pay(sleepy.client, id, '', 4_000))
  await isPaused
  await allOver()
  expect(await attempts()).toEqual(['VOIDED'])
  wake?.()
  expect(await broken).toBe('UNAVAILABLE')
  expect(orderOf(await pay(sleepy.client, id, 'tok_declined').catch(async () => pay(sleepy.client, id))).status).toBe('CONFIRMED')
  expect((await system.payments()).filter((payment) => payment === 'captured')).toHaveLength(1)
})
