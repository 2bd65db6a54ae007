/** What a stock gRPC client finds that knows nothing of us: health, reflection, a reservation by a token, errors with details. */
import { Client, credentials, Metadata, type ServiceError, status as Grpc } from '@grpc/grpc-js'
import { ErrorInfo, RequestInfo, Status } from '@holdfast/contracts/google-rpc'
import { CreateReservationRequest, CreateReservationResponse, ReservationServiceClient } from '@holdfast/contracts/reservation'
import { waitFor } from '@holdfast/testing'
import { GrpcReflection } from 'grpc-js-reflection-client'

import { one, openShop, type Shop, type Shopper } from './shop'

let shop: Shop
let shopper: Shopper
beforeAll(async () => {
  shop = await openShop()
  shopper = await shop.shopper()
})
afterAll(async () => shop.close())

const services = {
  inventory: 'holdfast.inventory.v1.InventoryService',
  reservation: 'holdfast.reservation.v1.ReservationService',
  order: 'holdfast.order.v1.OrderService',
  audit: 'holdfast.audit.v1.AuditService',
  gateway: 'holdfast.auth.v1.AuthService',
} as const
const entries = Object.entries(services) as [keyof typeof services, string][]

async function health(address: string, service: string): Promise<number> {
  const client = new Client(address, credentials.createInsecure())
  // HealthCheckRequest{service = 1}, HealthCheckResponse{status = 1}: two fields, written out.
  const name = Buffer.from(service)
  const request = Buffer.concat([Buffer.from([0x0a, name.length]), name])
  try {
    return await new Promise<number>((resolve, reject) => {
      const same = (bytes: Buffer): Buffer => bytes
      client.makeUnaryRequest(
        '/grpc.health.v1.Health/Check',
        same,
        same,
        request,
        (error: ServiceError | null, response?: Buffer) => {
          if (error) reject(error)
          else resolve(response?.[1] ?? 0)
        },
      )
    })
  } finally {
    client.close()
  }
}

test.each(entries)('%s says that it is SERVING, and that its own service is', async (name, service) => {
  expect(await health(shop.system.grpc[name], '')).toBe(1)
  expect(await health(shop.system.grpc[name], service)).toBe(1)
})

test.each(entries)('%s lists its service by reflection, with the messages to call it', async (name, service) => {
  const reflection = new GrpcReflection(shop.system.grpc[name], credentials.createInsecure())
  expect(await reflection.listServices()).toContain(service)
  expect((await reflection.listMethods(service)).length).toBeGreaterThan(2)
})

test('a generated client makes a reservation with a token, and the request id comes back with it', async () => {
  const sku = await shop.product(1)
  const client = new ReservationServiceClient(shop.system.grpc.reservation, credentials.createInsecure())
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${shopper.user.token}`)
  metadata.set('x-request-id', 'by-grpc-1')
  const request = CreateReservationRequest.fromPartial({ lines: one(sku) })
  const create = async () =>
    new Promise<CreateReservationResponse>((resolve, reject) => {
      client.createReservation(request, metadata, (error, response) => (error ? reject(error) : resolve(response)))
    })
  expect(await create()).toMatchObject({
    requestId: 'by-grpc-1',
    reservation: { status: 'ACTIVE', lines: [{ sku, quantity: 1 }] },
  })

  const error = await create().catch((thrown: unknown) => thrown as ServiceError)
  expect(error).toMatchObject({ code: Grpc.FAILED_PRECONDITION })
  const packed = (error as ServiceError).metadata.get('grpc-status-details-bin')[0]
  const { details } = Status.decode(packed as Buffer)
  const find = (name: string) => details.find(({ typeUrl }) => typeUrl.endsWith(name))?.value ?? Buffer.alloc(0)
  expect(ErrorInfo.decode(find('ErrorInfo'))).toMatchObject({ reason: 'INSUFFICIENT_STOCK', domain: 'holdfast' })
  expect(RequestInfo.decode(find('RequestInfo'))).toMatchObject({ requestId: 'by-grpc-1' })
  client.close()
})

test('a service that is told to stop finishes what is under way, and a call to it afterwards is a quick UNAVAILABLE', async () => {
  const sku = await shop.product(50)
  const calls = Array.from({ length: 30 }, async () => shopper.post('/v1/reservations', { lines: one(sku) }))
  await shop.system.kill('inventory', 'SIGTERM')
  const replies = await Promise.all(calls)
  // Each was made, or was told that the service is gone: none hangs, none breaks in another way.
  for (const { status } of replies) expect([201, 503]).toContain(status)
  const refused = await shopper.post('/v1/reservations', { lines: one(sku) })
  expect(refused).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } })
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
  await shop.system.restart('inventory')
  await waitFor(async () => (await shopper.post('/v1/reservations', { lines: one(sku) })).status === 201, {
    what: 'the service to be found again',
    timeoutMs: 15_000,
  })
})
