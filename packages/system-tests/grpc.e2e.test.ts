/** What a stock gRPC client finds that knows nothing of us: health, reflection, a reservation by a token, errors with details. */
import { createFileRegistry, type FileRegistry, fromBinary, fromJson, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf'
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import {
  Client,
  type ClientDuplexStream,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceError,
  status as Grpc,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { ErrorInfo, RequestInfo, Status } from '@holdfast/contracts/google-rpc'
import {
  CreateReservationRequest,
  type CreateReservationResponse,
  ReservationServiceClient,
} from '@holdfast/contracts/reservation'
import { waitFor } from '@holdfast/testing'
import { dirname, join } from 'node:path'

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

/** Asks as grpcurl does: which services there are, and the files of one. https://grpc.io/docs/guides/reflection/ */
async function reflect(address: string, symbol: string): Promise<{ services: string[]; files: FileDescriptorProto[] }> {
  const [listed, asked] = await askReflection(address, [{ listServices: '' }, { fileContainingSymbol: symbol }])
  const files = filesOf(asked)
  // What is imported and did not come along is asked for by its name.
  for (const missing of missingImports(files)) {
    const [answer] = await askReflection(address, [{ fileByFilename: missing }])
    files.push(...filesOf(answer))
  }
  return { services: listed?.listServicesResponse?.service.map(({ name }) => name) ?? [], files }
}

function filesOf(answer: ReflectionAnswer | undefined): FileDescriptorProto[] {
  return (answer?.fileDescriptorResponse?.fileDescriptorProto ?? []).map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes))
}

/** Looks again at each step: a file that came may import another. */
function* missingImports(files: FileDescriptorProto[]): Generator<string> {
  const asked = new Set<string>()
  for (;;) {
    const there = new Set([...asked, ...files.map(({ name }) => name)])
    const missing = files.flatMap(({ dependency }) => dependency).find((name) => !there.has(name))
    if (missing === undefined) return
    asked.add(missing)
    yield missing
  }
}

/** The file asked for comes first. A strict reader: a file whose imports are not among the others is refused. */
function resolveStrictly(files: FileDescriptorProto[]): FileRegistry {
  const [first] = files
  if (first === undefined) throw new Error('reflection answered no file')
  const byName = new Map(files.map((file) => [file.name, file]))
  return createFileRegistry(first, (name) => byName.get(name))
}

interface ReflectionAnswer {
  listServicesResponse?: { service: { name: string }[] }
  fileDescriptorResponse?: { fileDescriptorProto: Buffer[] }
}

async function askReflection(address: string, questions: Record<string, string>[]): Promise<ReflectionAnswer[]> {
  const folder = dirname(require.resolve('@grpc/reflection/package.json'))
  const definition = loadSync(join(folder, 'build', 'proto', 'grpc', 'reflection', 'v1', 'reflection.proto'))
  const { grpc } = loadPackageDefinition(definition) as unknown as {
    grpc: {
      reflection: {
        v1: {
          ServerReflection: new (
            ...of: ConstructorParameters<typeof Client>
          ) => Client & { serverReflectionInfo(): ClientDuplexStream<object, ReflectionAnswer> }
        }
      }
    }
  }
  const client = new grpc.reflection.v1.ServerReflection(address, credentials.createInsecure())
  const stream = client.serverReflectionInfo()
  try {
    for (const question of questions) stream.write(question)
    stream.end()
    const answers: ReflectionAnswer[] = []
    for await (const answer of stream) answers.push(answer as ReflectionAnswer)
    return answers
  } finally {
    client.close()
  }
}

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

test.each(entries)('%s lists its service by reflection, with every type that is needed to call it', async (name, service) => {
  const { services: listed, files } = await reflect(shop.system.grpc[name], service)
  expect(listed).toContain(service)
  const found = resolveStrictly(files).getService(service)
  expect(found?.methods.length).toBeGreaterThan(2)
})

test('reflection knows the health service and the details of errors as well', async () => {
  const { files } = await reflect(shop.system.grpc.order, 'grpc.health.v1.Health')
  expect(
    resolveStrictly(files)
      .getService('grpc.health.v1.Health')
      ?.methods.map(({ name }) => name),
  ).toContain('Check')
  const details = await reflect(shop.system.grpc.order, 'google.rpc.ErrorInfo')
  expect(resolveStrictly(details.files).getMessage('google.rpc.ErrorInfo')).toBeDefined()
})

test('a client that knows only what reflection told it makes a reservation', async () => {
  const sku = await shop.product(1)
  const { files } = await reflect(shop.system.grpc.reservation, services.reservation)
  const method = resolveStrictly(files)
    .getService(services.reservation)
    ?.methods.find(({ name }) => name === 'CreateReservation')
  if (method === undefined) throw new Error('no such method')
  const client = new Client(shop.system.grpc.reservation, credentials.createInsecure())
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${shopper.user.token}`)
  const reply = await new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      `/${services.reservation}/CreateReservation`,
      (json: JsonValue) => Buffer.from(toBinary(method.input, fromJson(method.input, json))),
      (bytes: Buffer) => toJson(method.output, fromBinary(method.output, bytes)),
      { lines: one(sku) },
      metadata,
      (error: ServiceError | null, response?: JsonValue) => (error ? reject(error) : resolve(response)),
    )
  })
  client.close()
  expect(reply).toMatchObject({ reservation: { status: 'ACTIVE', lines: [{ sku, quantity: 1 }] } })
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
