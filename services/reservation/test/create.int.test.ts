import { Hold_State } from '@holdfast/contracts/inventory'
import { operationId } from '@holdfast/service'

import { codeOf, createRequest, errorOf, lines, startWorld, type World } from './world'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
beforeEach(() => {
  world.inventory.stock.set('CAMERA', 1_000)
  world.inventory.made = 0
})
afterAll(async () => world.stop())

const one = lines(['CAMERA', 1])

test('a reservation has the units, prices and end of its hold, and one event tells of it', async () => {
  const user = world.user()
  const ctx = user.ctx()
  const wanted = [
    { sku: 'camera', quantity: 1, warehouse: 'MAIN' },
    { sku: 'CAMERA', quantity: 2, warehouse: 'main' },
  ]
  const { reservation, replayed, requestId } = await world.gateway.createReservation(
    createRequest({ lines: wanted, ttlSeconds: 60 }),
    ctx,
  )
  expect(replayed).toBe(false)
  expect(requestId).toBe(ctx.requestId)
  const hold = world.inventory.holdOf(reservation?.id ?? '')
  expect(reservation).toMatchObject({
    userId: user.id,
    status: 'ACTIVE',
    ttlSeconds: 60,
    version: 1,
    lines: [
      { sku: 'CAMERA', warehouse: 'MAIN', quantity: 3, unitPrice: { currency: 'EUR', amountMinor: 9_007_199_254_740_993n } },
    ],
  })
  expect(reservation?.expiresAt).toEqual(hold.expiresAt)
  expect(reservation?.createdAt).toEqual(hold.createdAt)
  expect(world.expected).toContainEqual(hold.expiresAt)

  const events = await world.events(hold.id)
  expect(events).toMatchObject([
    {
      type: 'holdfast.reservation.created.v1',
      aggregate_version: 1n,
      actor_id: user.id,
      actor_role: 'USER',
      request_id: ctx.requestId,
    },
  ])
  expect(events[0]?.data.after).toMatchObject({
    id: hold.id,
    status: 'ACTIVE',
    lines: [{ quantity: 3, unitPrice: { amountMinor: '9007199254740993' } }],
  })
  const read = await world.gateway.getReservation({ id: hold.id }, user.ctx())
  expect(read.reservation).toEqual(reservation)
})

test('a repeat with the same key is the same reservation, other content is refused', async () => {
  const user = world.user()
  const request = createRequest({ lines: one, clientToken: 'once' })
  const first = await world.gateway.createReservation(request, user.ctx())
  const second = await world.gateway.createReservation(request, user.ctx())
  expect(second).toMatchObject({ replayed: true, reservation: first.reservation })
  expect(first.reservation?.id).toBe(operationId(user.id, 'reserve', 'once'))
  const other = createRequest({ lines: lines(['CAMERA', 2]), clientToken: 'once' })
  expect(await codeOf(world.gateway.createReservation(other, user.ctx()))).toBe('IDEMPOTENCY_KEY_REUSED')
  const longer = createRequest({ lines: one, clientToken: 'once', ttlSeconds: 300 })
  expect(await codeOf(world.gateway.createReservation(longer, user.ctx()))).toBe('IDEMPOTENCY_KEY_REUSED')
  const anothers = await world.gateway.createReservation(request, world.user().ctx())
  expect(anothers.replayed).toBe(false)
  expect(world.inventory.made).toBe(2)
  expect(await world.events(first.reservation?.id ?? '')).toHaveLength(1)
})

test('a repeat shows the reservation as it is now, also when it is over', async () => {
  const user = world.user()
  const request = createRequest({ lines: one, clientToken: 'then-cancelled' })
  const { reservation } = await world.gateway.createReservation(request, user.ctx())
  await world.gateway.cancelReservation({ id: reservation?.id ?? '', clientToken: '' }, user.ctx())
  const again = await world.gateway.createReservation(request, user.ctx())
  expect(again).toMatchObject({ replayed: true, reservation: { id: reservation?.id, status: 'CANCELLED' } })
})

test.each([
  ['a key', { clientToken: 'raced' }],
  ['reuse_active', { reuseActive: true }],
])('50 duplicates at once with %s hold once, and one of them made it', async (_how, more) => {
  const user = world.user()
  const request = createRequest({ lines: one, ...more })
  const answers = await Promise.all(Array.from({ length: 50 }, async () => world.gateway.createReservation(request, user.ctx())))
  expect(new Set(answers.map(({ reservation }) => reservation?.id)).size).toBe(1)
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
  expect(world.inventory.made).toBe(1)
  expect(await world.events(answers[0]?.reservation?.id ?? '')).toHaveLength(1)
})

test('reuse_active makes a new one after the end of the one before, each time', async () => {
  const user = world.user()
  const ids = new Set<string>()
  for (let turn = 0; turn < 3; turn++) {
    const { reservation, replayed } = await world.gateway.createReservation(
      createRequest({ lines: one, reuseActive: true }),
      user.ctx(),
    )
    expect(replayed).toBe(false)
    const again = await world.gateway.createReservation(createRequest({ lines: one, reuseActive: true }), user.ctx())
    expect(again).toMatchObject({ replayed: true, reservation: { id: reservation?.id } })
    ids.add(reservation?.id ?? '')
    await world.gateway.cancelReservation({ id: reservation?.id ?? '', clientToken: '' }, user.ctx())
  }
  expect(ids.size).toBe(3)
})

test('reuse_active gets past a hold that was lost before its reservation was made', async () => {
  const user = world.user()
  const request = createRequest({ lines: one, reuseActive: true })
  world.inventory.failNext('hold', 'after')
  expect(await codeOf(world.gateway.createReservation(request, user.ctx()))).toBe('UNAVAILABLE')
  const [lost] = [...world.inventory.holds.values()].filter((hold) => hold.owner === user.id)
  if (lost === undefined) throw new Error('no hold was made')
  world.inventory.put({ ...lost, state: Hold_State.RELEASED, version: 2 })
  const { reservation } = await world.gateway.createReservation(request, user.ctx())
  expect(reservation).toMatchObject({ status: 'ACTIVE' })
  expect(reservation?.id).not.toBe(lost.id)
})

test('without a key or reuse_active every request is a reservation of its own', async () => {
  const user = world.user()
  const both = await Promise.all(
    [1, 2].map(async () => world.gateway.createReservation(createRequest({ lines: one }), user.ctx())),
  )
  expect(new Set(both.map(({ reservation }) => reservation?.id)).size).toBe(2)
})

test('a repeat during a payment leaves the end as it is: the protection goes as it came', async () => {
  const user = world.user()
  const request = createRequest({ lines: one, clientToken: 'paying' })
  const { reservation } = await world.gateway.createReservation(request, user.ctx())
  const later = new Date(Date.now() + 900_000)
  world.inventory.moveEnd(reservation?.id ?? '', later, later)
  const again = await world.gateway.createReservation(request, user.ctx())
  expect(again).toMatchObject({ replayed: true, reservation: { expiresAt: reservation?.expiresAt, version: 1 } })
  expect(await world.events(reservation?.id ?? '')).toHaveLength(1)
})

test('a retry with the same key picks up a hold that was made before a crash', async () => {
  const user = world.user()
  const request = createRequest({ lines: one, clientToken: 'crash' })
  world.inventory.failNext('hold', 'after')
  expect(await codeOf(world.gateway.createReservation(request, user.ctx()))).toBe('UNAVAILABLE')
  const { reservation, replayed } = await world.gateway.createReservation(request, user.ctx())
  expect(replayed).toBe(false)
  expect(reservation).toMatchObject({ status: 'ACTIVE' })
  expect(world.inventory.made).toBe(1)
  expect(await world.events(reservation?.id ?? '')).toHaveLength(1)
})

test('units that arrive between a crash and the retry are counted: the record knows how often its lines were filled', async () => {
  const user = world.user()
  const request = createRequest({ lines: one, clientToken: 'filled' })
  world.inventory.failNext('hold', 'after')
  expect(await codeOf(world.gateway.createReservation(request, user.ctx()))).toBe('UNAVAILABLE')
  const [held] = [...world.inventory.holds.values()].filter((hold) => hold.owner === user.id)
  if (held === undefined) throw new Error('no hold was made')
  world.inventory.put({ ...held, fills: 2, version: 3 })
  const { reservation } = await world.gateway.createReservation(request, user.ctx())
  expect(reservation).toMatchObject({ id: held.id, fills: 2 })
  expect(await world.gateway.getReservation({ id: held.id }, user.ctx())).toMatchObject({ reservation: { fills: 2 } })
})

test('a database connection that breaks after the hold is UNAVAILABLE, and the retry finds the hold', async () => {
  const user = world.user()
  const request = createRequest({ lines: one, clientToken: 'broken' })
  await world.database.pool.query(`
    create function die() returns trigger language plpgsql as 'begin perform pg_terminate_backend(pg_backend_pid()); return new; end';
    create trigger die before insert on outbox execute function die()`)
  expect(await codeOf(world.gateway.createReservation(request, user.ctx()))).toBe('UNAVAILABLE')
  await world.database.pool.query('drop trigger die on outbox')
  expect(await world.gateway.createReservation(request, user.ctx())).toMatchObject({ replayed: false })
  expect(world.inventory.made).toBe(1)
})

test('a repeat whose hold ended without a reservation is told so', async () => {
  const user = world.user()
  const request = createRequest({ lines: one, clientToken: 'lost' })
  world.inventory.failNext('hold', 'after')
  await codeOf(world.gateway.createReservation(request, user.ctx()))
  const hold = world.inventory.holdOf(operationId(user.id, 'reserve', 'lost'))
  world.inventory.put({ ...hold, state: Hold_State.EXPIRED, version: 2 })
  expect(await codeOf(world.gateway.createReservation(request, user.ctx()))).toBe('RESERVATION_EXPIRED')
  // Or is still held, but past its time: it is not begun.
  world.inventory.put({ ...hold, expiresAt: new Date(Date.now() - 10) })
  expect(await codeOf(world.gateway.createReservation(request, user.ctx()))).toBe('RESERVATION_EXPIRED')
  expect(await world.events(hold.id)).toHaveLength(0)
})

test('a refusal names the line of the request, and leaves nothing', async () => {
  const user = world.user()
  world.inventory.stock.set('AAA', 10)
  const request = createRequest({ lines: lines(['CAMERA', 1], ['NONE', 1], ['AAA', 1]), clientToken: 'refused' })
  const error = await errorOf(world.gateway.createReservation(request, user.ctx()))
  expect(error).toMatchObject({ code: 'INSUFFICIENT_STOCK', fields: [{ field: 'lines[1].sku', message: 'not enough stock' }] })
  expect(world.inventory.made).toBe(0)
  // Refusals are not remembered.
  world.inventory.stock.set('NONE', 1)
  expect(await world.gateway.createReservation(request, user.ctx())).toMatchObject({ replayed: false })
})

test('one refused request does not fail those that travel with it', async () => {
  const user = world.user()
  world.inventory.stock.set('FEW', 3)
  const requests = Array.from({ length: 20 }, async () =>
    world.gateway.createReservation(createRequest({ lines: lines(['FEW', 1]) }), user.ctx()),
  )
  const settled = await Promise.allSettled(requests)
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
})

test('only the order service chooses the id', async () => {
  const user = world.user()
  const reservationId = operationId(user.id, 'order', 'x')
  const request = createRequest({ lines: one, reservationId })
  expect(await errorOf(world.gateway.createReservation(request, user.ctx()))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    fields: [{ field: 'reservationId' }],
  })
  expect(await world.order.createReservation(request, user.ctx())).toMatchObject({
    reservation: { id: reservationId, userId: user.id },
  })
  expect(await world.order.createReservation(request, user.ctx())).toMatchObject({ replayed: true })
  expect(await codeOf(world.order.createReservation(request, world.user().ctx()))).toBe('IDEMPOTENCY_KEY_REUSED')
  expect(await codeOf(world.order.createReservation(request, user.ctx({ userToken: undefined })))).toBe('PERMISSION_DENIED')
})

test('inventory away is a quick UNAVAILABLE', async () => {
  world.inventory.failNext('hold', 'before')
  expect(await codeOf(world.gateway.createReservation(createRequest({ lines: one }), world.user().ctx()))).toBe('UNAVAILABLE')
  expect(world.inventory.made).toBe(0)
})
