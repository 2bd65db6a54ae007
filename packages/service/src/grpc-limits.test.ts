/** The gRPC listener against messages, metadata and streams that no peer of ours sends. */
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectHttp2, constants } from 'node:http2'
import { connect } from 'node:net'

import { Client, type ClientOptions, compressionAlgorithms, credentials, Metadata, status } from '@grpc/grpc-js'
import { AuthServiceService } from '@holdfast/contracts/auth'

import { HoldfastError } from './errors'
import { type GrpcServer, type Handlers, startGrpcServer } from './grpc-server'
import { createLog } from './log'
import { createServiceTokens, createUserTokens } from './tokens'

let server: GrpcServer
let served = 0

beforeAll(async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const refuse = async (): Promise<never> => {
    served++
    return Promise.reject(new HoldfastError('NOT_FOUND', 'nobody'))
  }
  const handlers = Object.fromEntries(Object.keys(AuthServiceService).map((name) => [name, refuse]))
  server = await startGrpcServer({
    name: 'gateway',
    host: '127.0.0.1',
    port: 0,
    definition: AuthServiceService,
    handlers: handlers as unknown as Handlers<typeof AuthServiceService>,
    users: createUserTokens({ find: async () => Promise.resolve(undefined) }),
    services: createServiceTokens('gateway', privateKey, { gateway: publicKey }),
    log: createLog('test', 'silent'),
  })
})
afterAll(async () => server.stop())
beforeEach(() => {
  served = 0
})

async function logIn(bytes: Buffer, metadata = new Metadata(), options: ClientOptions = {}): Promise<status> {
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
    ...options,
  })
  const same = (buffer: Buffer): Buffer => buffer
  const deadline = Date.now() + 30_000
  try {
    return await new Promise((resolve) => {
      const { path } = AuthServiceService.login
      client.makeUnaryRequest(path, same, same, bytes, metadata, { deadline }, (error) => resolve(error?.code ?? status.OK))
    })
  } finally {
    client.close()
  }
}

/** What an ordinary call is told here. */
const ordinary = async () => logIn(Buffer.alloc(0))

test('a message of more than 8 MiB is refused', async () => {
  expect(await logIn(Buffer.alloc(9 * 1024 * 1024))).toBe(status.RESOURCE_EXHAUSTED)
  expect(served).toBe(0)
})

test('a small message that grows beyond 8 MiB when it is unpacked is refused', async () => {
  const packed = { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip }
  expect(await logIn(Buffer.alloc(64 * 1024 * 1024), new Metadata(), packed)).toBe(status.RESOURCE_EXHAUSTED)
  expect(served).toBe(0)
})

test('metadata that is too large is refused, and nobody else notices', async () => {
  const metadata = new Metadata()
  for (let index = 0; index < 50; index++) metadata.set(`x-${index}`, 'y'.repeat(4_000))
  expect(await logIn(Buffer.alloc(0), metadata)).not.toBe(status.NOT_FOUND)
  expect(served).toBe(0)
  expect(await ordinary()).toBe(status.NOT_FOUND)
})

test('streams that are opened and reset by the thousand are cut off, and others are served', async () => {
  const session = connectHttp2(`http://127.0.0.1:${server.port}`)
  session.on('error', () => undefined)
  await once(session, 'connect')
  const headers = {
    ':method': 'POST',
    ':path': AuthServiceService.login.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  }
  for (let burst = 0; burst < 20 && !session.destroyed && !session.closed; burst++) {
    for (let index = 0; index < 200 && !session.destroyed && !session.closed; index++) {
      const stream = session.request(headers)
      stream.on('error', () => undefined)
      stream.close(constants.NGHTTP2_CANCEL)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(await ordinary()).toBe(status.NOT_FOUND)
  session.destroy()
})

test.each([
  ['HTTP/1.1', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['garbage', '\0'.repeat(1_000)],
  ['a preface without an end', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'.repeat(50)],
])('%s is cut off', async (_what, bytes) => {
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => undefined).resume()
  socket.write(bytes)
  await once(socket, 'close')
  expect(await ordinary()).toBe(status.NOT_FOUND)
})
