/** Users of an OIDC provider beside the system's own: over JSON, and straight to the services over gRPC. */
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import {
  CreateReservationRequest,
  type CreateReservationResponse,
  ReservationServiceService,
} from '@holdfast/contracts/reservation'
import { externalUserId, fromGrpcError, signUserToken } from '@holdfast/service'
import { type Api, api, startTestIssuer, type TestIssuer, waitFor } from '@holdfast/testing'
import { createPrivateKey, randomUUID } from 'node:crypto'

import { checkOut, countStatuses, one, openShop, reserve, reserved, type Shop, times } from './shop'

const perMinute = 4
let issuer: TestIssuer
let shop: Shop
let sku: string
let reservation: Client

beforeAll(async () => {
  issuer = await startTestIssuer()
  issuer.down = true
  shop = await openShop({ env: { ...issuer.env, RATE_LIMIT_RESERVE_PER_USER: String(perMinute) } })
  sku = await shop.product(1_000)
  reservation = new Client(shop.system.grpc.reservation, credentials.createInsecure())
})
afterAll(async () => {
  reservation.close()
  await shop.close()
  await issuer.close()
})

interface Me {
  user: { id: string; email?: string; role: string; createdAt?: string }
}

/** Somebody new of the issuer. */
const someone = (claims: Record<string, unknown> = {}): Api & { subject: string; id: string; token: string } => {
  const subject = `auth0|${randomUUID()}`
  const token = issuer.token(subject, claims)
  return { ...api(shop.system.url, { token }), subject, token, id: externalUserId(issuer.issuer, subject) }
}

async function reserveDirectly(token: string): Promise<CreateReservationResponse | ServiceError> {
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${token}`)
  const { path, requestSerialize, responseDeserialize } = ReservationServiceService.createReservation
  const request = CreateReservationRequest.fromJSON({ lines: one(sku) })
  return new Promise((resolve) => {
    reservation.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, (error, response) => {
      if (error !== null) resolve(error)
      else if (response !== undefined) resolve(response)
    })
  })
}

test('while the issuer is away at the start its users are told to come back, and nobody else notices', async () => {
  const ann = someone()
  expect(await ann.get('/v1/auth/me')).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } })
  expect(fromGrpcError((await reserveDirectly(ann.token)) as ServiceError)).toMatchObject({ code: 'UNAVAILABLE' })
  expect((await reserve(await shop.shopper(), one(sku))).status).toBe(201)
  issuer.down = false
  await waitFor(async () => (await ann.get('/v1/auth/me')).status === 200, { what: 'the keys of the issuer at the gateway' })
  await waitFor(async () => !((await reserveDirectly(someone().token)) instanceof Error), { what: 'its keys at a service' })
  // And once they are known it may go away again.
  issuer.down = true
  expect((await reserve(someone(), one(sku))).status).toBe(201)
  issuer.down = false
})

test('a user of the issuer reserves and pays over JSON and gRPC, under an id that follows from issuer and subject', async () => {
  const ann = someone({ email: 'ann@shop.example' })
  const { body } = await ann.get<Me>('/v1/auth/me')
  expect(body.user).toEqual({ id: ann.id, email: 'ann@shop.example', role: 'USER' })

  const made = await reserved(ann, one(sku))
  expect(made.userId).toBe(ann.id)
  const direct = (await reserveDirectly(ann.token)) as CreateReservationResponse
  expect(direct.reservation?.userId).toBe(ann.id)
  const { body: list } = await ann.get<{ reservations: { id: string }[] }>('/v1/reservations')
  expect(list.reservations.map(({ id }) => id).sort()).toEqual([made.id, direct.reservation?.id].sort())
  expect(await checkOut(ann, made.id)).toMatchObject({ status: 200, body: { order: { userId: ann.id, status: 'CONFIRMED' } } })
  await waitFor(
    async () => {
      const { body: page } = await shop.admin.get<{ records: unknown[] }>(`/v1/audit/records?actorId=${ann.id}`)
      return page.records.length >= 3
    },
    { what: 'what the user did in the audit log' },
  )
  await shop.expectBalanced()
})

test("what is another's looks absent: between users of the issuer, and between them and the system's own", async () => {
  const [ann, bob, local] = [someone(), someone(), await shop.shopper()]
  // Somebody there may choose to be called as somebody is here.
  const poser = { ...api(shop.system.url, { token: issuer.token(local.user.id) }) }
  const { id } = await reserved(ann, one(sku))
  const { id: localId } = await reserved(local, one(sku))
  for (const [who, what] of [
    [bob, id],
    [local, id],
    [ann, localId],
    [poser, localId],
  ] as const) {
    expect((await who.get(`/v1/reservations/${what}`)).status).toBe(404)
    expect((await who.post(`/v1/reservations/${what}:cancel`)).status).toBe(404)
    expect((await checkOut(who, what)).status).toBe(404)
  }
  const { body } = await poser.get<Me>('/v1/auth/me')
  expect(body.user.id).not.toBe(local.user.id)
  expect((await ann.get(`/v1/reservations/${id}`)).status).toBe(200)
})

test('the one claim that was named makes an admin, and no other does', async () => {
  const admin = someone({ groups: ['staff', 'shop-admins'] })
  expect(await admin.get<Me>('/v1/auth/me')).toMatchObject({ body: { user: { id: admin.id, role: 'ADMIN' } } })
  expect((await admin.get('/v1/consistency')).status).toBe(200)
  for (const claims of [{}, { role: 'ADMIN', roles: ['shop-admins'], groups: ['staff'] }]) {
    expect((await someone(claims).get('/v1/consistency')).status).toBe(403)
  }
  // Roles of its users are given there.
  expect((await shop.admin.patch(`/v1/users/${admin.id}`, { role: 'USER' })).status).toBe(404)
})

test('a token for somebody else, or in the name of somebody else, is refused by the gateway and by the services', async () => {
  const here = createPrivateKey(shop.system.keys.userTokenKey)
  const tokens = [
    issuer.token('ann', { aud: 'https://another.example' }),
    issuer.token('ann', { iss: 'https://another.example/' }),
    issuer.token('ann', { exp: Math.floor(Date.now() / 1000) - 60 }),
    issuer.token('ann', { iss: 'holdfast', aud: 'holdfast-api', role: 'ADMIN' }),
  ]
  for (const token of tokens) {
    expect(await api(shop.system.url, { token }).get('/v1/auth/me')).toMatchObject({ status: 401 })
    expect(fromGrpcError((await reserveDirectly(token)) as ServiceError)).toMatchObject({ code: 'UNAUTHENTICATED' })
  }
  const own = api(shop.system.url, { token: signUserToken({ id: randomUUID(), role: 'ADMIN' }, here) })
  expect((await own.get('/v1/consistency')).status).toBe(200)
})

test('a user of the issuer is limited as one user, whichever way in, and others are not', async () => {
  const [ann, bob] = [someone(), someone()]
  const again = api(shop.system.url, { token: issuer.token(ann.subject, { jti: 'another token of the same user' }) })
  const answers = await times(perMinute + 2, async (index) => reserve(index % 2 === 0 ? ann : again, one(sku)))
  expect(countStatuses(answers)).toEqual({ 201: perMinute, 429: 2 })
  expect((await reserve(bob, one(sku))).status).toBe(201)
})

test('a user of the issuer logs out there', async () => {
  const refused = await someone().post('/v1/auth/logout:everywhere', {})
  expect(refused).toMatchObject({ status: 403, body: { detail: expect.stringContaining(issuer.issuer) as string } })
})

test('a new key of the issuer is found by its first token, everywhere', async () => {
  const [before, after] = [someone(), (issuer.rotate(), someone())]
  await waitFor(async () => (await after.get('/v1/auth/me')).status === 200, { what: 'the new key' })
  await waitFor(async () => !((await reserveDirectly(someone().token)) instanceof Error), {
    what: 'the new key at a service',
  })
  expect((await before.get('/v1/auth/me')).status).toBe(401)
})
