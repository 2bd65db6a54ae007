/** The limit on reserving holds on every way in: over JSON, and straight to the services over gRPC. */
import { Client, credentials, Metadata, type ServiceError, status as Grpc } from '@grpc/grpc-js'
import { RetryInfo, Status } from '@holdfast/contracts/google-rpc'
import { OrderServiceService, PlaceOrderRequest } from '@holdfast/contracts/order'
import { CreateReservationRequest, ReservationServiceService } from '@holdfast/contracts/reservation'
import { fromGrpcError } from '@holdfast/service'

import { countStatuses, one, openShop, reserve, type Shop, times } from './shop'

const perMinute = 3
let shop: Shop
let sku: string
let reservation: Client
let order: Client

beforeAll(async () => {
  shop = await openShop({ env: { RATE_LIMIT_RESERVE_PER_USER: String(perMinute) } })
  sku = await shop.product(100)
  reservation = new Client(shop.system.grpc.reservation, credentials.createInsecure())
  order = new Client(shop.system.grpc.order, credentials.createInsecure())
})
afterAll(async () => {
  reservation.close()
  order.close()
  await shop.close()
})

const createReservation = () =>
  Buffer.from(CreateReservationRequest.encode(CreateReservationRequest.fromJSON({ lines: one(sku) })).finish())
const placeOrder = () => Buffer.from(PlaceOrderRequest.encode(PlaceOrderRequest.fromJSON({ lines: one(sku) })).finish())

/** As a backend does that has a user's token and no service's. @returns undefined: it was done */
async function direct(client: Client, path: string, request: Buffer, token: string): Promise<ServiceError | undefined> {
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${token}`)
  const same = (bytes: Buffer): Buffer => bytes
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, same, same, request, metadata, (error) => resolve(error ?? undefined))
  })
}

test('a user who goes straight to a service is limited there, and told when to come back', async () => {
  const { user } = await shop.shopper()
  const calls: [Client, string, () => Buffer][] = [
    [reservation, ReservationServiceService.createReservation.path, createReservation],
    [order, OrderServiceService.placeOrder.path, placeOrder],
  ]
  for (const [client, path, request] of calls) {
    for (let i = 0; i < perMinute; i++) expect(await direct(client, path, request(), user.token)).toBeUndefined()
    const error = await direct(client, path, request(), user.token)
    if (error === undefined) throw new Error('it was let in')
    expect(error.code).toBe(Grpc.RESOURCE_EXHAUSTED)
    expect(fromGrpcError(error)).toMatchObject({ code: 'RATE_LIMITED' })
    const { details } = Status.decode(error.metadata.get('grpc-status-details-bin')[0] as Buffer)
    const retry = details.find(({ typeUrl }) => typeUrl.endsWith('google.rpc.RetryInfo'))
    const { retryDelay } = RetryInfo.decode(retry?.value ?? new Uint8Array(0))
    expect(Number(retryDelay?.seconds)).toBeLessThanOrEqual(60)
  }
})

test('what came in over JSON is counted once, not again by the services behind it', async () => {
  const [reserver, buyer] = [await shop.shopper(), await shop.shopper()]
  expect(countStatuses(await times(perMinute + 2, async () => reserve(reserver, one(sku))))).toEqual({ 201: perMinute, 429: 2 })
  const placed = await times(perMinute + 1, async () => buyer.post('/v1/orders', { lines: one(sku) }))
  expect(countStatuses(placed)).toEqual({ 201: perMinute, 429: 1 })
  await shop.expectBalanced()
})
