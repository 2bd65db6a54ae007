/** gRPC-web and the Connect protocol, by their stock clients and by raw bytes: a whole gateway, with services behind it whose answers the test gives. */
import { type DescMethod, fromJson, type JsonObject, toBinary, toJson } from '@bufbuild/protobuf'
import { Code, ConnectError, type Transport } from '@connectrpc/connect'
import * as node from '@connectrpc/connect-node'
import * as web from '@connectrpc/connect-web'
import { rpcDescriptors } from '@holdfast/contracts'
import { BadRequest, ErrorInfo, RequestInfo, Status } from '@holdfast/contracts/google-rpc'
import type { WatchAvailabilityRequest } from '@holdfast/contracts/inventory'
import { type CallContext, HoldfastError, invalidField, type StreamContext } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'

import { type Fixture, startFixture, type Tokens } from './support'

let fixture: Fixture
let user: Tokens
const asked: { request: unknown; ctx: CallContext }[] = []
const watched: { request: WatchAvailabilityRequest; ctx: StreamContext }[] = []

beforeAll(async () => {
  fixture = await startFixture({
    inventory: {
      getProduct: async (request, ctx) => {
        asked.push({ request, ctx })
        if (request.sku === 'SLOW') await new Promise((resolve) => setTimeout(resolve, Math.max(0, ctx.deadline - Date.now())))
        if (request.sku === 'BAD') throw invalidField('sku', 'is bad')
        return { product: undefined, requestId: ctx.requestId }
      },
      watchAvailability: async (request, ctx) => {
        watched.push({ request, ctx })
        if (request.skus.includes('NONE')) throw new HoldfastError('NOT_FOUND', 'There is no product NONE')
        return Promise.resolve(twoThenWait(ctx, request.skus.includes('BREAKS')))
      },
    },
    reservation: {
      cancelReservation: async (request, ctx) => {
        asked.push({ request, ctx })
        return Promise.resolve({ reservation: undefined, requestId: ctx.requestId, replayed: false })
      },
    },
    env: { BODY_LIMIT_BYTES: '2048', REQUEST_TIMEOUT_MS: '20000' },
  })
  user = await fixture.register()
})
afterAll(async () => fixture.close())
beforeEach(() => {
  asked.length = 0
  watched.length = 0
})

async function* twoThenWait(ctx: StreamContext, breaks: boolean) {
  yield { availability: [], resumeToken: 't1' }
  yield { availability: [], resumeToken: 't2' }
  if (breaks) throw new HoldfastError('UNAVAILABLE', 'What is in stock can not be read right now')
  if (!ctx.signal.aborted) await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
}

function method(name: string): DescMethod {
  const found = rpcDescriptors().find((rpc) => rpc.method === name)
  if (found === undefined) throw new Error(`no ${name}`)
  return found.desc
}

interface CallOptions {
  headers?: Record<string, string>
  timeoutMs?: number
}

async function unary(transport: Transport, name: string, json: JsonObject, { headers = {}, timeoutMs }: CallOptions = {}) {
  const { input, output } = method(name)
  const desc = method(name) as Parameters<Transport['unary']>[0]
  const { message, header } = await transport.unary(desc, undefined, timeoutMs, headers, fromJson(input, json))
  return { json: toJson(output, message), requestId: header.get('x-request-id') }
}

async function stream(transport: Transport, json: JsonObject, signal?: AbortSignal, timeoutMs?: number) {
  const desc = method('WatchAvailability') as Parameters<Transport['stream']>[0]
  const request = fromJson(desc.input, json)
  async function* one() {
    yield await Promise.resolve(request)
  }
  const { message } = await transport.stream(desc, signal, timeoutMs, {}, one())
  return (async function* () {
    for await (const each of message) yield toJson(desc.output, each)
  })()
}

async function failure(work: Promise<unknown>): Promise<ConnectError> {
  return work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => ConnectError.from(error),
  )
}

/** The code of the domain, and the rest of the details, as any client can read them. */
function detailsOf(error: ConnectError) {
  const bytes = (type: string): Uint8Array => {
    const detail = error.details.find((one) => 'type' in one && one.type === `google.rpc.${type}`)
    return detail !== undefined && 'type' in detail ? detail.value : new Uint8Array()
  }
  return {
    reason: ErrorInfo.decode(bytes('ErrorInfo')).reason,
    requestId: RequestInfo.decode(bytes('RequestInfo')).requestId,
    fields: BadRequest.decode(bytes('BadRequest')).fieldViolations.map(({ field, description }) => ({ field, description })),
  }
}

const options = () => ({ baseUrl: fixture.url, httpVersion: '1.1' as const })
const transports: [string, () => Transport][] = [
  ['gRPC-web of a browser', () => web.createGrpcWebTransport(options())],
  ['gRPC-web of Node', () => node.createGrpcWebTransport(options())],
  ['gRPC-web in JSON', () => web.createGrpcWebTransport({ ...options(), useBinaryFormat: false })],
  ['Connect in JSON', () => web.createConnectTransport(options())],
  ['Connect in the binary format', () => node.createConnectTransport(options())],
]

describe.each(transports)('%s', (_name, open) => {
  test('answers a call, under its request id', async () => {
    const { json, requestId } = await unary(open(), 'GetProduct', { sku: 'A' }, { headers: { 'x-request-id': 'mine' } })
    expect({ json, requestId }).toEqual({ json: { requestId: 'mine' }, requestId: 'mine' })
    expect(asked).toMatchObject([{ request: { sku: 'A' }, ctx: { requestId: 'mine', caller: 'gateway' } }])
  })

  test('passes on the user and the idempotency key', async () => {
    const headers = { authorization: `Bearer ${user.accessToken}`, 'idempotency-key': '"a key"' }
    const error = await failure(unary(open(), 'CancelReservation', { id: 'x' }, { headers }))
    expect(detailsOf(error).fields).toEqual([{ field: 'Idempotency-Key', description: expect.any(String) as string }])
    await unary(open(), 'CancelReservation', { id: 'x' }, { headers: { ...headers, 'idempotency-key': 'key-7' } })
    expect(asked).toMatchObject([{ ctx: { actor: { id: user.id, role: 'USER' }, idempotencyKey: 'key-7' } }])
  })

  test.each([
    ['nobody', 'CancelReservation', undefined, Code.Unauthenticated, 'UNAUTHENTICATED'],
    ['a user', 'CreateProduct', 'theirs', Code.PermissionDenied, 'PERMISSION_DENIED'],
    ['a false token', 'CancelReservation', 'a.b.c', Code.Unauthenticated, 'UNAUTHENTICATED'],
  ])('lets %s not into %s', async (_who, name, token, code, reason) => {
    const headers: Record<string, string> = {}
    if (token !== undefined) headers['authorization'] = `Bearer ${token === 'theirs' ? user.accessToken : token}`
    const error = await failure(unary(open(), name, {}, { headers }))
    expect([error.code, detailsOf(error).reason]).toEqual([code, reason])
    expect(asked).toEqual([])
  })

  test('tells an error with its details', async () => {
    const error = await failure(unary(open(), 'GetProduct', { sku: 'BAD' }, { headers: { 'x-request-id': 'mine' } }))
    expect([error.code, error.rawMessage]).toEqual([Code.InvalidArgument, 'sku: is bad'])
    const fields = [{ field: 'sku', description: 'is bad' }]
    expect(detailsOf(error)).toEqual({ reason: 'INVALID_ARGUMENT', requestId: 'mine', fields })
  })

  test('keeps the deadline of the caller', async () => {
    const error = await failure(unary(open(), 'GetProduct', { sku: 'SLOW' }, { timeoutMs: 300 }))
    expect(error.code).toBe(Code.DeadlineExceeded)
    expect((asked[0]?.ctx.deadline ?? Infinity) - Date.now()).toBeLessThan(5_000)
  })

  test('refuses what is too large', async () => {
    const error = await failure(unary(open(), 'GetProduct', { sku: 'A'.repeat(5_000) }))
    expect([Code.InvalidArgument, Code.ResourceExhausted]).toContain(error.code)
    expect(asked).toEqual([])
  })

  test('knows no RPC that is not for people, nor one that is not there', async () => {
    const error = await failure(unary(open(), 'Hold', {}, { headers: { authorization: `Bearer ${user.accessToken}` } }))
    expect(error.code).toBe(Code.Unimplemented)
  })

  test('streams, and takes the stream along when the caller goes', async () => {
    const gone = new AbortController()
    const messages = await stream(open(), { skus: ['A'], resumeToken: 't0' }, gone.signal)
    expect((await messages.next()).value).toEqual({ resumeToken: 't1' })
    expect((await messages.next()).value).toEqual({ resumeToken: 't2' })
    expect(watched).toMatchObject([{ request: { skus: ['A'], resumeToken: 't0' }, ctx: { deadline: Infinity } }])
    gone.abort()
    await expect(messages.next()).rejects.toMatchObject({ code: Code.Canceled })
    await waitFor(() => watched[0]?.ctx.signal.aborted, { what: 'the end of the stream behind' })
  })

  test.each([
    ['before it begins', 'NONE', Code.NotFound, 'NOT_FOUND', 0],
    ['in the middle', 'BREAKS', Code.Unavailable, 'UNAVAILABLE', 2],
  ])('tells what is wrong with a stream %s', async (_when, sku, code, reason, before) => {
    const seen: unknown[] = []
    const error = await failure(
      (async () => {
        for await (const message of await stream(open(), { skus: [sku] })) seen.push(message)
      })(),
    )
    expect([error.code, detailsOf(error).reason, seen.length]).toEqual([code, reason, before])
  })

  test('ends a stream at its deadline', async () => {
    const messages = await stream(open(), { skus: ['A'] }, undefined, 500)
    await messages.next()
    await messages.next()
    await expect(messages.next()).rejects.toMatchObject({ code: Code.DeadlineExceeded })
  })
})

describe('by raw bytes', () => {
  const path = '/holdfast.inventory.v1.InventoryService/GetProduct'
  const frame = (bytes: Uint8Array, flags = 0): Buffer => {
    const head = Buffer.alloc(5)
    head.writeUInt8(flags, 0)
    head.writeUInt32BE(bytes.length, 1)
    return Buffer.concat([head, bytes])
  }
  const product = (sku: string): Buffer => {
    const { input } = method('GetProduct')
    return frame(toBinary(input, fromJson(input, { sku })))
  }

  async function post(body: string | Buffer, contentType: string, headers: Record<string, string> = {}, target = path) {
    const response = await fetch(`${fixture.url}${target}`, {
      method: 'POST',
      headers: { 'content-type': contentType, ...headers },
      body: typeof body === 'string' ? body : new Uint8Array(body),
    })
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      body: Buffer.from(await response.arrayBuffer()),
    }
  }

  /** The messages of a body, and its trailers. */
  function read(body: Buffer): { messages: Buffer[]; trailers: Record<string, string> } {
    const messages: Buffer[] = []
    let trailers = {}
    for (let at = 0; at < body.length;) {
      const bytes = body.subarray(at + 5, at + 5 + body.readUInt32BE(at + 1))
      const lines = bytes
        .toString()
        .split('\r\n')
        .filter((line) => line !== '')
      if (body.readUInt8(at) === 0x80) trailers = Object.fromEntries(lines.map((line) => line.split(/: ?/, 2)))
      else messages.push(bytes)
      at += 5 + bytes.length
    }
    return { messages, trailers }
  }

  function fromText(body: Buffer): Buffer {
    return Buffer.concat((body.toString().match(/[^=]+=*/g) ?? []).map((part) => Buffer.from(part, 'base64')))
  }

  test.each(['application/grpc-web-text', 'application/grpc-web-text+proto'])('%s is the same in base64', async (type) => {
    const reply = await post(product('A').toString('base64'), type)
    expect([reply.status, reply.type]).toEqual([200, 'application/grpc-web-text+proto'])
    expect(read(fromText(reply.body))).toMatchObject({ messages: [expect.any(Buffer)], trailers: { 'grpc-status': '0' } })
    expect(asked).toMatchObject([{ request: { sku: 'A' } }])
  })

  test('base64 may come in parts, each with its padding', async () => {
    const bytes = product('AB')
    const text = bytes.subarray(0, 4).toString('base64') + bytes.subarray(4).toString('base64')
    expect(text).toMatch(/=[^=]/)
    const { trailers } = read(fromText((await post(text, 'application/grpc-web-text')).body))
    expect([trailers['grpc-status'], asked.length]).toEqual(['0', 1])
  })

  test('a stream in base64 comes message by message', async () => {
    const { input } = method('WatchAvailability')
    const body = frame(toBinary(input, fromJson(input, { skus: ['BREAKS'] }))).toString('base64')
    const target = '/holdfast.inventory.v1.InventoryService/WatchAvailability'
    const { messages, trailers } = read(fromText((await post(body, 'application/grpc-web-text', {}, target)).body))
    expect([messages.length, trailers['grpc-status']]).toEqual([2, String(Code.Unavailable)])
  })

  test('the details of an error are in the trailers', async () => {
    const { messages, trailers } = read((await post(product('BAD'), 'application/grpc-web+proto')).body)
    expect([messages, trailers['grpc-status']]).toEqual([[], String(Code.InvalidArgument)])
    const status = Status.decode(Buffer.from(trailers['grpc-status-details-bin'] ?? '', 'base64'))
    expect(status.details.map(({ typeUrl }) => typeUrl)).toContain('type.googleapis.com/google.rpc.BadRequest')
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['half a frame', product('A').subarray(0, 6)],
    ['a frame that says it is longer than it may be', Buffer.from('00ffffffff', 'hex')],
    ['a compressed frame', frame(Buffer.from('abc'), 1)],
    ['what is no message', frame(Buffer.from('ffffffff', 'hex'))],
    ['two messages', Buffer.concat([product('A'), product('B')])],
  ])('%s is refused in the trailers', async (_what, body) => {
    const reply = await post(body, 'application/grpc-web')
    expect(reply.status).toBe(200)
    const { messages, trailers } = read(reply.body)
    expect([messages, Number(trailers['grpc-status'])]).toEqual([[], expect.any(Number)])
    expect(Number(trailers['grpc-status'])).toBeGreaterThan(0)
    expect(asked).toEqual([])
  })

  test('what is no base64 is refused in the trailers', async () => {
    const { trailers } = read(fromText((await post('no base64!', 'application/grpc-web-text')).body))
    expect(trailers['grpc-status']).toBe(String(Code.InvalidArgument))
  })

  test('a compression that is not there is UNIMPLEMENTED', async () => {
    const { trailers } = read((await post(product('A'), 'application/grpc-web', { 'grpc-encoding': 'gzip' })).body)
    expect(trailers['grpc-status']).toBe(String(Code.Unimplemented))
  })

  test.each(['text/plain', 'application/grpc', 'application/grpc-web+thrift'])('%s is not understood', async (type) => {
    const reply = await post(product('A'), type)
    expect([reply.status, JSON.parse(reply.body.toString())]).toEqual([
      415,
      expect.objectContaining({ code: 'UNSUPPORTED_MEDIA_TYPE' }),
    ])
  })

  test('another method is not allowed', async () => {
    const response = await fetch(`${fixture.url}${path}`)
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
  })

  test('Connect is plain JSON over HTTP', async () => {
    const reply = await post('{"sku":"A"}', 'application/json', { 'x-request-id': 'mine' })
    expect([reply.status, JSON.parse(reply.body.toString())]).toEqual([200, { requestId: 'mine' }])
    const bad = await post('{"sku":"BAD"}', 'application/json')
    expect([bad.status, JSON.parse(bad.body.toString())]).toEqual([400, expect.objectContaining({ code: 'invalid_argument' })])
  })
})
