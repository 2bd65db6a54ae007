import { randomUUID } from 'node:crypto'

import { Hold_State } from '@holdfast/contracts/inventory'
import type { Reservation } from '@holdfast/contracts/reservation'

import { callContext, type Caller, codeOf, createRequest, errorOf, lines, startWorld, type World } from './world'

const ttlMax = 3_600

let world: World
let user: Caller
let made: Reservation
let id: string
beforeAll(async () => {
  world = await startWorld({ ttlMax })
  world.inventory.stock.set('CAMERA', 1_000_000)
})
beforeEach(async () => {
  user = world.user()
  const { reservation } = await world.gateway.createReservation(
    createRequest({ lines: lines(['CAMERA', 1]), ttlSeconds: 60 }),
    user.ctx(),
  )
  if (reservation === undefined) throw new Error('no reservation')
  made = reservation
  id = made.id
})
afterAll(async () => world.stop())

const cancel = async (clientToken = '', client = world.gateway) => client.cancelReservation({ id, clientToken }, user.ctx())
const extend = async (more: { expiresAt?: Date; ttlSeconds?: number; clientToken?: string }) =>
  world.gateway.extendReservation({ id, expiresAt: undefined, ttlSeconds: 0, clientToken: '', ...more }, user.ctx())
const commit = async () => world.order.commitReservation({ id }, callContext(world.log))
const typesOf = async () => (await world.events(id)).map(({ type }) => type.replace(/^holdfast\.reservation\.(.*)\.v1$/, '$1'))
const inSeconds = (seconds: number) => new Date((made.createdAt?.getTime() ?? 0) + seconds * 1000)
/** As time does, for hold and record. */
const letTimePass = async () => {
  const past = new Date(Date.now() - 1_000)
  world.inventory.put({ ...world.inventory.holdOf(id), expiresAt: past, baseExpiresAt: past })
  await world.database.pool.query('update reservations set expires_at = $2, sweep_after = $2 where id = $1', [id, past])
}

describe('cancel', () => {
  test('gives the units back once; a repeat is a replay', async () => {
    const before = world.inventory.stock.get('CAMERA') ?? 0
    expect(await cancel()).toMatchObject({ replayed: false, reservation: { status: 'CANCELLED', version: 2 } })
    expect(await cancel()).toMatchObject({ replayed: true, reservation: { status: 'CANCELLED', version: 2 } })
    expect(world.inventory.stock.get('CAMERA')).toBe(before + 1)
    const events = await world.events(id)
    expect(events.map(({ aggregate_version }) => aggregate_version)).toEqual([1n, 2n])
    expect(events[1]).toMatchObject({ type: 'holdfast.reservation.cancelled.v1', actor_id: user.id })
    expect(events[1]?.data).toMatchObject({ before: { status: 'ACTIVE' }, after: { status: 'CANCELLED' } })
  })

  test('twenty at once leave one event', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, async () => cancel()))
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect(await typesOf()).toEqual(['created', 'cancelled'])
  })

  test('after a crash between release and record, the repeat writes the record', async () => {
    world.inventory.failNext('release', 'after')
    expect(await codeOf(cancel())).toBe('UNAVAILABLE')
    expect(await cancel()).toMatchObject({ reservation: { status: 'CANCELLED' } })
    expect(await typesOf()).toEqual(['created', 'cancelled'])
  })

  test('after such a crash it is a replay, too, when the time is over meanwhile', async () => {
    world.inventory.failNext('release', 'after')
    expect(await codeOf(cancel('key'))).toBe('UNAVAILABLE')
    await letTimePass()
    expect(await cancel('key')).toMatchObject({ replayed: true, reservation: { status: 'CANCELLED' } })
    expect(await typesOf()).toEqual(['created', 'cancelled'])
  })

  test('of what is sold or past its time is refused', async () => {
    await commit()
    expect(await codeOf(cancel())).toBe('RESERVATION_NOT_ACTIVE')
    expect(await typesOf()).toEqual(['created', 'committed'])
  })

  test('of what reads as EXPIRED is refused, and the record takes over that it is', async () => {
    await letTimePass()
    expect(await codeOf(cancel())).toBe('RESERVATION_EXPIRED')
    expect(world.inventory.holdOf(id).state).toBe(Hold_State.EXPIRED)
    expect(await world.events(id)).toMatchObject([{}, { type: 'holdfast.reservation.expired.v1', actor_role: 'SERVICE' }])
  })

  test('is refused while a payment is under way, but not to the flow of its order', async () => {
    world.inventory.moveEnd(id, made.expiresAt ?? new Date(), inSeconds(60))
    expect(await codeOf(cancel())).toBe('PAYMENT_IN_PROGRESS')
    expect(await cancel('', world.order)).toMatchObject({ reservation: { status: 'CANCELLED' } })
  })

  test('with a key that cancelled another reservation is refused', async () => {
    await cancel('key')
    expect(await cancel('key')).toMatchObject({ replayed: true })
    const other = await world.gateway.createReservation(createRequest({ lines: lines(['CAMERA', 1]) }), user.ctx())
    id = other.reservation?.id ?? ''
    expect(await codeOf(cancel('key'))).toBe('IDEMPOTENCY_KEY_REUSED')
  })

  test('by the order service of an id that was never made lets no late create hold', async () => {
    const unmade = randomUUID()
    expect(await codeOf(world.order.cancelReservation({ id: unmade, clientToken: '' }, user.ctx()))).toBe('NOT_FOUND')
    const late = createRequest({ lines: lines(['CAMERA', 1]), reservationId: unmade })
    expect(await codeOf(world.order.createReservation(late, user.ctx()))).toBe('RESERVATION_EXPIRED')
    expect(world.inventory.holdOf(unmade).state).toBe(Hold_State.RELEASED)
    expect(await world.events(unmade)).toHaveLength(0)
  })
})

describe('extend', () => {
  test('moves the end to a time, and naming that time again is a replay', async () => {
    const until = inSeconds(600)
    expect(await extend({ expiresAt: until })).toMatchObject({ replayed: false, reservation: { expiresAt: until, version: 2 } })
    expect(await extend({ expiresAt: until })).toMatchObject({ replayed: true, reservation: { expiresAt: until, version: 2 } })
    expect(world.inventory.holdOf(id).expiresAt).toEqual(until)
    expect(await typesOf()).toEqual(['created', 'extended'])
  })

  test('by seconds counts from now, and its key makes it repeatable', async () => {
    const first = await extend({ ttlSeconds: 600, clientToken: 'more' })
    expect(first.reservation?.expiresAt?.getTime()).toBeGreaterThan(inSeconds(599).getTime())
    const again = await extend({ ttlSeconds: 600, clientToken: 'more' })
    expect(again).toMatchObject({ replayed: true, reservation: { expiresAt: first.reservation?.expiresAt } })
    expect(await codeOf(extend({ ttlSeconds: 601, clientToken: 'more' }))).toBe('IDEMPOTENCY_KEY_REUSED')
    expect(await typesOf()).toEqual(['created', 'extended'])
  })

  test('after a crash between inventory and record, the repeat writes the record', async () => {
    world.inventory.failNext('extend', 'after')
    const until = inSeconds(900)
    expect(await codeOf(extend({ expiresAt: until, clientToken: 'crash' }))).toBe('UNAVAILABLE')
    expect(await extend({ expiresAt: until, clientToken: 'crash' })).toMatchObject({ reservation: { expiresAt: until } })
    expect(await typesOf()).toEqual(['created', 'extended'])
  })

  test.each([
    ['never shortens', { ttlSeconds: 1 }, 'ttlSeconds'],
    ['never shortens to a time', { expiresAt: new Date(0) }, 'expiresAt'],
    ['ends at the longest lifetime', { ttlSeconds: ttlMax + 10 }, 'ttlSeconds'],
    ['needs a time', {}, 'expiresAt'],
    ['takes one time, not two', { ttlSeconds: 600, expiresAt: new Date() }, 'ttlSeconds'],
    ['takes no negative seconds', { ttlSeconds: -1 }, 'ttlSeconds'],
  ])('%s', async (_rule, more, field) => {
    expect(await errorOf(extend(more))).toMatchObject({ code: 'INVALID_ARGUMENT', fields: [{ field }] })
    expect(world.inventory.holdOf(id).expiresAt).toEqual(made.expiresAt)
  })

  test('goes up to the longest lifetime exactly', async () => {
    expect(await extend({ expiresAt: inSeconds(ttlMax) })).toMatchObject({ replayed: false })
    expect(await codeOf(extend({ expiresAt: new Date(inSeconds(ttlMax).getTime() + 1) }))).toBe('INVALID_ARGUMENT')
  })

  test('of what is over is refused', async () => {
    await letTimePass()
    expect(await codeOf(extend({ ttlSeconds: 600 }))).toBe('RESERVATION_EXPIRED')
    await codeOf(cancel())
    expect(await codeOf(extend({ ttlSeconds: 600 }))).toBe('RESERVATION_EXPIRED')
  })

  test('of what was cancelled is refused', async () => {
    await cancel()
    expect(await codeOf(extend({ ttlSeconds: 600 }))).toBe('RESERVATION_NOT_ACTIVE')
  })

  test("during a payment shows the owner's new end, not the payment's, and a refused cancel shows neither", async () => {
    world.inventory.moveEnd(id, inSeconds(900), inSeconds(900))
    expect(await codeOf(cancel())).toBe('PAYMENT_IN_PROGRESS')
    expect(await world.gateway.getReservation({ id }, user.ctx())).toMatchObject({ reservation: { expiresAt: made.expiresAt } })
    const until = inSeconds(600)
    expect(await extend({ expiresAt: until })).toMatchObject({ replayed: false, reservation: { expiresAt: until, version: 2 } })
    expect(await extend({ expiresAt: until })).toMatchObject({ replayed: true, reservation: { expiresAt: until, version: 2 } })
    expect(await typesOf()).toEqual(['created', 'extended'])
    expect(world.inventory.holdOf(id).expiresAt).toEqual(inSeconds(900))
  })

  test('during a payment leaves a reservation that the payment alone keeps when the new end is past', async () => {
    world.inventory.moveEnd(id, inSeconds(900), inSeconds(900))
    await extend({ expiresAt: inSeconds(600) })
    await letTimePass()
    world.inventory.put({ ...world.inventory.holdOf(id), expiresAt: inSeconds(900) })
    // Settled with inventory it is ACTIVE, until then it reads as past its time.
    expect(await codeOf(cancel())).toBe('PAYMENT_IN_PROGRESS')
    expect(await world.gateway.getReservation({ id }, user.ctx())).toMatchObject({
      reservation: { status: 'ACTIVE', expiresAt: inSeconds(900) },
    })
  })

  test('works while a payment has moved the end of a hold whose record still says its old one', async () => {
    await letTimePass()
    world.inventory.moveEnd(id, inSeconds(120), inSeconds(120))
    expect(await extend({ expiresAt: inSeconds(600) })).toMatchObject({
      reservation: { status: 'ACTIVE', expiresAt: inSeconds(600) },
    })
  })
})

describe('commit', () => {
  test('sells the units once; a repeat is a replay', async () => {
    expect(await commit()).toMatchObject({ replayed: false, reservation: { status: 'COMMITTED' } })
    expect(await commit()).toMatchObject({ replayed: true, reservation: { status: 'COMMITTED' } })
    expect(await typesOf()).toEqual(['created', 'committed'])
  })

  test('after a crash between inventory and record, the repeat writes the record', async () => {
    world.inventory.failNext('commit', 'after')
    expect(await codeOf(commit())).toBe('UNAVAILABLE')
    expect(await commit()).toMatchObject({ reservation: { status: 'COMMITTED' } })
    expect(await typesOf()).toEqual(['created', 'committed'])
  })

  test('of a hold that ended otherwise says how, and the record takes it over', async () => {
    world.inventory.put({ ...world.inventory.holdOf(id), state: Hold_State.EXPIRED, version: 2 })
    expect(await codeOf(commit())).toBe('RESERVATION_EXPIRED')
    expect(await typesOf()).toEqual(['created', 'expired'])
  })

  test('of a record that reads as EXPIRED is decided by the hold, which a payment protects', async () => {
    await letTimePass()
    world.inventory.moveEnd(id, inSeconds(120), inSeconds(120))
    expect(await world.gateway.getReservation({ id }, user.ctx())).toMatchObject({ reservation: { status: 'EXPIRED' } })
    expect(await commit()).toMatchObject({ reservation: { status: 'COMMITTED' } })
  })

  test('of a hold that inventory does not know ends the reservation', async () => {
    world.inventory.holds.delete(id)
    expect(await codeOf(commit())).toBe('RESERVATION_EXPIRED')
    expect(await world.gateway.getReservation({ id }, user.ctx())).toMatchObject({ reservation: { status: 'EXPIRED' } })
  })

  test('is for the order service only', async () => {
    expect(await codeOf(world.gateway.commitReservation({ id }, callContext(world.log)))).toBe('PERMISSION_DENIED')
    expect(await codeOf(world.gateway.commitReservation({ id }, user.ctx()))).toBe('PERMISSION_DENIED')
  })
})

describe("another's reservation", () => {
  test('looks absent to everybody but an admin', async () => {
    const other = world.user()
    const request = { id, clientToken: '', expiresAt: undefined, ttlSeconds: 600 }
    const absent = await errorOf(world.gateway.getReservation({ id: randomUUID() }, other.ctx()))
    const hidden = await errorOf(world.gateway.getReservation({ id }, other.ctx()))
    expect(hidden.code).toBe('NOT_FOUND')
    expect(hidden.message.replace(id, '')).toBe(absent.message.replace(/[0-9a-f-]{36}/, ''))
    expect(await codeOf(world.gateway.cancelReservation(request, other.ctx()))).toBe('NOT_FOUND')
    expect(await codeOf(world.gateway.extendReservation(request, other.ctx()))).toBe('NOT_FOUND')
    expect(await codeOf(world.order.commitReservation({ id }, other.ctx()))).toBe('NOT_FOUND')
    expect(await codeOf(world.order.cancelReservation(request, other.ctx()))).toBe('NOT_FOUND')
    const admin = world.user(undefined, 'ADMIN')
    expect(await world.gateway.getReservation({ id }, admin.ctx())).toMatchObject({ reservation: { id } })
    expect(await world.gateway.cancelReservation(request, admin.ctx())).toMatchObject({ reservation: { status: 'CANCELLED' } })
  })

  test('a wrong id is named', async () => {
    id = 'nonsense'
    expect(await errorOf(cancel())).toMatchObject({ code: 'INVALID_ARGUMENT', fields: [{ field: 'id' }] })
  })
})
