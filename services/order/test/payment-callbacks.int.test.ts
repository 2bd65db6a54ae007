/** A provider that answers later, by callback: who drives the payment then, and what no callback can do (decision 036). */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import { ReceivePaymentCallbackRequest } from '@holdfast/contracts/order'
import { waitFor } from '@holdfast/testing'

import type { PaymentState } from '../src/payment/provider'
import { signMessage } from '../src/payment/standard-webhook'
import {
  as,
  callbackSecrets,
  type Client,
  codeOf,
  type Instance,
  type InstanceOptions,
  listAll,
  orderOf,
  startSystem,
  type System,
} from './support/system'

let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterAll(async () => system.stop())
afterEach(async () => system.clear())

/** Not what a test is about, and never waited for. */
const soon = { callbackWaitMs: 50 }

const pay = async (client: Client, reservationId: string, paymentToken = 'tok_callback', clientToken = '') =>
  client.checkout({ reservationId, paymentToken, clientToken, lines: [] }, as('ann'))

interface Attempt {
  id: string
  state: string
}

const attempts = async (): Promise<Attempt[]> =>
  (await system.database.pool.query<Attempt>('select id, state from payment_attempts order by created_at')).rows

const states = async () => (await attempts()).map(({ state }) => state)

const untilIn = async (state: string) =>
  waitFor(async () => (await attempts()).find((attempt) => attempt.state === state), { what: `an attempt to be ${state}` })

/** So many attempts wait, and nobody drives them. */
async function untilLaidDown(count: number): Promise<void> {
  const sql = `select from payment_attempts where state = 'WAITING' and driver is null`
  await waitFor(async () => (await system.database.pool.query(sql)).rowCount === count, { what: 'attempts to be laid down' })
}

/** The provider has decided, whatever it had said. */
async function decide(state: PaymentState): Promise<void> {
  await system.database.pool.query('update simulated_payments set state = $1, outcome = $1', [state])
}

function message(paymentId: string, state: PaymentState, id: string = randomUUID(), secrets = callbackSecrets, at = new Date()) {
  const body = JSON.stringify({ type: 'payment.updated', timestamp: at.toISOString(), data: { paymentId, state } })
  const headers = signMessage(id, body, secrets, at)
  return ReceivePaymentCallbackRequest.fromPartial({
    provider: 'simulated',
    body: { contentType: 'application/json', data: Buffer.from(body) },
    webhookId: headers['webhook-id'],
    webhookTimestamp: headers['webhook-timestamp'],
    webhookSignature: headers['webhook-signature'],
  })
}

const callBack = async (client: Client, paymentId: string, state: PaymentState, id?: string) =>
  client.receivePaymentCallback(message(paymentId, state, id), as('nobody'))

/** What was told of a payment. */
const reports = async (paymentId: string) => (await system.events(paymentId)).length

/** Its payment waits for the callback, which nobody sends. */
async function waiting(
  options: InstanceOptions = {},
): Promise<{ instance: Instance; reservation: string; order: string; payment: string }> {
  const instance = await system.start({ callbackMs: 60_000, ...options, limits: { ...soon, ...options.limits } })
  const { id: reservation } = system.world.reserve('ann')
  const order = orderOf(await pay(instance.client, reservation))
  const { id: payment } = await untilIn('WAITING')
  return { instance, reservation, order: order.id, payment }
}

test('an order whose payment waits is shown as it is, joined by a repeat, kept from a cancel, and paid by the callback', async () => {
  const { instance, reservation, order, payment } = await waiting()
  const { client } = instance
  expect(await pay(client, reservation)).toMatchObject({
    replayed: true,
    order: { id: order, status: 'PENDING', paymentStatus: 'IN_PROGRESS' },
  })
  expect(system.world.isProtected(reservation)).toBe(true)
  expect(await codeOf(client.cancelOrder({ id: order, clientToken: '' }, as('ann')))).toBe('PAYMENT_IN_PROGRESS')
  expect(await system.events(order)).toEqual([])
  await decide('authorized')
  await callBack(client, payment, 'authorized')
  const { order: paid } = await waitFor(
    async () => {
      const reply = await pay(client, reservation)
      return reply.order?.status === 'CONFIRMED' && reply
    },
    { what: 'the order to be paid' },
  )
  expect(paid).toMatchObject({ id: order, paymentStatus: 'SUCCEEDED' })
  expect(await states()).toEqual(['SUCCEEDED'])
  expect(await system.payments()).toEqual(['captured'])
  expect(await system.events(order)).toEqual(['confirmed by ann'])
  expect(await reports(payment)).toBe(1)
})

test('a checkout that waits is answered with the paid order as soon as the callback is there, with its key remembered', async () => {
  const { client } = await system.start({ callbackMs: 60_000 })
  const { id } = system.world.reserve('ann')
  const paying = pay(client, id, 'tok_callback', 'key-1')
  const { id: payment } = await untilIn('WAITING')
  await decide('authorized')
  await callBack(client, payment, 'authorized')
  expect(await paying).toMatchObject({ replayed: false, order: { status: 'CONFIRMED' } })
  expect(await pay(client, id, 'tok_callback', 'key-1')).toMatchObject({ replayed: true, order: { status: 'CONFIRMED' } })
  expect(await codeOf(pay(client, id, 'tok_ok', 'key-1'))).toBe('IDEMPOTENCY_KEY_REUSED')
})

test('a callback that is here before the answer of authorize is not lost', async () => {
  const { client } = await system.start({
    callbackMs: 0,
    provider: (simulated) => ({
      ...simulated,
      authorize: async (payment, signal) => {
        await simulated.authorize(payment, signal)
        await callBack(client, payment.id, 'authorized')
        return 'pending'
      },
    }),
  })
  expect(orderOf(await pay(client, system.world.reserve('ann').id)).status).toBe('CONFIRMED')
})

test('a callback that comes while a driver lays its payment down has it ask once more', async () => {
  let looks = 0
  const { client } = await system.start({
    callbackMs: 60_000,
    at: async (point) => {
      // The driver has been told that it is pending, and has not acted on that yet.
      if (point !== 'after lookup' || ++looks > 1) return
      const { id } = await untilIn('WAITING')
      await decide('authorized')
      await callBack(client, id, 'authorized')
    },
  })
  expect(orderOf(await pay(client, system.world.reserve('ann').id)).status).toBe('CONFIRMED')
  expect(looks).toBe(2)
})

test('callbacks and checkouts at once, at two replicas: one order, one payment, one commit, each time', async () => {
  const [{ client: even }, { client: odd }] = [await system.start({ callbackMs: 0 }), await system.start({ callbackMs: 0 })]
  const client = (index: number) => (index % 2 === 0 ? even : odd)
  let captures = 0
  for (let round = 0; round < 25; round++) {
    const { id } = system.world.reserve('ann')
    const token = round % 2 === 0 ? 'tok_callback' : 'tok_callback_first'
    const tell = async (index: number) => {
      const row = await waitFor(
        async () => {
          const { rows } = await system.database.pool.query<Attempt>(
            'select a.id from payment_attempts a join orders o on o.id = a.order_id where o.reservation_id = $1',
            [id],
          )
          return rows[0]
        },
        { what: 'the attempt' },
      )
      await sleep(Math.random() * 20)
      await callBack(client(index), row.id, 'authorized', `${id}-${index % 3}`)
      await system.database.pool.query('update simulated_callbacks set sent_at = now() where payment_id = $1', [row.id])
    }
    const [replies] = await Promise.all([
      Promise.all([0, 1, 2, 3].map(async (index) => pay(client(index), id, token))),
      Promise.all([0, 1, 2, 3, 4, 5].map(tell)),
    ])
    captures++
    expect(new Set(replies.map((reply) => orderOf(reply).id)).size).toBe(1)
    expect(replies.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect(replies.map((reply) => orderOf(reply).status)).toEqual(Array(4).fill('CONFIRMED'))
    expect(await system.events(orderOf(replies[0] ?? { order: undefined }).id)).toEqual(['confirmed by ann'])
    expect(system.world.reservation(id).status).toBe('COMMITTED')
  }
  expect(await states()).toEqual(Array(captures).fill('SUCCEEDED'))
  expect(await system.payments()).toEqual(Array(captures).fill('captured'))
})

test('one message twenty times at once, at two replicas, is kept once and told of once', async () => {
  const { instance, payment } = await waiting()
  const other = await system.start({ limits: soon })
  const replies = await Promise.all(
    Array.from({ length: 20 }, async (_, index) =>
      callBack(index % 2 === 0 ? instance.client : other.client, payment, 'pending', 'msg-1'),
    ),
  )
  expect(replies.filter(({ replayed }) => !replayed)).toHaveLength(1)
  expect(await reports(payment)).toBe(1)
  expect(await states()).toEqual(['WAITING'])
})

describe('what is refused, with nothing kept of it', () => {
  const old = new Date(Date.now() - 6 * 60_000)
  const stranger = [`whsec_${Buffer.alloc(24, 9).toString('base64')}`]
  const data = (text: string | Buffer) => ({ body: { contentType: 'application/json', data: Buffer.from(text), extensions: [] } })
  const signedAs = (body: string) => {
    const headers = signMessage('msg-1', body, callbackSecrets, new Date())
    const { 'webhook-timestamp': webhookTimestamp, 'webhook-signature': webhookSignature } = headers
    return { webhookId: 'msg-1', webhookTimestamp, webhookSignature, ...data(body) }
  }
  const cases: [string, (payment: string) => object, string][] = [
    ['no signature', () => ({ webhookSignature: '' }), 'UNAUTHENTICATED'],
    ['no id', () => ({ webhookId: '' }), 'UNAUTHENTICATED'],
    ['no timestamp', () => ({ webhookTimestamp: '' }), 'UNAUTHENTICATED'],
    ['a timestamp that is none', () => ({ webhookTimestamp: 'now' }), 'UNAUTHENTICATED'],
    ['another id than was signed', () => ({ webhookId: 'msg-2' }), 'UNAUTHENTICATED'],
    ['another body than was signed', (payment) => data(JSON.stringify({ data: { paymentId: payment } })), 'UNAUTHENTICATED'],
    [
      'one byte more',
      (payment) => data(Buffer.concat([message(payment, 'authorized').body?.data ?? Buffer.alloc(0), Buffer.from(' ')])),
      'UNAUTHENTICATED',
    ],
    ['a body that is not text', () => data(Buffer.from([0xff, 0xfe])), 'UNAUTHENTICATED'],
    ['a signed message of 64 KiB and a byte', () => signedAs('{}'.padEnd(65_537)), 'PAYLOAD_TOO_LARGE'],
    ['as much as may be, and read', () => signedAs('{}'.padEnd(65_536)), 'INVALID_ARGUMENT'],
    ['no body', () => ({ body: undefined }), 'UNAUTHENTICATED'],
    ["a stranger's signature", (payment) => message(payment, 'authorized', 'msg-1', stranger), 'UNAUTHENTICATED'],
    [
      'a message of six minutes ago',
      (payment) => message(payment, 'authorized', 'msg-1', callbackSecrets, old),
      'UNAUTHENTICATED',
    ],
    ['a signature of another version', () => ({ webhookSignature: 'v2,abc' }), 'UNAUTHENTICATED'],
    ['an unknown provider', () => ({ provider: 'stripe' }), 'NOT_FOUND'],
    ['a payment that nobody knows', () => message(randomUUID(), 'authorized'), 'NOT_FOUND'],
    ['what is no JSON', () => signedAs('{'), 'INVALID_ARGUMENT'],
    ['another kind of message', () => signedAs('{"type":"invoice.paid","data":{}}'), 'INVALID_ARGUMENT'],
    [
      'a state that there is not',
      (payment) => signedAs(JSON.stringify({ type: 'payment.updated', data: { paymentId: payment, state: 'paid' } })),
      'INVALID_ARGUMENT',
    ],
    [
      'a payment that is no id',
      () => signedAs('{"type":"payment.updated","data":{"paymentId":"1","state":"captured"}}'),
      'INVALID_ARGUMENT',
    ],
  ]

  test('each of them', async () => {
    const { instance, payment } = await waiting()
    await decide('authorized')
    for (const [what, change, code] of cases) {
      const request = { ...message(payment, 'authorized', 'msg-1'), ...change(payment) }
      const call = instance.client.receivePaymentCallback(request, as('nobody'))
      expect([what, await codeOf(call)]).toEqual([what, code])
    }
    expect(await states()).toEqual(['WAITING'])
    expect(await reports(payment)).toBe(0)
    expect((await system.database.pool.query('select from payment_callbacks')).rowCount).toBe(0)
  })

  test("an id that is another message's already", async () => {
    const { instance, payment } = await waiting()
    await callBack(instance.client, payment, 'pending', 'msg-1')
    const second = orderOf(await pay(instance.client, system.world.reserve('ann').id))
    const other = (await attempts()).find(({ id }) => id !== payment)?.id ?? ''
    expect(second.paymentStatus).toBe('IN_PROGRESS')
    expect(await codeOf(callBack(instance.client, other, 'authorized', 'msg-1'))).toBe('INVALID_ARGUMENT')
    expect(await reports(other)).toBe(0)
  })
})

test.each(callbackSecrets)('during a rotation either secret is good: %s', async (secret) => {
  const { instance, payment } = await waiting()
  await instance.client.receivePaymentCallback(message(payment, 'pending', 'msg-1', [secret]), as('nobody'))
  expect(await reports(payment)).toBe(1)
})

test('declined by callback: the order can be paid with another token', async () => {
  const { client } = await system.start({ callbackMs: 60_000 })
  const { id } = system.world.reserve('ann')
  const declined = codeOf(pay(client, id))
  const { id: payment } = await untilIn('WAITING')
  await decide('declined')
  await callBack(client, payment, 'declined')
  expect(await declined).toBe('PAYMENT_DECLINED')
  expect(system.world.isProtected(id)).toBe(false)
  const order = orderOf(await pay(client, id, 'tok_ok'))
  expect(order).toMatchObject({ status: 'CONFIRMED', paymentStatus: 'SUCCEEDED' })
  expect((await system.payments()).sort()).toEqual(['captured', 'declined'])
  expect(await system.events(order.id)).toEqual(['payment_declined by ann', 'confirmed by ann'])
})

test('what a callback says is not believed: the provider is asked, and a stale one changes nothing', async () => {
  const { instance, reservation, order, payment } = await waiting()
  // It says more than the provider knows of.
  await callBack(instance.client, payment, 'captured')
  await waitFor(async () => (await attempts())[0]?.state === 'WAITING', { what: 'the attempt to wait again' })
  await decide('authorized')
  await callBack(instance.client, payment, 'declined')
  await untilIn('SUCCEEDED')
  for (const state of ['pending', 'declined', 'voided'] as const) await callBack(instance.client, payment, state)
  expect(orderOf(await pay(instance.client, reservation))).toMatchObject({ id: order, status: 'CONFIRMED' })
  expect(await states()).toEqual(['SUCCEEDED'])
  expect(await system.payments()).toEqual(['captured'])
  expect(await reports(payment)).toBe(5)
})

test('a provider that decides and never calls back is looked at all the same', async () => {
  const { client } = await system.start({ limits: { callbackLookMs: 100 }, callbackMs: 300 })
  expect(orderOf(await pay(client, system.world.reserve('ann').id, 'tok_callback_never')).status).toBe('CONFIRMED')
  expect(await system.payments()).toEqual(['captured'])
})

test('a provider that has not decided at the limit is given up, and a payment that it makes all the same is given back once', async () => {
  let refunds = 0
  const { instance, reservation, order, payment } = await waiting({
    limits: { callbackLookMs: 100, callbackLimitMs: 400 },
    at: (point) => void (point === 'before refund' && refunds++),
  })
  await untilIn('VOIDED')
  expect(system.world.isProtected(reservation)).toBe(false)
  // It had said that it was voided.
  await decide('captured')
  await Promise.all([1, 2, 3].map(async (n) => callBack(instance.client, payment, 'captured', `late-${n}`)))
  await untilIn('REFUNDED')
  await callBack(instance.client, payment, 'captured', 'late-4')
  const done = async () => (await system.database.pool.query('select from late_payments where done_at is null')).rowCount === 0
  await waitFor(done, { what: 'all late payments to be settled' })
  expect([await system.payments(), refunds]).toEqual([['refunded'], 1])
  // The order goes on.
  expect(orderOf(await pay(instance.client, reservation, 'tok_ok'))).toMatchObject({ id: order, status: 'CONFIRMED' })
})

test('late money of an order that is cancelled by then is given back, and the order says so', async () => {
  const { instance, reservation, order, payment } = await waiting({ limits: { callbackLookMs: 100, callbackLimitMs: 400 } })
  await untilIn('VOIDED')
  await instance.client.cancelOrder({ id: order, clientToken: '' }, as('ann'))
  expect(system.world.reservation(reservation).status).toBe('CANCELLED')
  await decide('captured')
  await callBack(instance.client, payment, 'captured')
  await waitFor(async () => (await system.events(order)).length === 2, { what: 'the refund to be told of' })
  expect(await system.events(order)).toEqual(['cancelled by ann', 'refunded by order'])
  expect((await instance.client.listOrders(listAll, as('ann'))).orders).toMatchObject([
    { status: 'CANCELLED', paymentStatus: 'REFUNDED', cancelReason: 'requested' },
  ])
  expect(await system.payments()).toEqual(['refunded'])
})

test('money that can not be stopped on its way is given back when it is there', async () => {
  const { client } = await system.start({ limits: { ...soon, callbackLookMs: 100, callbackLimitMs: 200 }, callbackLateMs: 1_000 })
  const { id } = system.world.reserve('ann')
  expect(orderOf(await pay(client, id, 'tok_callback_late')).paymentStatus).toBe('IN_PROGRESS')
  await untilIn('VOIDING')
  expect(await system.payments()).toEqual(['pending'])
  await untilIn('REFUNDED')
  expect(await system.payments()).toEqual(['refunded'])
  expect(orderOf(await pay(client, id, 'tok_ok')).status).toBe('CONFIRMED')
})

test('a hold that is lost while its payment waits: the authorization is voided and the order is cancelled', async () => {
  const { instance, reservation, payment } = await waiting()
  system.world.expire(reservation)
  await decide('authorized')
  await callBack(instance.client, payment, 'authorized')
  await untilIn('VOIDED')
  expect(await system.payments()).toEqual(['voided'])
  expect(await codeOf(pay(instance.client, reservation))).toBe('RESERVATION_EXPIRED')
  expect((await instance.client.listOrders(listAll, as('ann'))).orders).toMatchObject([
    { status: 'CANCELLED', paymentStatus: 'VOIDED', cancelReason: 'reservation_expired' },
  ])
})

test('a hold that is found lost at a look is not waited for any longer', async () => {
  const { reservation } = await waiting({ limits: { callbackLookMs: 100 } })
  system.world.expire(reservation)
  await untilIn('VOIDED')
  expect(await system.payments()).toEqual(['voided'])
})

describe('many payments that wait', () => {
  /** A provider whose lookups of some payments are not answered before all of them are let go. */
  function provider() {
    const hanging = new Set<string>()
    let letGo = (): void => undefined
    const gone = new Promise<void>((resolve) => (letGo = resolve))
    const asked = { now: 0, most: 0 }
    const around: InstanceOptions['provider'] = (simulated) => ({
      ...simulated,
      lookup: async (id) => {
        if (!hanging.has(id)) return simulated.lookup(id)
        asked.most = Math.max(asked.most, ++asked.now)
        await gone
        asked.now--
        return simulated.lookup(id)
      },
    })
    return { hanging, asked, letGo, around }
  }

  async function allWaiting(client: Client, count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, () => system.world.reserve('ann').id)
    await Promise.all(ids.map(async (id) => pay(client, id)))
    await untilLaidDown(count)
    return (await attempts()).map(({ id }) => id)
  }

  const callBackAll = async (client: Client, ids: string[]) =>
    Promise.all(ids.map(async (id) => callBack(client, id, 'authorized')))
  const paid = async (count: number) =>
    waitFor(async () => (await states()).filter((state) => state === 'SUCCEEDED').length === count, {
      what: `${count} payments to be finished`,
    })
  /** Nothing is given up while a test lasts. */
  const patient = { ...soon, callMs: 60_000 }

  test('those that the provider does not answer about keep no other from being finished', async () => {
    const { hanging, asked, letGo, around } = provider()
    const { client } = await system.start({ callbackMs: 60_000, limits: patient, provider: around })
    const ids = await allWaiting(client, 50)
    const [stuck, others] = [ids.slice(0, 25), ids.slice(25)]
    for (const id of stuck) hanging.add(id)
    await decide('authorized')
    await callBackAll(client, stuck)
    await waitFor(() => asked.now === stuck.length, { what: 'the provider to be asked about those that hang' })
    await callBackAll(client, others)
    await paid(others.length)
    expect(asked.now).toBe(stuck.length)
    letGo()
    await paid(ids.length)
    expect(await system.payments()).toEqual(ids.map(() => 'captured'))
  })

  test('a process takes over so many at once and no more, and the others as these end', async () => {
    const { hanging, asked, letGo, around } = provider()
    const limits = { ...patient, recoveriesAtOnce: 3 }
    const { client } = await system.start({ callbackMs: 60_000, limits, provider: around })
    const ids = await allWaiting(client, 10)
    for (const id of ids) hanging.add(id)
    await decide('authorized')
    await callBackAll(client, ids)
    await waitFor(() => asked.now === 3, { what: 'three to be taken over' })
    letGo()
    await paid(ids.length)
    expect(asked.most).toBe(3)
  })
})

test('each look protects the hold a little further, and none past the limit', async () => {
  const { reservation } = await waiting({ limits: { leaseMs: 100, graceMs: 100, callbackLookMs: 300, callbackLimitMs: 2_000 } })
  const { protectedUntil: first = 0 } = system.world.kept.get(reservation) ?? {}
  await waitFor(() => (system.world.kept.get(reservation)?.protectedUntil ?? 0) > first, { what: 'more protection' })
  await untilIn('VOIDED')
  expect(system.world.isProtected(reservation)).toBe(false)
  expect(system.world.reservation(reservation).status).toBe('ACTIVE')
})

test('a hold is protected further while the provider does not answer, and its payment is finished when it does', async () => {
  let answers = true
  const { instance, reservation, payment } = await waiting({
    limits: { callbackLimitMs: 3_600_000 },
    at: (point) => {
      if (point === 'before lookup' && !answers) throw new Error('the provider is away')
    },
  })
  await untilLaidDown(1)
  answers = false
  const { protectedUntil: first = 0 } = system.world.kept.get(reservation) ?? {}
  await callBack(instance.client, payment, 'pending')
  await waitFor(() => (system.world.kept.get(reservation)?.protectedUntil ?? 0) > first, { what: 'more protection' })
  answers = true
  await decide('authorized')
  await callBack(instance.client, payment, 'authorized')
  await untilIn('SUCCEEDED')
})
