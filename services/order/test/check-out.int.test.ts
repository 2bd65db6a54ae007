import { waitFor } from '@holdfast/testing'

import { as, type Client, codeOf, type Instance, listAll, orderOf, startSystem, type System } from './support/system'

let system: System
let order: Instance
let client: Client

beforeAll(async () => {
  system = await startSystem()
  order = await system.start()
  client = order.client
})

afterAll(async () => system.stop())

const checkout = async (reservationId: string, ctx = as('ann'), paymentToken = '', clientToken = '') =>
  client.checkout({ reservationId, paymentToken, clientToken, lines: [] }, ctx)

test('a reservation becomes a confirmed order with the prices of the hold', async () => {
  const reservation = system.world.reserve('ann', [
    { sku: 'LAPTOP001', quantity: 2 },
    { sku: 'CHARGER001', quantity: 1 },
  ])
  const laptop = system.world.products.get('LAPTOP001')
  if (laptop !== undefined) laptop.amountMinor = 1n
  const response = await checkout(reservation.id)
  if (laptop !== undefined) laptop.amountMinor = 129_999n
  expect(response).toMatchObject({
    replayed: false,
    order: {
      reservationId: reservation.id,
      userId: 'ann',
      status: 'CONFIRMED',
      paymentStatus: 'SUCCEEDED',
      version: 1,
      total: { currency: 'USD', amountMinor: 267_997n },
      lines: [
        { sku: 'LAPTOP001', warehouse: 'MAIN', quantity: 2, unitPrice: { currency: 'USD', amountMinor: 129_999n } },
        { sku: 'CHARGER001', quantity: 1 },
      ],
    },
  })
  expect(system.world.reservation(reservation.id).status).toBe('COMMITTED')
  expect(await system.events(orderOf(response).id)).toEqual(['confirmed by ann'])
})

test('a second checkout returns the same order as a replay', async () => {
  const { id } = system.world.reserve('ann')
  const first = await checkout(id)
  const second = await checkout(id, as('ann'), 'tok_declined')
  expect(second).toMatchObject({ replayed: true, order: { id: orderOf(first).id, status: 'CONFIRMED' } })
  expect(await system.events(orderOf(first).id)).toHaveLength(1)
})

test('twenty checkouts at once over two replicas make one order and one payment', async () => {
  const other = await system.start()
  const { id } = system.world.reserve('ann')
  const before = (await system.payments()).length
  const responses = await Promise.all(
    Array.from({ length: 20 }, async (_, n) =>
      (n % 2 === 0 ? client : other.client).checkout(
        { reservationId: id, paymentToken: '', clientToken: '', lines: [] },
        as('ann'),
      ),
    ),
  )
  expect(new Set(responses.map((response) => orderOf(response).id)).size).toBe(1)
  expect(responses.filter((response) => !response.replayed)).toHaveLength(1)
  expect((await system.payments()).slice(before)).toEqual(['captured'])
  expect(await system.events(orderOf(responses[0] ?? { order: undefined }).id)).toEqual(['confirmed by ann'])
})

test('a declined card, then a good one: one order', async () => {
  const { id } = system.world.reserve('ann')
  expect(await codeOf(checkout(id, as('ann'), 'tok_declined'))).toBe('PAYMENT_DECLINED')
  expect(system.world.reservation(id).status).toBe('ACTIVE')
  expect(system.world.isProtected(id)).toBe(false)
  const { orders } = await client.listOrders(listAll, as('ann'))
  const declined = orders.find((row) => row.reservationId === id)
  expect(declined).toMatchObject({ status: 'PENDING', paymentStatus: 'DECLINED', version: 1 })
  const paid = await checkout(id, as('ann'), 'tok_ok')
  expect(paid).toMatchObject({
    replayed: false,
    order: { id: declined?.id, status: 'CONFIRMED', paymentStatus: 'SUCCEEDED', version: 2 },
  })
  expect(await system.events(orderOf(paid).id)).toEqual(['payment_declined by ann', 'confirmed by ann'])
})

test('an unknown card is declined', async () => {
  expect(await codeOf(checkout(system.world.reserve('ann').id, as('ann'), 'tok_stolen'))).toBe('PAYMENT_DECLINED')
})

test("another's reservation or order looks absent; an admin checks out for its owner", async () => {
  const { id } = system.world.reserve('ann')
  expect(await codeOf(checkout(id, as('bob')))).toBe('NOT_FOUND')
  const paid = orderOf(await checkout(id, as('root', 'ADMIN')))
  expect(paid.userId).toBe('ann')
  expect(await codeOf(checkout(id, as('bob')))).toBe('NOT_FOUND')
  expect(await codeOf(client.getOrder({ id: paid.id }, as('bob')))).toBe('NOT_FOUND')
  expect(await codeOf(client.cancelOrder({ id: paid.id, clientToken: '' }, as('bob')))).toBe('NOT_FOUND')
  expect(orderOf(await client.getOrder({ id: paid.id }, as('ann'))).id).toBe(paid.id)
})

test('what is not active is refused, and no money is asked for', async () => {
  const before = (await system.payments()).length
  const expired = system.world.reserve('ann')
  system.world.expire(expired.id)
  const cancelled = system.world.reserve('ann')
  system.world.cancel(cancelled.id)
  expect(await codeOf(checkout(expired.id))).toBe('RESERVATION_EXPIRED')
  expect(await codeOf(checkout(cancelled.id))).toBe('RESERVATION_NOT_ACTIVE')
  expect(await codeOf(checkout('7f4df5a2-61c5-4d0e-9f6b-0d9ed1b7a0aa'))).toBe('NOT_FOUND')
  expect(await codeOf(checkout('nonsense'))).toBe('INVALID_ARGUMENT')
  expect(await system.payments()).toHaveLength(before)
})

test('prices in two currencies are refused', async () => {
  const { id } = system.world.reserve('ann', [
    { sku: 'LAPTOP001', quantity: 1 },
    { sku: 'LAMP001', quantity: 1 },
  ])
  expect(await codeOf(checkout(id))).toBe('INVALID_ARGUMENT')
})

test('an idempotency key is good for one request', async () => {
  const [one, two] = [system.world.reserve('ann'), system.world.reserve('ann')]
  const first = await checkout(one.id, as('ann'), 'tok_ok', 'key-1')
  expect(await checkout(one.id, as('ann'), 'tok_ok', 'key-1')).toMatchObject({ replayed: true, order: { id: orderOf(first).id } })
  expect(await codeOf(checkout(two.id, as('ann'), 'tok_ok', 'key-1'))).toBe('IDEMPOTENCY_KEY_REUSED')
  expect(orderOf(await checkout(two.id, as('ann'), 'tok_ok', 'key-2')).status).toBe('CONFIRMED')
})

test('a refusal is not remembered by its key, a success is, whatever becomes of the order', async () => {
  const { id } = system.world.reserve('ann')
  expect(await codeOf(checkout(id, as('ann'), 'tok_declined', 'key-3'))).toBe('PAYMENT_DECLINED')
  const paid = orderOf(await checkout(id, as('ann'), 'tok_ok', 'key-3'))
  await client.cancelOrder({ id: paid.id, clientToken: '' }, as('ann'))
  expect(await checkout(id, as('ann'), 'tok_ok', 'key-3')).toMatchObject({
    replayed: true,
    order: { id: paid.id, status: 'CANCELLED' },
  })
  expect(await codeOf(checkout(id))).toBe('RESERVATION_NOT_ACTIVE')
})

test('one key for two reservations at the same moment pays one of them', async () => {
  const [one, two] = [system.world.reserve('ann'), system.world.reserve('ann')]
  const codes = await Promise.all([one, two].map(async ({ id }) => codeOf(checkout(id, as('ann'), '', 'key-4'))))
  expect(codes.sort()).toEqual(['IDEMPOTENCY_KEY_REUSED', 'OK'])
})

test('a caller who leaves during a slow payment finds the order confirmed later', async () => {
  const { id } = system.world.reserve('ann')
  expect(await codeOf(checkout(id, as('ann', 'USER', 400), 'tok_slow'))).toBe('DEADLINE_EXCEEDED')
  expect(await checkout(id, as('ann'), 'tok_slow')).toMatchObject({ replayed: true, order: { status: 'CONFIRMED' } })
  expect((await system.payments()).at(-1)).toBe('captured')
})

test('cancel during a payment is refused, whoever asks, and the payment goes on', async () => {
  const { id } = system.world.reserve('ann')
  const paying = checkout(id, as('ann'), 'tok_slow')
  const open = await waitFor(
    async () => (await client.listOrders(listAll, as('ann'))).orders.find((row) => row.reservationId === id),
    { what: 'the order to be pending' },
  )
  expect(open).toMatchObject({ status: 'PENDING', paymentStatus: 'IN_PROGRESS' })
  expect(await codeOf(client.cancelOrder({ id: open.id, clientToken: '' }, as('ann')))).toBe('PAYMENT_IN_PROGRESS')
  expect(await codeOf(client.cancelOrder({ id: open.id, clientToken: '' }, as('root', 'ADMIN')))).toBe('PAYMENT_IN_PROGRESS')
  expect(orderOf(await paying).status).toBe('CONFIRMED')
})

test('inventory down: a clear UNAVAILABLE, no money asked for, and the next try pays', async () => {
  const { id } = system.world.reserve('ann')
  const before = (await system.payments()).length
  const failing = await system.start({ at: (point) => refuseAt(point, 'before protect') })
  expect(
    await codeOf(failing.client.checkout({ reservationId: id, paymentToken: '', clientToken: '', lines: [] }, as('ann'))),
  ).toBe('UNAVAILABLE')
  expect(await system.payments()).toHaveLength(before)
  await failing.stop()
  expect(orderOf(await checkout(id)).status).toBe('CONFIRMED')
})

function refuseAt(point: string, where: string): void {
  if (point === where) throw new Error('away')
}
