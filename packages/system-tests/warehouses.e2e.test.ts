/** From which warehouse a shopper gets what, and what a sales channel sees: over HTTP, with many who want it at once. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { ProblemReply, ReservationReply } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'

import { expectAudited } from './books'
import { checkOut, countStatuses, one, openShop, reserve, type Shop, type Shopper, times } from './shop'
import { openWatch } from './watching'

jest.setTimeout(120_000)

interface Warehouse {
  code: string
  name: string
  priority: number
  version: number
}
interface Channel {
  code: string
  name: string
  warehouses: string[]
  version: number
}
interface Seen {
  sku: string
  onHand: number
  available: number
  warehouses: { warehouse: string; available: number }[]
}

let shop: Shop
let shoppers: Shopper[]
beforeAll(async () => {
  shop = await openShop({ replicas: 2 })
  shoppers = await times(6, async () => shop.shopper())
  for (const code of ['NORTH', 'SOUTH', 'EAST']) {
    expect((await shop.admin.post('/v1/warehouses', { code, name: `${code} hall` })).status).toBe(201)
  }
}, 120_000)
afterAll(async () => shop.close())
afterEach(async () => shop.expectBalanced())

const newCode = (name: string): string => `${name}-${randomUUID().slice(0, 6).toUpperCase()}`
const anyShopper = (index: number): Shopper => {
  const shopper = shoppers[index % shoppers.length]
  if (shopper === undefined) throw new Error('no shopper')
  return shopper
}

/** A product with so many units in each warehouse. */
async function stocked({ MAIN = 0, ...others }: Record<string, number>): Promise<string> {
  const sku = await shop.product(MAIN)
  for (const [warehouse, delta] of Object.entries(others)) {
    const { status } = await shop.admin.post(`/v1/products/${sku}/stock:adjust`, { warehouse, delta, reason: 'stocked' })
    expect(status).toBe(200)
  }
  return sku
}

async function channelOf(warehouses: string[]): Promise<string> {
  const code = newCode('CH')
  const { status } = await shop.admin.post('/v1/channels', { code, name: 'A channel', warehouses })
  expect(status).toBe(201)
  return code
}

async function seen(sku: string, channel = ''): Promise<Seen | undefined> {
  const { body } = await shop.anonymous.get<{ availability: Seen[] }>(`/v1/availability?skus=${sku}&channel=${channel}`)
  return body.availability[0]
}

const placesOf = ({ body }: { body: ReservationReply }): string[] =>
  body.reservation.lines.map(({ warehouse, quantity }) => `${quantity} ${warehouse}`)

/** Units taken from each warehouse by the reservations among these answers. */
function unitsByWarehouse(replies: { status: number; body: ReservationReply }[]): Record<string, number> {
  const units: Record<string, number> = {}
  for (const { status, body } of replies) {
    if (status !== 201) continue
    for (const { warehouse, quantity } of body.reservation.lines) units[warehouse] = (units[warehouse] ?? 0) + quantity
  }
  return units
}

describe('warehouses', () => {
  test('are listed in the order in which lines that name none are filled from them, and a change of it is audited', async () => {
    const [late, soon] = [newCode('LATE'), newCode('SOON')]
    expect((await shop.admin.post('/v1/warehouses', { code: late, name: 'Late', priority: 900 })).status).toBe(201)
    const make = async (priority: number) =>
      shop.admin.post<{ warehouse: Warehouse; replayed: boolean }>(
        '/v1/warehouses',
        { code: soon, name: 'Soon', priority },
        { idempotencyKey: `make-${soon}` },
      )
    expect((await make(800)).body).toMatchObject({ warehouse: { priority: 800, version: 1 }, replayed: false })
    expect((await make(800)).body.replayed).toBe(true)
    expect(await make(801)).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } })
    const sku = await stocked({ [late]: 4, [soon]: 4 })
    expect(placesOf(await reserve(anyShopper(0), one(sku)))).toEqual([`1 ${soon}`])

    const path = `/v1/warehouses/${late}`
    const moved = await shop.admin.patch<{ warehouse: Warehouse }>(path, { priority: 700 }, { headers: { 'if-match': '"1"' } })
    expect(moved).toMatchObject({ status: 200, body: { warehouse: { name: 'Late', priority: 700, version: 2 } } })
    expect((await shop.admin.patch<{ warehouse: Warehouse }>(path, { priority: 700 })).body.warehouse.version).toBe(2)
    expect((await shop.admin.patch(path, { name: 'x' }, { headers: { 'if-match': '"1"' } })).status).toBe(412)
    expect(placesOf(await reserve(anyShopper(0), one(sku)))).toEqual([`1 ${late}`])

    const list = async (query = '') =>
      (await shop.anonymous.get<{ warehouses: Warehouse[]; nextPageToken: string }>(`/v1/warehouses${query}`)).body
    const { warehouses, nextPageToken } = await list()
    expect(warehouses.map(({ priority }) => priority)).toEqual(
      warehouses.map(({ priority }) => priority).toSorted((a, b) => a - b),
    )
    expect([warehouses[0]?.code, nextPageToken]).toEqual(['MAIN', ''])
    const paged: Warehouse[] = []
    for (let token = ''; ;) {
      const page = await list(`?pageSize=2&pageToken=${token}`)
      expect(page.warehouses.length).toBeLessThanOrEqual(2)
      paged.push(...page.warehouses)
      token = page.nextPageToken
      if (token === '') break
    }
    expect(paged).toEqual(warehouses)
    expect((await shop.anonymous.get('/v1/warehouses?pageSize=1001')).status).toBe(400)
    await expectAudited(shop, late, ['warehouse.created', 'warehouse.updated'])
  })

  test.each([
    ['no such warehouse', 'NOWHERE', { priority: 1 }, 404],
    ['a priority below 0', 'NORTH', { priority: -1 }, 400],
    ['a priority above 1,000,000', 'NORTH', { priority: 1_000_001 }, 400],
    ['an empty name', 'NORTH', { name: ' ' }, 400],
  ])('%s is refused', async (_what, code, change, status) => {
    expect((await shop.admin.patch(`/v1/warehouses/${code}`, change)).status).toBe(status)
  })
})

describe('a reservation', () => {
  test('that names a warehouse comes from it, and of 30 shoppers as many get one as it has', async () => {
    const sku = await stocked({ MAIN: 20, SOUTH: 7 })
    const lines = [{ sku, quantity: 1, warehouse: 'SOUTH' }]
    const replies = await times(30, async (index) => reserve(anyShopper(index), lines))
    expect(countStatuses(replies)).toEqual({ 201: 7, 409: 23 })
    expect(unitsByWarehouse(replies)).toEqual({ SOUTH: 7 })
  })

  test('of several lines comes from one warehouse that has them all, for as many shoppers as it suffices', async () => {
    const [first, second] = [await stocked({ MAIN: 9, NORTH: 6, SOUTH: 9 }), await stocked({ NORTH: 4, SOUTH: 3 })]
    const lines = [first, second].map((sku) => ({ sku, quantity: 1 }))
    const replies = await times(20, async (index) => reserve(anyShopper(index), lines))
    expect(countStatuses(replies)).toEqual({ 201: 7, 409: 13 })
    expect(unitsByWarehouse(replies)).toEqual({ NORTH: 8, SOUTH: 6 })
    for (const { status, body } of replies) {
      if (status === 201) expect(new Set(body.reservation.lines.map(({ warehouse }) => warehouse)).size).toBe(1)
    }
  })

  test.each([
    ['FEWEST_PARCELS', ['1 MAIN', '4 SOUTH']],
    ['PRIORITY', ['2 MAIN', '3 NORTH']],
    ['MOST_STOCK', ['1 NORTH', '4 SOUTH']],
  ])('is split by %s', async (splitBy, expected) => {
    const sku = await stocked({ MAIN: 2, NORTH: 3, SOUTH: 4 })
    const reply = await reserve(anyShopper(0), one(sku, 5), { allowSplit: true, splitBy })
    expect(reply.status).toBe(201)
    expect(placesOf(reply).sort()).toEqual(expected)
  })

  test('that is split gets all of it or nothing, whoever races for the rest', async () => {
    const sku = await stocked({ MAIN: 4, NORTH: 5, SOUTH: 6 })
    expect((await reserve(anyShopper(0), one(sku, 7))).body).toMatchObject({ code: 'INSUFFICIENT_STOCK' })
    const replies = await times(12, async (index) => reserve(anyShopper(index), one(sku, 4), { allowSplit: true }))
    expect(countStatuses(replies)).toEqual({ 201: 3, 409: 9 })
    for (const { status, body } of replies) {
      if (status === 201) expect(body.reservation.lines.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(4)
    }
    expect(await seen(sku)).toMatchObject({ onHand: 15, available: 3 })
  })

  test('made by an order is split too, and what is paid for leaves every warehouse it comes from', async () => {
    const sku = await stocked({ MAIN: 2, EAST: 3 })
    const order = { lines: one(sku, 5), allowSplit: true, splitBy: 'PRIORITY' }
    const placed = await anyShopper(1).post<{ order: { reservationId: string } }>('/v1/orders', order)
    expect(placed.status).toBe(201)
    expect(await seen(sku)).toMatchObject({ onHand: 5, available: 0 })
    const paid = await checkOut(anyShopper(1), placed.body.order.reservationId)
    expect(paid.body.order.status).toBe('CONFIRMED')
    expect(paid.body.order.lines.map(({ warehouse, quantity }) => `${quantity} ${warehouse}`).sort()).toEqual([
      '2 MAIN',
      '3 EAST',
    ])
    expect(await seen(sku)).toMatchObject({ onHand: 0, available: 0 })
  })
})

describe('a channel', () => {
  test('is made once, changed under its version, listed in pages, and audited', async () => {
    const code = newCode('WEB')
    const make = async (warehouses: string[]) =>
      shop.admin.post<{ channel: Channel; replayed: boolean }>(
        '/v1/channels',
        { code, name: 'Web', warehouses },
        { idempotencyKey: `make-${code}` },
      )
    const made = await make(['south', 'MAIN'])
    expect(made).toMatchObject({ status: 201, body: { channel: { code, warehouses: ['SOUTH', 'MAIN'], version: 1 } } })
    expect(made.headers.get('location')).toBe(`/v1/channels/${code}`)
    expect((await make(['SOUTH', 'MAIN'])).body.replayed).toBe(true)
    expect(await make(['MAIN', 'SOUTH'])).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } })
    expect(await shop.admin.post('/v1/channels', { code, name: 'Web', warehouses: ['MAIN'] })).toMatchObject({
      status: 409,
      body: { code: 'ALREADY_EXISTS' },
    })

    const path = `/v1/channels/${code}`
    const changed = await shop.admin.patch<{ channel: Channel }>(
      path,
      { warehouses: ['NORTH'] },
      { headers: { 'if-match': '"1"' } },
    )
    expect(changed.body.channel).toMatchObject({ name: 'Web', warehouses: ['NORTH'], version: 2 })
    expect((await shop.admin.patch<{ channel: Channel }>(path, { warehouses: ['NORTH'] })).body.channel.version).toBe(2)
    expect((await shop.admin.patch(path, { name: 'x', expectedVersion: 1 })).status).toBe(412)
    expect((await shop.anonymous.get<{ channel: Channel }>(path)).body.channel).toMatchObject({
      warehouses: ['NORTH'],
      version: 2,
    })
    await expectAudited(shop, code, ['channel.created', 'channel.updated'])

    await channelOf(['MAIN'])
    const codes: string[] = []
    for (let token = ''; ;) {
      const page = await shop.anonymous.get<{ channels: Channel[]; nextPageToken: string }>(
        `/v1/channels?pageSize=1&pageToken=${token}`,
      )
      codes.push(...page.body.channels.map((channel) => channel.code))
      token = page.body.nextPageToken
      if (token === '') break
    }
    expect(codes).toContain(code)
    expect(codes).toEqual([...new Set(codes)].sort())
  })

  test('that is deleted takes nobody anything: what is reserved through it may be changed and sold, and nothing more is reserved', async () => {
    const sku = await stocked({ NORTH: 5 })
    const code = await channelOf(['NORTH'])
    const { reservation } = (await reserve(anyShopper(0), one(sku, 2), { channel: code })).body
    const path = `/v1/channels/${code}`
    expect((await anyShopper(0).delete(path)).status).toBe(403)
    expect((await shop.admin.delete(path)).status).toBe(200)
    expect((await shop.admin.delete(path)).status).toBe(404)
    expect((await shop.anonymous.get(path)).status).toBe(404)
    expect((await shop.anonymous.get(`/v1/availability?skus=${sku}&channel=${code}`)).status).toBe(404)
    expect(await reserve(anyShopper(0), one(sku), { channel: code })).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
    expect((await anyShopper(0).post(`/v1/reservations/${reservation.id}:change`, { lines: one(sku, 3) })).status).toBe(200)
    const { body } = await checkOut(anyShopper(0), reservation.id)
    expect(body.order).toMatchObject({ status: 'CONFIRMED', lines: [{ warehouse: 'NORTH', quantity: 3 }] })
    await expectAudited(shop, code, ['channel.created', 'channel.deleted'])
    expect((await shop.admin.post('/v1/channels', { code, name: 'Anew', warehouses: ['MAIN'] })).status).toBe(201)
  })

  test.each([
    ['no warehouses', [], 400, 'warehouses'],
    ['one of them twice', ['MAIN', 'NORTH', 'main'], 400, 'warehouses[2]'],
    ['one that there is not', ['MAIN', 'NOWHERE'], 404, 'warehouses[1]'],
    ['one that can not be', ['MAIN', 'a b'], 400, 'warehouses[1]'],
  ])('with %s is refused', async (_what, warehouses, status, field) => {
    const reply = await shop.admin.post<ProblemReply>('/v1/channels', { code: newCode('BAD'), name: 'Bad', warehouses })
    expect(reply).toMatchObject({ status, body: { errors: [{ field }] } })
    if (warehouses.length === 0) return
    const code = await channelOf(['MAIN'])
    expect(await shop.admin.patch(`/v1/channels/${code}`, { warehouses })).toMatchObject({
      status,
      body: { errors: [{ field }] },
    })
  })

  test('sees the stock of its own warehouses, in its order, and that is what can be reserved through it', async () => {
    const sku = await stocked({ MAIN: 5, NORTH: 2, SOUTH: 3 })
    const channel = await channelOf(['SOUTH', 'NORTH'])
    expect(await seen(sku, channel)).toMatchObject({
      available: 5,
      warehouses: [
        { warehouse: 'SOUTH', available: 3 },
        { warehouse: 'NORTH', available: 2 },
      ],
    })
    const replies = await times(10, async (index) => reserve(anyShopper(index), one(sku), { channel: channel.toLowerCase() }))
    expect(countStatuses(replies)).toEqual({ 201: 5, 409: 5 })
    expect(unitsByWarehouse(replies)).toEqual({ SOUTH: 3, NORTH: 2 })
    expect(await seen(sku, channel)).toMatchObject({ onHand: 5, available: 0 })
    expect(await seen(sku)).toMatchObject({ onHand: 10, available: 5 })
    expect(await reserve(anyShopper(0), [{ sku, quantity: 1, warehouse: 'MAIN' }], { channel })).toMatchObject({ status: 400 })
  })

  test('sees of a bundle what its warehouses can make up, and that is what can be reserved', async () => {
    const [camera, bag] = [await stocked({ MAIN: 9, NORTH: 5, SOUTH: 2 }), await stocked({ MAIN: 9, NORTH: 6, SOUTH: 9 })]
    const sku = newCode('SET')
    const parts = [
      { sku: camera, quantity: 1 },
      { sku: bag, quantity: 2 },
    ]
    const price = { currency: 'USD', amountMinor: '1500' }
    expect((await shop.admin.post('/v1/products', { sku, name: 'Set', price, parts })).status).toBe(201)
    const channel = await channelOf(['SOUTH', 'NORTH'])
    expect(await seen(sku, channel)).toMatchObject({
      available: 5,
      warehouses: [
        { warehouse: 'SOUTH', available: 2 },
        { warehouse: 'NORTH', available: 3 },
      ],
    })
    const replies = await times(8, async (index) => reserve(anyShopper(index), one(sku), { channel }))
    expect(countStatuses(replies)).toEqual({ 201: 5, 409: 3 })
    expect(await seen(sku, channel)).toMatchObject({ available: 0 })
    expect(await seen(camera)).toMatchObject({ available: 11 })
  })

  test('of warehouses that never had a product sees none of it', async () => {
    const sku = await stocked({ MAIN: 5 })
    expect(await seen(sku, await channelOf(['EAST']))).toEqual(expect.objectContaining({ sku, available: 0, warehouses: [] }))
  })

  test('that there is not is named, for reading, watching and reserving', async () => {
    const sku = await stocked({ MAIN: 5 })
    const refused = { status: 404, body: { errors: [{ field: 'channel' }] } }
    expect(await shop.anonymous.get(`/v1/availability?skus=${sku}&channel=NOWHERE`)).toMatchObject(refused)
    expect(await shop.anonymous.get(`/v1/availability:watch?skus=${sku}&channel=NOWHERE`)).toMatchObject(refused)
    expect(await reserve(anyShopper(0), one(sku), { channel: 'NOWHERE' })).toMatchObject(refused)
    expect((await shop.anonymous.get('/v1/channels/NOWHERE')).status).toBe(404)
    expect((await shop.anonymous.get(`/v1/availability?skus=NONE&channel=${await channelOf(['MAIN'])}`)).body).toMatchObject({
      errors: [{ field: 'skus[0]' }],
    })
  })

  test('is watched: what others do elsewhere is nothing, and what becomes of its warehouses is told', async () => {
    const sku = await stocked({ MAIN: 5, NORTH: 2 })
    const channel = await channelOf(['NORTH'])
    const [all, own] = [await openWatch(shop, sku), await openWatch(shop, sku, { channel })]
    try {
      await all.until(7)
      await own.until(2)
      await reserve(anyShopper(0), [{ sku, quantity: 1, warehouse: 'MAIN' }])
      await all.until(6)
      expect(own.messages).toBe(1)
      await reserve(anyShopper(0), one(sku), { channel })
      await own.until(1)
      await shop.admin.patch(`/v1/channels/${channel}`, { warehouses: ['NORTH', 'MAIN'] })
      await own.until(5)
    } finally {
      all.close()
      own.close()
    }
  })

  test('that shares a warehouse with another races for its units, and neither touches what is the other’s', async () => {
    const sku = await stocked({ NORTH: 6, SOUTH: 4, EAST: 5 })
    const [web, store] = [await channelOf(['NORTH', 'EAST']), await channelOf(['SOUTH', 'EAST'])]
    const replies = await times(40, async (index) =>
      reserve(anyShopper(index), one(sku), { channel: index % 2 === 0 ? web : store }),
    )
    expect(countStatuses(replies)).toEqual({ 201: 15, 409: 25 })
    expect(unitsByWarehouse(replies)).toEqual({ NORTH: 6, SOUTH: 4, EAST: 5 })
    expect(unitsByWarehouse(replies.filter((_, index) => index % 2 === 0))).not.toHaveProperty('SOUTH')
    expect(unitsByWarehouse(replies.filter((_, index) => index % 2 === 1))).not.toHaveProperty('NORTH')
    for (const channel of [web, store]) expect(await seen(sku, channel)).toMatchObject({ available: 0 })
  })
})

test('a part of a real day over three warehouses, with sets and late stock: every unit is accounted for at the end', async () => {
  const cli = join(__dirname, '..', 'cli', 'dist', 'src', 'main.js')
  const { email, password } = shop.system.credentials.admin
  const env = { ...process.env, HOLDFAST_ADMIN_EMAIL: email, HOLDFAST_ADMIN_PASSWORD: password }
  const words = ['demo', '--warehouses', '--baskets', '12', '--url', shop.system.url]
  // It fails, and prints what is wrong, when a number is.
  const { stdout } = await promisify(execFile)(process.execPath, [cli, ...words], { env })
  expect(stdout).toMatch(/products: opening \+ received = on hand \+ sold +58 +58 +ok\n/)
  expect(stdout).toMatch(/units still on the way +0 +0 +ok\n/)
  expect(stdout).toMatch(/All 11 numbers are right/)
})
