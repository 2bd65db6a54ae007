/** google.api.HttpBody in requests and responses, on a contract made for this test, over HTTP. */
import { type DescMethod, fromBinary, toBinary } from '@bufbuild/protobuf'
import { HttpBody, type RpcDescriptor } from '@holdfast/contracts'
import { createLog, HoldfastError, type UserTokens } from '@holdfast/service'

import { randomBytes } from 'node:crypto'

import { createApi } from '../src/http/api'
import { download } from '../src/http/http-body'
import { type HttpServer, startHttpServer } from '../src/http/server'
import type { Call } from '../src/http/upstreams'
import { methodsOf, type Rule, rpcOf } from './contract'

const proto = `
syntax = "proto3";
package scans.v1;
import "google/api/httpbody.proto";
import "holdfast/common/v1/access.proto";

service Scans {
  rpc Put(PutRequest) returns (PutResponse);
  rpc Echo(google.api.HttpBody) returns (google.api.HttpBody);
  rpc Page(Named) returns (Answer);
  rpc Download(Named) returns (stream google.api.HttpBody);
}
message PutRequest {
  string name = 1;
  google.api.HttpBody scan = 2;
  string signature = 3 [(holdfast.common.v1.header) = "x-signature"];
  int32 pages = 4;
}
message PutResponse { string told = 1; }
message Named { string name = 1; string signature = 2 [(holdfast.common.v1.header) = "x-signature"]; }
message Answer { string name = 1; google.api.HttpBody scan = 2; }
`

const rules: Record<string, Rule & { mediaTypes?: RpcDescriptor['mediaTypes'] }> = {
  Put: { put: '/v1/scans/{name}', body: 'scan', mediaTypes: { takes: ['image/png', 'text/csv'], gives: [] } },
  Echo: { post: '/v1/echo', body: '*' },
  Page: { post: '/v1/page', body: '*', responseBody: 'scan', mediaTypes: { takes: [], gives: ['text/csv'] } },
  Download: { get: '/v1/scans/{name}' },
}

const bodyLimit = 100
const log = createLog('test', 'silent')
/** Every byte there is: nothing that text survives. */
const bytes = Buffer.from(Array.from({ length: bodyLimit }, (_, index) => (index * 37) % 256))

let server: HttpServer
/** What the RPC was sent, and what it answers. */
let sent: { rpc: RpcDescriptor; request: Buffer } | undefined
let answerWith: Buffer | HoldfastError = Buffer.alloc(0)
let streamWith: () => AsyncGenerator<Buffer>

beforeAll(async () => {
  const methods: Map<string, DescMethod> = methodsOf(proto, 'scans.v1.Scans', [
    'google/api/httpbody.proto',
    'holdfast/common/v1/access.proto',
  ])
  const rpcs = [...methods.values()].map((desc) => {
    const { mediaTypes = { takes: [], gives: [] }, ...rule } = rules[desc.name] ?? {}
    return { ...rpcOf(desc, rule), mediaTypes }
  })
  const api = createApi(
    {
      senders: {
        of: (rpc: RpcDescriptor) => async (call: Call) => {
          sent = { rpc, request: call.request }
          return answerWith instanceof HoldfastError ? Promise.reject(answerWith) : Promise.resolve(answerWith)
        },
      },
      upstreams: { of: () => ({ stream: async () => Promise.resolve(streamWith()) }) },
      users: {},
      limits: { admitCall: () => undefined, clientOf: () => 'here' },
      timeoutMs: 5_000,
      bodyLimit,
      streams: { enter: () => new AbortController().signal },
      stallMs: 5_000,
      log,
    } as unknown as Parameters<typeof createApi>[0] & { users: UserTokens },
    rpcs,
  )
  server = await startHttpServer({
    api,
    rpc: { has: () => false, serve: async () => Promise.reject(new Error('not asked for')) },
    pages: new Map(),
    edge: { admitRequest: undefined },
    log,
    host: '127.0.0.1',
    port: 0,
  })
})
afterAll(async () => server.stop())

async function call(method: string, path: string, init: RequestInit = {}) {
  sent = undefined
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method, ...init })
  return { status: response.status, type: response.headers.get('content-type'), body: Buffer.from(await response.arrayBuffer()) }
}

function message(): Record<string, unknown> {
  if (sent === undefined) throw new Error('no call was made')
  const {
    $typeName: _,
    $unknown: _unknown,
    ...fields
  } = fromBinary(sent.rpc.desc.input, sent.request) as unknown as Record<string, unknown>
  return fields
}

const problem = (body: Buffer) => JSON.parse(body.toString()) as Record<string, unknown>

test('a body arrives in its field byte for byte, beside what path, query and header give', async () => {
  const headers = { 'content-type': 'image/png; v=2', 'x-signature': 'v1,abc=' }
  expect((await call('PUT', '/v1/scans/a%20b?pages=3', { body: bytes, headers })).status).toBe(200)
  const { scan, ...rest } = message() as { scan: { contentType: string; data: Uint8Array } }
  expect(rest).toEqual({ name: 'a b', pages: 3, signature: 'v1,abc=' })
  expect(scan.contentType).toBe('image/png; v=2')
  expect(Buffer.from(scan.data).equals(bytes)).toBe(true)
})

test('a body that looks like JSON is not read, and an empty one is a body too', async () => {
  const headers = { 'content-type': 'text/csv' }
  await call('PUT', '/v1/scans/a', { body: '{"name": not json', headers })
  expect(Buffer.from((message() as { scan: { data: Uint8Array } }).scan.data).toString()).toBe('{"name": not json')
  await call('PUT', '/v1/scans/a', { body: '', headers })
  expect(message()).toMatchObject({ scan: { contentType: 'text/csv' } })
})

test('what is no body of the RPC is refused, and no call is made', async () => {
  const put = async (init: RequestInit, query = '') => {
    const { status, body } = await call('PUT', `/v1/scans/a${query}`, init)
    expect(sent).toBeUndefined()
    return [status, problem(body)['code']]
  }
  const headers = { 'content-type': 'image/png' }
  expect(await put({ body: bytes, headers: { 'content-type': 'image/jpeg' } })).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
  expect(await put({ body: bytes, headers: { ...headers, 'content-encoding': 'gzip' } })).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
  expect(await put({ body: Buffer.alloc(bodyLimit + 1), headers })).toEqual([413, 'PAYLOAD_TOO_LARGE'])
  expect(await put({ body: bytes, headers }, '?signature=x')).toEqual([400, 'INVALID_ARGUMENT'])
  expect(await put({ body: bytes, headers }, '?scan.content_type=x')).toEqual([400, 'INVALID_ARGUMENT'])
})

test('a field that a header gives can not be given by a JSON body', async () => {
  const headers = { 'content-type': 'application/json' }
  const { status, body } = await call('POST', '/v1/page', { body: '{"name":"a","signature":"mine"}', headers })
  expect([status, problem(body)['detail']]).toEqual([400, 'signature: is given by the header x-signature'])
  await call('POST', '/v1/page', { body: '{"name":"a"}', headers: { ...headers, 'x-signature': 'theirs' } })
  expect(message()).toEqual({ name: 'a', signature: 'theirs' })
})

test('the whole request and the whole response can be a body', async () => {
  answerWith = Buffer.from(HttpBody.encode({ contentType: 'image/png', data: bytes, extensions: [] }).finish())
  const { status, type, body } = await call('POST', '/v1/echo', { body: bytes, headers: { 'content-type': 'a/b' } })
  expect([status, type, body.equals(bytes)]).toEqual([200, 'image/png', true])
  expect(Buffer.from((message() as { data: Uint8Array }).data).equals(bytes)).toBe(true)
})

test('a field of the response is its body, of the type that it says, else of none in particular', async () => {
  const headers = { 'content-type': 'application/json' }
  const page = (contentType: string) => {
    const { rpc } = sent ?? {}
    if (rpc === undefined) throw new Error('no call was made')
    return Buffer.from(
      toBinary(rpc.desc.output, {
        $typeName: 'scans.v1.Answer',
        name: 'a',
        scan: { $typeName: 'google.api.HttpBody', contentType, data: bytes, extensions: [] },
      } as never),
    )
  }
  await call('POST', '/v1/page', { body: '{}', headers })
  answerWith = page('text/csv; charset=utf-8')
  expect(await call('POST', '/v1/page', { body: '{}', headers })).toEqual({
    status: 200,
    type: 'text/csv; charset=utf-8',
    body: bytes,
  })
  answerWith = page('')
  expect((await call('POST', '/v1/page', { body: '{}', headers })).type).toBe('application/octet-stream')
  const refused = await call('POST', '/v1/page', { body: '{}', headers: { ...headers, accept: 'application/json' } })
  expect([refused.status, problem(refused.body)['code'], sent]).toEqual([406, 'NOT_ACCEPTABLE', undefined])
})

test('a refusal is a problem, whatever the answer would have been', async () => {
  answerWith = new HoldfastError('NOT_FOUND', 'There is no such scan')
  const { status, type, body } = await call('POST', '/v1/echo', { body: bytes })
  expect([status, type, problem(body)['code']]).toEqual([404, 'application/problem+json', 'NOT_FOUND'])
})

describe('a stream of bodies', () => {
  const piece = (data: string, contentType = '') =>
    Buffer.from(HttpBody.encode({ contentType, data: Buffer.from(data), extensions: [] }).finish())

  test('is one body in pieces, of the type of the first', async () => {
    streamWith = async function* () {
      yield piece('a,b\n', 'text/csv')
      yield piece('1,2\n')
      yield await Promise.resolve(piece('3,4\n', 'text/plain'))
    }
    expect(await call('GET', '/v1/scans/a')).toEqual({ status: 200, type: 'text/csv', body: Buffer.from('a,b\n1,2\n3,4\n') })
    streamWith = async function* () {}
    expect(await call('GET', '/v1/scans/a')).toMatchObject({ status: 200, body: Buffer.alloc(0) })
  })

  test('goes out in small slices, so that a slow client has its time for each', async () => {
    const [long, short] = [randomBytes(200_000), randomBytes(10)]
    const body = (data: Buffer) => HttpBody.encode({ contentType: 'a/b', data, extensions: [] }).finish()
    const messages = async function* () {
      for (const data of [long, Buffer.alloc(0), short]) yield await Promise.resolve(body(data))
    }
    const { pieces } = await download('*', messages(), { requestId: 'r', stallMs: 1, log })
    const slices: Buffer[] = []
    for await (const slice of pieces) slices.push(Buffer.from(slice))
    expect(slices.map(({ length }) => length)).toEqual([65_536, 65_536, 65_536, 3_392, 10])
    expect(Buffer.concat(slices).equals(Buffer.concat([long, short]))).toBe(true)
  })

  test('that does not begin is a problem, and one that breaks off is not taken for a whole one', async () => {
    const broken = new HoldfastError('UNAVAILABLE', 'gone')
    streamWith = async function* () {
      yield await Promise.reject<Buffer>(broken)
    }
    expect(await call('GET', '/v1/scans/a')).toMatchObject({ status: 503, type: 'application/problem+json' })
    streamWith = async function* () {
      yield piece('a,b\n', 'text/csv')
      yield await Promise.reject<Buffer>(broken)
    }
    await expect(call('GET', '/v1/scans/a')).rejects.toThrow('terminated')
  })
})
