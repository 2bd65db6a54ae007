import { generateKeyPairSync } from 'node:crypto'

import { Client, type ClientReadableStream, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { InventoryServiceService, WatchAvailabilityRequest, WatchAvailabilityResponse } from '@holdfast/contracts/inventory'

import { HoldfastError } from './errors'
import { fromGrpcError } from './grpc-errors'
import { type GrpcServer, type Handlers, startGrpcServer } from './grpc-server'
import { createLog } from './log'
import { type StreamContext, type StreamTimes } from './serve-stream'
import { createServiceTokens, createUserTokens } from './tokens'

type Answer = (request: WatchAvailabilityRequest, ctx: StreamContext) => Promise<AsyncIterable<WatchAvailabilityResponse>>

const open: { server: GrpcServer; client: Client }[] = []
afterEach(async () => {
  for (const { client, server } of open.splice(0)) {
    client.close()
    await server.stop()
  }
})

/** A server whose one stream is given, and a client of it. */
async function serve(answer: Answer, streams: Partial<StreamTimes> = {}): Promise<{ server: GrpcServer; client: Client }> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const server = await startGrpcServer({
    name: 'inventory',
    host: '127.0.0.1',
    port: 0,
    definition: InventoryServiceService,
    handlers: { watchAvailability: answer } as Partial<Handlers<typeof InventoryServiceService>> as Handlers<
      typeof InventoryServiceService
    >,
    users: createUserTokens({ find: async () => Promise.resolve(undefined) }),
    services: createServiceTokens('inventory', privateKey, { inventory: publicKey }),
    log: createLog('test', 'silent'),
    streams,
  })
  const one = { server, client: new Client(`127.0.0.1:${server.port}`, credentials.createInsecure()) }
  open.push(one)
  return one
}

const same = (bytes: Buffer): Buffer => bytes

function call(client: Client, metadata = new Metadata(), deadline = Date.now() + 30_000): ClientReadableStream<Buffer> {
  const request = Buffer.from(WatchAvailabilityRequest.encode({ skus: ['A'], resumeToken: '', channel: '' }).finish())
  const path = InventoryServiceService.watchAvailability.path
  return client.makeServerStreamRequest(path, same, same, request, metadata, { deadline })
}

function message(resumeToken: string): WatchAvailabilityResponse {
  return { availability: [], resumeToken }
}

async function read(stream: ClientReadableStream<Buffer>): Promise<string[]> {
  const texts: string[] = []
  for await (const bytes of stream) texts.push(WatchAvailabilityResponse.decode(bytes as Buffer).resumeToken)
  return texts
}

async function failureOf(stream: ClientReadableStream<Buffer>): Promise<ServiceError> {
  return read(stream).then(
    () => Promise.reject(new Error('it did not fail')),
    (error: ServiceError) => error,
  )
}

async function* numbers(count: number): AsyncGenerator<WatchAvailabilityResponse> {
  for (let n = 1; n <= count; n++) yield await Promise.resolve(message(String(n)))
}

/** Nothing, until the stream is over. */
async function* silence(ctx: StreamContext): AsyncGenerator<WatchAvailabilityResponse> {
  await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
  yield* []
}

test('messages arrive in their order, with the request id in the headers', async () => {
  const { client } = await serve(async () => Promise.resolve(numbers(1_000)))
  const metadata = new Metadata()
  metadata.set('x-request-id', 'mine')
  const stream = call(client, metadata)
  const headers = new Promise<Metadata>((resolve) => stream.once('metadata', resolve))
  expect(await read(stream)).toEqual(Array.from({ length: 1_000 }, (_, index) => String(index + 1)))
  expect((await headers).get('x-request-id')).toEqual(['mine'])
})

test('what is refused is told before the stream begins, with its details', async () => {
  const { client } = await serve(async () => Promise.reject(new HoldfastError('NOT_FOUND', 'There is no product A')))
  const stream = call(client)
  const headers = jest.fn()
  stream.on('metadata', headers)
  const error = await failureOf(stream)
  expect(error.code).toBe(status.NOT_FOUND)
  expect(fromGrpcError(error)).toMatchObject({ code: 'NOT_FOUND', message: 'There is no product A' })
  expect(headers).not.toHaveBeenCalled()
})

test('an error in the middle comes after the messages before it, and tells nothing of its inside', async () => {
  const { client } = await serve(async () =>
    Promise.resolve(
      (async function* () {
        yield* numbers(2)
        throw new Error('column "secret" does not exist')
      })(),
    ),
  )
  const seen: string[] = []
  const stream = call(client)
  stream.on('data', (bytes: Buffer) => seen.push(WatchAvailabilityResponse.decode(bytes).resumeToken))
  const error = await new Promise<ServiceError>((resolve) => stream.on('error', (thrown) => resolve(thrown as ServiceError)))
  expect(seen).toEqual(['1', '2'])
  expect(fromGrpcError(error).code).toBe('INTERNAL')
  expect(error.details).not.toContain('secret')
})

test('in silence an empty message says that the stream lives', async () => {
  const { client } = await serve(async (_request, ctx) => Promise.resolve(silence(ctx)), { heartbeatMs: 20 })
  const lengths: number[] = []
  for await (const bytes of call(client)) {
    lengths.push((bytes as Buffer).length)
    if (lengths.length === 3) break
  }
  expect(lengths).toEqual([0, 0, 0])
})

test('a reader that goes away ends what is made for it', async () => {
  const ended = jest.fn()
  const gone = new Promise((resolve) => ended.mockImplementation(resolve))
  const { client } = await serve(async (_request, ctx) =>
    Promise.resolve(
      (async function* () {
        try {
          yield message('first')
          yield* silence(ctx)
        } finally {
          ended(undefined)
        }
      })(),
    ),
  )
  const stream = call(client)
  for await (const bytes of stream) {
    expect(WatchAvailabilityResponse.decode(bytes as Buffer).resumeToken).toBe('first')
    break
  }
  stream.cancel()
  await gone
})

test('a deadline ends it', async () => {
  const { client } = await serve(async (_request, ctx) => Promise.resolve(silence(ctx)))
  const error = await failureOf(call(client, new Metadata(), Date.now() + 200))
  expect(error.code).toBe(status.DEADLINE_EXCEEDED)
})

test('it ends well when it is old, so that readers spread over the replicas anew', async () => {
  const { client } = await serve(async (_request, ctx) => Promise.resolve(silence(ctx)), { longestMs: 50 })
  expect(await read(call(client))).toEqual([])
})

test('a service that stops sends its readers elsewhere, at once', async () => {
  const { client, server } = await serve(async (_request, ctx) => Promise.resolve(silence(ctx)))
  const stream = call(client)
  await new Promise((resolve) => stream.once('metadata', resolve))
  const failure = failureOf(stream)
  await server.stop()
  expect(fromGrpcError(await failure)).toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: 1_000 })
})

test('nothing is kept for a reader that does not read on, and it is given up', async () => {
  let made = 0
  const ended = jest.fn()
  const given = new Promise((resolve) => ended.mockImplementation(resolve))
  async function* endless(): AsyncGenerator<WatchAvailabilityResponse> {
    try {
      for (;;) {
        made++
        yield await Promise.resolve(message('x'.repeat(100_000)))
      }
    } finally {
      ended(undefined)
    }
  }
  const { client } = await serve(async () => Promise.resolve(endless()), { stallMs: 300 })
  const stream = call(client).on('error', () => undefined)
  stream.once('data', () => stream.pause())
  await given
  // What fits into the windows of the way there, and no more.
  expect(made).toBeLessThan(100)
  stream.cancel()
})
