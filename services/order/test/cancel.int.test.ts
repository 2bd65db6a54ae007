import { PlaceOrderRequest } from '@holdfast/contracts/order'
import { waitFor } from '@holdfast/testing'

import { readUnfinished } from '../src/metrics'
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

const place = async () =>
  orderOf(await client.placeOrder(PlaceOrderRequest.fromPartial({ lines: [{ sku: 'LAPTOP001', quantity: 1 }] }), as('ann')))
const paid = async () =>
  orderOf(
    await client.checkout(
      { reservationId: system.world.reserve('ann').id, paymentToken: '', clientToken: '', lines: [] },
      as('ann'),
    ),
  )
const cancel = async (id: string, ctx = as('ann'), clientToken = '') => client.cancelOrder({ id, clientToken }, ctx)
const transition = async (
  id: string,
  status: 'CONFIRMED' | 'PROCESSING' | 'SHIPPED' | 'DELIVERED' | 'CANCELLED' | 'PENDING',
  clientToken = '',
) => client.transitionOrder({ id, status, clientToken }, as('root', 'ADMIN'))
const get = async (id: string) => orderOf(await client.getOrder({ id }, as('ann')))

test('a PENDING order gives its stock back first, then it is CANCELLED; a second cancel is a replay', async () => {
  const { id, reservationId } = await place()
  expect(await cancel(id)).toMatchObject({
    replayed: false,
    order: { status: 'CANCELLED', cancelReason: 'requested', paymentStatus: 'UNPAID' },
  })
  expect(system.world.reservation(reservationId).status).toBe('CANCELLED')
  expect(await cancel(id)).toMatchObject({ replayed: true, order: { status: 'CANCELLED' } })
  expect(await system.events(id)).toEqual(['placed by ann', 'cancelled by ann'])
})

test('with the reservation service away nothing is cancelled', async () => {
  const { id } = await place()
  system.world.before = (rpc) => {
    if (rpc === 'cancelReservation') throw away()
  }
  expect(await codeOf(cancel(id))).toBe('UNAVAILABLE')
  expect((await get(id)).status).toBe('PENDING')
})

test('a CONFIRMED order is cancelled at once, and its units and money come back, however often that fails', async () => {
  const { id, reservationId } = await paid()
  const unfinished = async () => (await readUnfinished(system.database.pool)).map(({ value }) => value)
  let failures = 0
  let [, , owed, owedSeconds]: (number | undefined)[] = []
  system.world.before = async (rpc) => {
    if (rpc !== 'returnStock' || failures++ >= 2) return
    ;[, , owed, owedSeconds] = await unfinished()
    throw away()
  }
  expect(await cancel(id)).toMatchObject({ replayed: false, order: { status: 'CANCELLED', paymentStatus: 'REFUND_PENDING' } })
  const refunded = await waitFor(async () => ((await get(id)).paymentStatus === 'REFUNDED' ? get(id) : undefined), {
    what: 'the refund',
  })
  expect(refunded).toMatchObject({ status: 'CANCELLED', cancelReason: 'requested', version: 3 })
  expect(failures).toBe(3)
  expect(owed).toBe(1)
  expect(owedSeconds).toBeGreaterThan(0)
  expect(await unfinished()).toEqual([0, 0, 0, 0])
  expect([...system.world.returned.values()].filter((hold) => hold === reservationId)).toHaveLength(1)
  expect((await system.payments()).at(-1)).toBe('refunded')
  expect(await system.events(id)).toEqual(['confirmed by ann', 'cancelled by ann', 'refunded by order'])
})

test('ten cancels at once are one', async () => {
  const { id } = await paid()
  const answers = await Promise.all(Array.from({ length: 10 }, async () => cancel(id)))
  expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1)
  await waitFor(async () => (await get(id)).paymentStatus === 'REFUNDED', { what: 'the refund' })
  expect(await system.events(id)).toHaveLength(3)
})

test('the reservation is cancelled on the way: the order is cancelled in the name of who asked', async () => {
  const { id, reservationId } = await place()
  const other = await system.start()
  system.world.before = async (rpc) => {
    // The event of the reservation's end is quicker than the answer.
    if (rpc !== 'cancelReservation') return
    system.world.cancel(reservationId)
    await other.deps.database.pool.query('update orders set look_at = clock_timestamp() where id = $1', [id])
    await waitFor(async () => (await get(id)).status === 'CANCELLED', { what: 'the order to lapse' })
  }
  expect(await cancel(id)).toMatchObject({ replayed: false, order: { status: 'CANCELLED', cancelReason: 'requested' } })
  expect(await system.events(id)).toEqual(['placed by ann', 'cancelled by ann'])
})

test('a checkout that begins while the stock is being released takes no money', async () => {
  const { id, reservationId } = await place()
  let begin: (() => void) | undefined
  const begun = new Promise<void>((resolve) => (begin = resolve))
  let paying: Promise<string> = Promise.resolve('')
  system.world.before = async (rpc) => {
    if (rpc === 'cancelReservation') {
      paying = codeOf(client.confirmOrder({ id, paymentToken: '', clientToken: '' }, as('ann')))
      await begun
    }
    if (rpc === 'protect') {
      begin?.()
      // The release wins the race for the hold.
      await waitFor(() => system.world.reservation(reservationId).status === 'CANCELLED', { what: 'the release' })
    }
  }
  const before = (await system.payments()).length
  expect(orderOf(await cancel(id)).status).toBe('CANCELLED')
  expect(await paying).toBe('RESERVATION_NOT_ACTIVE')
  expect(await system.payments()).toHaveLength(before)
  expect(await system.events(id)).toEqual(['placed by ann', 'cancelled by ann'])
})

test('an admin moves an order along the table, and nowhere else', async () => {
  const { id } = await paid()
  expect(await codeOf(transition(id, 'SHIPPED'))).toBe('ILLEGAL_TRANSITION')
  expect(await transition(id, 'PROCESSING')).toMatchObject({ replayed: false, order: { status: 'PROCESSING' } })
  expect(await transition(id, 'PROCESSING')).toMatchObject({ replayed: true, order: { status: 'PROCESSING' } })
  expect(await codeOf(cancel(id))).toBe('ILLEGAL_TRANSITION')
  expect(await codeOf(transition(id, 'CANCELLED'))).toBe('ILLEGAL_TRANSITION')
  await transition(id, 'SHIPPED')
  await transition(id, 'DELIVERED')
  expect(await codeOf(transition(id, 'PENDING'))).toBe('ILLEGAL_TRANSITION')
  expect(await system.events(id)).toEqual([
    'confirmed by ann',
    'transitioned by root',
    'transitioned by root',
    'transitioned by root',
  ])
})

test('an admin confirms nothing without a payment, and may cancel by a transition', async () => {
  const { id } = await place()
  expect(await codeOf(transition(id, 'CONFIRMED'))).toBe('ILLEGAL_TRANSITION')
  expect(await codeOf(client.transitionOrder({ id, status: 'STATUS_UNSPECIFIED', clientToken: '' }, as('root', 'ADMIN')))).toBe(
    'INVALID_ARGUMENT',
  )
  expect(await codeOf(client.transitionOrder({ id, status: 'PROCESSING', clientToken: '' }, as('ann')))).toBe('PERMISSION_DENIED')
  expect(await transition(id, 'CANCELLED')).toMatchObject({ replayed: false, order: { status: 'CANCELLED' } })
})

test('a transition repeated by its key says what the order is now, and the key is good for that only', async () => {
  const { id } = await paid()
  await transition(id, 'PROCESSING', 'step-1')
  await transition(id, 'SHIPPED', 'step-2')
  expect(await transition(id, 'PROCESSING', 'step-1')).toMatchObject({ replayed: true, order: { status: 'SHIPPED' } })
  expect(await codeOf(transition(id, 'DELIVERED', 'step-1'))).toBe('IDEMPOTENCY_KEY_REUSED')
})

test('what an order owes is still tried after thousands of failures, and holds nobody else up', async () => {
  let failed = false
  system.world.before = (rpc) => {
    if (rpc !== 'returnStock') return
    failed = true
    throw away()
  }
  const { id } = await paid()
  await cancel(id)
  await waitFor(() => failed, { what: 'the first failure' })
  await system.database.pool.query('update return_tasks set tries = 5000, run_at = now() where order_id = $1', [id])
  system.world.before = () => undefined
  const other = await paid()
  await cancel(other.id)
  await waitFor(async () => (await get(other.id)).paymentStatus === 'REFUNDED', { what: 'the other refund' })
  await waitFor(async () => (await get(id)).paymentStatus === 'REFUNDED', { what: 'the refund', timeoutMs: 90_000 })
}, 100_000)
