import { generateKeyPairSync } from 'node:crypto'

import { signUserToken } from '@holdfast/service'
import { api } from '@holdfast/testing'

import { checkOut, one, openShop, reserved, type Shop, type Shopper } from './shop'

let shop: Shop
let owner: Shopper
let stranger: Shopper
beforeAll(async () => {
  shop = await openShop()
  ;[owner, stranger] = [await shop.shopper(), await shop.shopper()]
})
afterAll(async () => shop.close())

test("another user's reservation looks absent for read, cancel, extend and checkout", async () => {
  const sku = await shop.product(2)
  const { id } = await reserved(owner, one(sku))
  const replies = [
    await stranger.get(`/v1/reservations/${id}`),
    await stranger.post(`/v1/reservations/${id}:cancel`),
    await stranger.post(`/v1/reservations/${id}:extend`, { ttlSeconds: 600 }),
    await checkOut(stranger, id),
  ]
  expect(replies.map(({ status, body }) => [status, (body as { code?: string }).code])).toEqual(
    Array.from({ length: 4 }, () => [404, 'NOT_FOUND']),
  )
  expect((await stranger.get<{ reservations: unknown[] }>('/v1/reservations')).body.reservations).toEqual([])
  expect((await owner.get(`/v1/reservations/${id}`)).status).toBe(200)
  expect((await shop.admin.get(`/v1/reservations/${id}`)).status).toBe(200)
  expect((await stranger.get(`/v1/reservations?userId=${owner.user.id}`)).status).toBe(403)
})

test("another user's order looks absent for read, cancel and confirm, and may not be moved along", async () => {
  const sku = await shop.product(2)
  const { body } = await owner.post<{ order: { id: string } }>('/v1/orders', { lines: one(sku) })
  const { id } = body.order
  const replies = [
    await stranger.get(`/v1/orders/${id}`),
    await stranger.post(`/v1/orders/${id}:cancel`),
    await stranger.post(`/v1/orders/${id}:confirm`, {}),
  ]
  expect(replies.map(({ status }) => status)).toEqual([404, 404, 404])
  expect((await owner.post(`/v1/orders/${id}:transition`, { status: 'SHIPPED' })).status).toBe(403)
  expect((await stranger.get<{ orders: unknown[] }>('/v1/orders')).body.orders).toEqual([])
})

test('an absent one and one that is no id are told apart from nothing', async () => {
  expect((await owner.get('/v1/reservations/00000000-0000-8000-8000-000000000001')).status).toBe(404)
  expect((await owner.get('/v1/reservations/nonsense')).status).toBe(400)
})

test('a token that nobody signed here is refused everywhere, and no token as well', async () => {
  const forged = signUserToken(
    { id: owner.user.id, role: 'ADMIN' },
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  )
  const [header, payload, signature] = owner.user.token.split('.')
  const changed = Buffer.from(
    JSON.stringify({ ...(JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as object), role: 'ADMIN' }),
  ).toString('base64url')
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  const tokens = [
    forged,
    `${header}.${changed}.${signature}`,
    `${header}.${payload}.`,
    `${none}.${payload}.`,
    'nonsense',
    undefined,
  ]
  for (const token of tokens) {
    const reply = await api(shop.system.url, { token }).get('/v1/consistency')
    expect(reply).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
    expect(reply.headers.get('www-authenticate')).toContain('Bearer')
  }
})
