import { generateKeyPairSync } from 'node:crypto'
import http2 from 'node:http2'
import { type AddressInfo, createServer } from 'node:net'

import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { AuthServiceService } from '@holdfast/contracts/auth'

import { ConfigError } from './config'
import { fromGrpcError } from './grpc-errors'
import { type GrpcServer, type Handlers, startGrpcServer } from './grpc-server'
import { createLog } from './log'
import { createServiceTokens, createUserTokens } from './tokens'

let server: GrpcServer
let client: Client
let thrown = new Error('nothing yet')

async function start(port: number): Promise<GrpcServer> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const fail = async (): Promise<never> => Promise.reject(thrown)
  const handlers: Handlers<typeof AuthServiceService> = {
    register: fail,
    login: fail,
    refresh: fail,
    logout: fail,
    logoutEverywhere: fail,
    getMe: fail,
    listUsers: fail,
    updateUser: fail,
    getUser: fail,
    issueGuestTokens: fail,
  }
  return startGrpcServer({
    name: 'gateway',
    host: '127.0.0.1',
    port,
    definition: AuthServiceService,
    handlers,
    users: createUserTokens({ find: async () => Promise.resolve(undefined) }),
    services: createServiceTokens('gateway', privateKey, { gateway: publicKey }),
    log: createLog('test', 'silent'),
  })
}

beforeAll(async () => {
  server = await start(0)
  client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure())
})

afterAll(async () => {
  client.close()
  await server.stop()
})

async function call(bytes: Buffer, metadata = new Metadata()): Promise<ServiceError> {
  const same = (buffer: Buffer): Buffer => buffer
  const answer = await new Promise<ServiceError | null>((resolve) => {
    client.makeUnaryRequest(AuthServiceService.login.path, same, same, bytes, metadata, (error) => resolve(error))
  })
  if (answer === null) throw new Error('it was answered')
  return answer
}

test('bytes that are no message are the mistake of whoever sent them', async () => {
  const error = await call(Buffer.from('ffffffff', 'hex'))
  expect(error.code).toBe(status.INVALID_ARGUMENT)
  expect(fromGrpcError(error).code).toBe('INVALID_ARGUMENT')
})

test.each(['', '""', 'two words'])('the idempotency key %j is refused, and never taken for one', async (key) => {
  const metadata = new Metadata()
  metadata.set('idempotency-key', key)
  expect(fromGrpcError(await call(Buffer.alloc(0), metadata)).code).toBe('INVALID_ARGUMENT')
})

test('a database that is not there is UNAVAILABLE wherever the error came up', async () => {
  thrown = Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5432'), { code: 'ECONNREFUSED' })
  const error = await call(Buffer.alloc(0))
  expect(fromGrpcError(error)).toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: 1000 })
  expect(error.details).not.toContain('10.0.0.7')
})

test('any other error is INTERNAL and tells nothing of its inside', async () => {
  thrown = new Error('column "secret" does not exist')
  const error = await call(Buffer.alloc(0))
  expect(error.code).toBe(status.INTERNAL)
  expect(error.details).not.toContain('secret')
})

test.each<[string, (stream: http2.ServerHttp2Stream) => void]>([
  ['is reset', (stream) => stream.close(http2.constants.NGHTTP2_PROTOCOL_ERROR)],
  [
    'ends without its status',
    (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' })
      stream.end()
    },
  ],
])('an answer that %s is a connection that was lost: UNAVAILABLE', async (_how, breakOff) => {
  const breaking = http2.createServer().on('stream', (stream) => {
    // It hears of what it does itself.
    stream.on('error', () => undefined)
    breakOff(stream)
  })
  await new Promise<void>((resolve) => breaking.listen(0, '127.0.0.1', resolve))
  const { port } = breaking.address() as AddressInfo
  const other = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  try {
    const same = (buffer: Buffer): Buffer => buffer
    const error = await new Promise<ServiceError | null>((resolve) => {
      other.makeUnaryRequest('/a.b/C', same, same, Buffer.alloc(0), new Metadata(), { deadline: Date.now() + 10_000 }, resolve)
    })
    expect(error && fromGrpcError(error).code).toBe('UNAVAILABLE')
  } finally {
    other.close()
    breaking.close()
  }
})

test('a port that another program keeps is named, and can be had when it is free', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as AddressInfo
  await expect(start(port)).rejects.toThrow(new ConfigError(`GRPC_PORT: 127.0.0.1:${port} is in use by another program`))
  await new Promise((resolve) => taken.close(resolve))
  const second = await start(port)
  expect(second.port).toBe(port)
  await second.stop()
})
