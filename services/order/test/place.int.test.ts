import { PlaceOrderRequest } from '@holdfast/contracts/order'
import { HoldfastError } from '@holdfast/service'
import { CreateReservationRequest } from '@holdfast/contracts/reservation'
import { waitFor } from '@holdfast/testing'

import { as, type Client, codeOf, orderOf, startSystem, type System } from './support/system'
import { away } from './support/world'

let system: System
let client: Client

beforeAll(async () => {
  system = await startSystem()
  client = (await system.start()).client
})

afterAll(async () => system.stop())

beforeEach(() => {
  system.world.before = () => undefined
})

const lines = (sku = 'LAPTOP001', quantity = 1) => [{ sku, quantity, warehouse: '' }]
const place = async (clientToken = '', asked = lines(), ttlSeconds?: number) =>
  client.placeOrder(PlaceOrderRequest.fromPartial({ lines: asked, ttlSeconds, clientToken }), as('ann'))
const get = async (id: string) => orderOf(await client.getOrder({ id }, as('ann')))
const rows = async () => (await system.database.pool.query('select from orders')).rowCount
/** Fails the next answer of the reservation service after its effect. */
const loseAnswer = () => {
  const { reservations, world } = { reservations: system.world.reservations, world: system.world }
  world.before = async (rpc) => {
    if (rpc !== 'createReservation') return
    world.before = () => undefined
    const order = (
      await system.database.pool.query<{ reservation_id: string }>('select reservation_id from orders where total_minor is null')
    ).rows[0]
    const reservationId = order?.reservation_id ?? ''
    const request = CreateReservationRequest.fromPartial({ lines: lines(), ttlSeconds: 300, reservationId })
    await reservations.createReservation(request, as('ann'))
    throw away()
  }
}

test('an order and its reservation in one call, paid by confirm', async () => {
  const placed = await place('', [...lines('LAPTOP001', 2), ...lines('CHARGER001')])
  const order = orderOf(placed)
  expect(placed).toMatchObject({
    replayed: false,
    order: { status: 'PENDING', paymentStatus: 'UNPAID', version: 1, total: { currency: 'USD', amountMinor: 267_997n } },
  })
  expect(system.world.reservation(order.reservationId).status).toBe('ACTIVE')
  expect(await codeOf(client.confirmOrder({ id: order.id, paymentToken: '', clientToken: '' }, as('bob')))).toBe('NOT_FOUND')
  expect(await codeOf(client.confirmOrder({ id: order.id, paymentToken: 'tok_declined', clientToken: '' }, as('ann')))).toBe(
    'PAYMENT_DECLINED',
  )
  const confirm = async () => client.confirmOrder({ id: order.id, paymentToken: 'tok_ok', clientToken: '' }, as('ann'))
  expect(await confirm()).toMatchObject({ replayed: false, order: { id: order.id, status: 'CONFIRMED' } })
  expect(await confirm()).toMatchObject({ replayed: true, order: { id: order.id } })
  expect(
    await client.checkout({ reservationId: order.reservationId, paymentToken: '', clientToken: '', lines: [] }, as('ann')),
  ).toMatchObject({
    replayed: true,
    order: { id: order.id },
  })
  expect(await system.events(order.id)).toEqual(['placed by ann', 'payment_declined by ann', 'confirmed by ann'])
})

test('fifty repeats of one key at once make one order and one reservation', async () => {
  const before = system.world.kept.size
  const answers = await Promise.all(Array.from({ length: 50 }, async () => place('same')))
  expect(new Set(answers.map((answer) => orderOf(answer).id)).size).toBe(1)
  expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1)
  expect(system.world.kept.size).toBe(before + 1)
  expect(await system.events(orderOf(await place('same')).id)).toEqual(['placed by ann'])
})

test('a key is good for one content, in whatever order its lines are, and for one user', async () => {
  const both = [...lines('LAPTOP001'), ...lines('CHARGER001', 2)]
  const first = orderOf(await place('content', both))
  const split = [...lines('charger001'), ...lines('CHARGER001'), ...lines('LAPTOP001')]
  expect(await place('content', split)).toMatchObject({ replayed: true, order: { id: first.id } })
  expect(await codeOf(place('content', lines('LAPTOP001', 2)))).toBe('IDEMPOTENCY_KEY_REUSED')
  const bobs = await client.placeOrder(PlaceOrderRequest.fromPartial({ lines: both, clientToken: 'content' }), as('bob'))
  expect(orderOf(bobs).id).not.toBe(first.id)
})

test('a refusal leaves no order and does not use up its key', async () => {
  const before = await rows()
  expect(await codeOf(place('wish', lines('CAMERA001')))).toBe('INSUFFICIENT_STOCK')
  expect(await codeOf(place('', lines('UNICORN')))).toBe('NOT_FOUND')
  expect(await codeOf(place('', lines('LAPTOP001', -1)))).toBe('INVALID_ARGUMENT')
  expect(await codeOf(place('', []))).toBe('INVALID_ARGUMENT')
  expect(await rows()).toBe(before)
  expect(await place('wish')).toMatchObject({ replayed: false, order: { status: 'PENDING' } })
})

test('products in two currencies are refused, and nothing stays held', async () => {
  const before = await rows()
  expect(await codeOf(place('', [...lines('LAPTOP001'), ...lines('LAMP001')]))).toBe('INVALID_ARGUMENT')
  expect(await rows()).toBe(before)
  expect([...system.world.kept.values()].at(-1)?.reservation.status).toBe('CANCELLED')
})

test('an answer that is lost: the order is not seen, and a repeat picks up what was done', async () => {
  loseAnswer()
  expect(await codeOf(place('lost'))).toBe('UNAVAILABLE')
  const { rows: hidden } = await system.database.pool.query<{ id: string }>('select id from orders where total_minor is null')
  expect(await codeOf(get(hidden[0]?.id ?? ''))).toBe('NOT_FOUND')
  const again = orderOf(await place('lost'))
  expect(again).toMatchObject({ id: hidden[0]?.id, status: 'PENDING' })
  expect(await system.events(again.id)).toEqual(['placed by ann'])
})

test('an answer that is lost for good: the worker completes the order', async () => {
  loseAnswer()
  expect(await codeOf(place())).toBe('UNAVAILABLE')
  const { rows: hidden } = await system.database.pool.query<{ id: string }>(
    'update orders set look_at = clock_timestamp() where total_minor is null returning id',
  )
  const id = hidden[0]?.id ?? ''
  expect(await waitFor(async () => get(id), { what: 'the order to be completed' })).toMatchObject({
    status: 'PENDING',
    version: 1,
  })
  expect(await system.events(id)).toEqual(['placed by ann'])
})

test('a reservation that was never made: the worker takes the order back', async () => {
  const before = await rows()
  system.world.before = (rpc) => {
    if (rpc === 'createReservation') throw away()
  }
  expect(await codeOf(place())).toBe('UNAVAILABLE')
  expect(await rows()).toBe((before ?? 0) + 1)
  await system.database.pool.query('update orders set look_at = clock_timestamp() where total_minor is null')
  await waitFor(async () => (await rows()) === before, { what: 'the order to be taken back' })
})

test('a refusal that arrives late does not take back the order of a repeat', async () => {
  let deliver: (() => void) | undefined
  const delivered = new Promise<void>((resolve) => (deliver = resolve))
  let calls = 0
  system.world.before = async (rpc) => {
    if (rpc !== 'createReservation' || calls++ > 0) return
    await delivered
    throw new HoldfastError('INSUFFICIENT_STOCK', 'There were not enough')
  }
  const first = codeOf(place('twice'))
  await waitFor(() => calls === 1, { what: 'the first call' })
  const second = orderOf(await place('twice'))
  deliver?.()
  expect(await first).toBe('INSUFFICIENT_STOCK')
  expect(await get(second.id)).toMatchObject({ status: 'PENDING' })
})

test('a refusal that arrives while a repeat is under way does not lose the repeat', async () => {
  let deliver: (() => void) | undefined
  const delivered = new Promise<void>((resolve) => (deliver = resolve))
  let calls = 0
  system.world.before = async (rpc) => {
    if (rpc !== 'createReservation') return
    if (calls++ === 0) throw new HoldfastError('INSUFFICIENT_STOCK', 'There were not enough')
    await delivered
  }
  const second = waitFor(() => calls === 1, { what: 'the first call' }).then(async () => place('thrice'))
  const before = await rows()
  expect(await codeOf(place('thrice'))).toBe('INSUFFICIENT_STOCK')
  await waitFor(() => calls === 2, { what: 'the second call' })
  await system.database.pool.query('delete from orders where total_minor is null')
  deliver?.()
  expect(await get(orderOf(await second).id)).toMatchObject({ status: 'PENDING' })
  expect(await rows()).toBe((before ?? 0) + 1)
})

test('an order for more money than it can hold is refused, and its units are free again', async () => {
  const asked = lines('ISLAND001', 1_000_000)
  const before = new Set(system.world.kept.keys())
  const ordersBefore = await rows()
  await expect(place('islands', asked)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', fields: [{ field: 'lines' }] })
  const made = [...system.world.kept.keys()].filter((id) => !before.has(id))
  expect(made.map((id) => system.world.reservation(id).status)).toEqual(['CANCELLED'])
  expect(await rows()).toBe(ordersBefore)
})
