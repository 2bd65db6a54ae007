/** Calls that travel together from the gateway: each is checked, done and answered as if it had come alone. */
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { type CallManyRequest, type CallManyResponse, CombinedCallServiceService } from '@holdfast/contracts/common'
import { CreateReservationRequest, CreateReservationResponse, ReservationServiceService } from '@holdfast/contracts/reservation'
import { createServiceTokens, fromGrpcError } from '@holdfast/service'

import { one, openShop, type Shop, times } from './shop'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(async () => shop.close())

/** As the gateway, or as another service, sends them. */
async function callMany(request: CallManyRequest, caller: 'gateway' | 'order' | undefined): Promise<CallManyResponse> {
  const client = new Client(shop.system.grpc.reservation, credentials.createInsecure())
  const metadata = new Metadata()
  if (caller !== undefined) {
    const { servicePrivateKeys, servicePublicKeys } = shop.system.keys
    metadata.set(
      'x-service-token',
      createServiceTokens(caller, servicePrivateKeys[caller], servicePublicKeys).issueFor('reservation'),
    )
  }
  const { path, requestSerialize, responseDeserialize } = CombinedCallServiceService.callMany
  try {
    return await new Promise<CallManyResponse>((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        (error: ServiceError | null, response) => (error ? reject(fromGrpcError(error)) : resolve(response ?? { results: [] })),
      )
    })
  } finally {
    client.close()
  }
}

const call = (userToken: string, lines: unknown, more: Record<string, unknown> = {}) => ({
  request: CreateReservationRequest.encode(CreateReservationRequest.fromJSON({ lines })).finish(),
  userToken,
  requestId: 'one-of-many',
  idempotencyKey: '',
  traceparent: '',
  timeoutMs: 10_000,
  ...more,
})
const method = ReservationServiceService.createReservation.path

test("each has its own user and its own fate: another's bad token, bad bytes or want of stock fails no neighbour", async () => {
  const sku = await shop.product(1)
  const [mine, yours] = [await shop.shopper(), await shop.shopper()]
  const calls = [
    call(mine.user.token, one(sku), { requestId: 'first-of-many' }),
    call(yours.user.token, one(sku)),
    call('', one(sku)),
    call(`${mine.user.token.slice(0, -4)}AAAA`, one(sku)),
    call(mine.user.token, one(sku), { request: Buffer.from('ffffffff', 'hex') }),
    call(mine.user.token, one('NO-SUCH')),
    call(mine.user.token, one(sku), { timeoutMs: 0 }),
  ]
  const { results } = await callMany({ method, calls }, 'gateway')
  const codes = [
    'INSUFFICIENT_STOCK',
    'PERMISSION_DENIED',
    'UNAUTHENTICATED',
    'INVALID_ARGUMENT',
    'NOT_FOUND',
    'DEADLINE_EXCEEDED',
  ]
  expect(results.map(({ error }) => error?.code)).toEqual([undefined, ...codes])
  const { reservation, requestId } = CreateReservationResponse.decode(results[0]?.response ?? new Uint8Array())
  expect({ requestId, userId: reservation?.userId }).toEqual({ requestId: 'first-of-many', userId: mine.user.id })
})

test('only the gateway may send them, and only RPCs whose proto says so', async () => {
  const { user } = await shop.shopper()
  const calls = [call(user.token, [])]
  await expect(callMany({ method, calls }, undefined)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  await expect(callMany({ method, calls }, 'order')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  const sweep = ReservationServiceService.sweep.path
  await expect(callMany({ method: sweep, calls }, 'gateway')).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    fields: [{ field: 'method' }],
  })
  await expect(callMany({ method, calls: [] }, 'gateway')).rejects.toMatchObject({ fields: [{ field: 'calls' }] })
})

test('a hundred shoppers at once over HTTP each get their own reservation', async () => {
  const sku = await shop.product(100)
  const people = await times(5, async () => shop.shopper())
  const replies = await times(100, async (index) => {
    const shopper = people[index % people.length]
    const reply = await shopper?.post<{ reservation: { id: string; userId: string; lines: { quantity: number }[] } }>(
      '/v1/reservations',
      { lines: one(sku) },
      { headers: { 'x-request-id': `many-${index}` } },
    )
    expect(reply?.body).toMatchObject({ requestId: `many-${index}`, reservation: { userId: shopper?.user.id } })
    return reply?.body.reservation.id
  })
  expect(new Set(replies).size).toBe(100)
  expect(await shop.available(sku)).toEqual({ onHand: 100, reserved: 100, available: 0 })
})
