/** Real handshakes between a server and clients that are, and are not, what they say. */
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'

import { type ChannelCredentials, Client, credentials, Server, ServerCredentials, status } from '@grpc/grpc-js'
import { AuthServiceService } from '@holdfast/contracts/auth'
import {
  createLog,
  createPeer,
  createServiceTokens,
  createUserTokens,
  type GrpcServer,
  type Handlers,
  HoldfastError,
  openPeerTls,
  type PeerClient,
  type PeerTls,
  type PeerTlsConfig,
  plaintext,
  type ServiceTokens,
  startGrpcServer,
  systemContext,
} from '@holdfast/service'
import { allServiceNames, waitFor } from '@holdfast/testing'

import { certificatePaths, issueCertificate, type KeyPair, makeAuthority, makeCertificates } from '../src'

const log = createLog('test', 'silent')
const hour = 3_600_000
const now = { from: Date.now() - hour, to: Date.now() + hour }
const past = { from: Date.now() - 2 * hour, to: Date.now() - hour }

let folder = ''
let authority: KeyPair
let stranger: KeyPair
let server: GrpcServer
let serverTls: PeerTls
/** Of every service, as who has all private keys could make them. */
const tokens = makeTokens()
const open: { close(): unknown }[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-tls-'))
  ;[authority, stranger] = await Promise.all([makeAuthority('ours', now), makeAuthority('ours', now)])
  serverTls = openPeerTls('gateway', await configOf(['gateway']), log, 50)
  server = await startServer(serverTls)
})

afterEach(async () => {
  await Promise.all(open.splice(0).map(async (one) => one.close()))
})

afterAll(async () => {
  await server.stop()
  await serverTls.close()
  await rm(folder, { recursive: true })
})

function makeTokens(): Record<string, ServiceTokens> {
  const pairs = allServiceNames.map((name) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    return { name, privateKey, publicKey }
  })
  const publicKeys = Object.fromEntries(pairs.map(({ name, publicKey }) => [name, publicKey]))
  return Object.fromEntries(pairs.map(({ name, privateKey }) => [name, createServiceTokens(name, privateKey, publicKeys)]))
}

function tokensOf(name: string): ServiceTokens {
  const found = tokens[name]
  if (found === undefined) throw new Error(`no tokens of ${name}`)
  return found
}

async function configOf(names: string[], signedBy = authority): Promise<PeerTlsConfig> {
  const { cert, key } = await issueCertificate(signedBy, names, now)
  return {
    GRPC_HOST: '127.0.0.1',
    PEER_PLAINTEXT: 'loopback',
    PEER_TLS_CERT: cert,
    PEER_TLS_KEY: key,
    PEER_TLS_CA: authority.cert,
  }
}

async function startServer(tls: PeerTls): Promise<GrpcServer> {
  const refuse = async (): Promise<never> => Promise.reject(new HoldfastError('UNIMPLEMENTED', 'not here'))
  const methods = Object.keys(AuthServiceService).map((name) => [name, refuse])
  const handlers = {
    ...Object.fromEntries(methods),
    getUser: async ({ id }: { id: string }) => Promise.resolve({ user: { id, email: '', role: 'USER' }, requestId: '' }),
  } as Handlers<typeof AuthServiceService>
  const users = createUserTokens({ find: async () => Promise.resolve(undefined) })
  const address = { name: 'gateway', host: '127.0.0.1', port: 0 }
  return startGrpcServer({ ...address, definition: AuthServiceService, handlers, users, services: tokensOf('gateway'), log, tls })
}

/** A client that shows some certificate and uses the tokens of some service. */
function peer(tls: PeerTls, service = 'notification', port = server.port): PeerClient<typeof AuthServiceService> {
  const made = createPeer(AuthServiceService, { address: `127.0.0.1:${port}`, peer: 'gateway', services: tokensOf(service), tls })
  open.push(made, tls)
  return made
}

async function ask(client: PeerClient<typeof AuthServiceService>): Promise<string | undefined> {
  return (await client.getUser({ id: 'u1' }, systemContext('test', log, 5_000))).user?.id
}

/** Asks for the health of the server, which is everybody's whose certificate is good. @returns the status */
async function healthBy(channel: ChannelCredentials): Promise<status> {
  const client = new Client(`127.0.0.1:${server.port}`, channel, { 'grpc.ssl_target_name_override': 'gateway' })
  open.push(client)
  const none = (): Buffer => Buffer.alloc(0)
  return new Promise((resolve) => {
    const deadline = Date.now() + 5_000
    client.makeUnaryRequest('/grpc.health.v1.Health/Check', none, none, {}, { deadline }, (error) =>
      resolve(error?.code ?? status.OK),
    )
  })
}

function channel({ cert, key }: KeyPair): ChannelCredentials {
  return credentials.createSsl(Buffer.from(authority.cert), Buffer.from(key), Buffer.from(cert))
}

test('services of one authority speak with each other', async () => {
  expect(await ask(peer(openPeerTls('notification', await configOf(['notification']), log)))).toBe('u1')
})

describe('the server refuses', () => {
  test('a client without a certificate', async () => {
    expect(await healthBy(credentials.createSsl(Buffer.from(authority.cert)))).toBe(status.UNAVAILABLE)
  })

  test('a certificate of an authority of the same name that is another', async () => {
    expect(await healthBy(channel(await issueCertificate(stranger, ['notification'], now)))).toBe(status.UNAVAILABLE)
  })

  test('a certificate that has ended', async () => {
    expect(await healthBy(channel(await issueCertificate(authority, ['notification'], past)))).toBe(status.UNAVAILABLE)
    expect(await healthBy(channel(await issueCertificate(authority, ['notification'], now)))).toBe(status.OK)
  })

  test('plaintext', async () => {
    await expect(ask(peer(plaintext))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('the token of a service over a connection of another, also one whose name only looks alike', async () => {
    for (const name of ['order', '*', '*.notification', 'notification.example', 'xn--notification']) {
      const client = peer(openPeerTls(name, { ...(await configOf([name, 'order'])) }, log), 'notification')
      await expect(ask(client)).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
        message: expect.stringContaining('certificate'),
      })
    }
  })

  test('what is older than TLS 1.2', async () => {
    const { cert, key } = await issueCertificate(authority, ['notification'], now)
    const shake = async (maxVersion: 'TLSv1.1' | 'TLSv1.2'): Promise<string | null> => {
      const options = { port: server.port, ca: authority.cert, cert, key, servername: 'gateway', ALPNProtocols: ['h2'] }
      const socket = connect({ ...options, minVersion: 'TLSv1', maxVersion, ciphers: 'DEFAULT:@SECLEVEL=0' })
      try {
        await once(socket, 'secureConnect')
        return socket.getProtocol()
      } finally {
        socket.destroy()
      }
    }
    await expect(shake('TLSv1.1')).rejects.toThrow(/protocol version|alert/i)
    expect(await shake('TLSv1.2')).toBe('TLSv1.2')
  })
})

describe('a client refuses', () => {
  async function askServer(serverCredentials: ServerCredentials): Promise<unknown> {
    const other = new Server()
    const answer = (_call: unknown, callback: (error: null, reply: unknown) => void): void => callback(null, {})
    const methods = Object.keys(AuthServiceService).map((name) => [name, answer])
    other.addService(AuthServiceService, Object.fromEntries(methods) as never)
    const port = await new Promise<number>((resolve, reject) => {
      other.bindAsync('127.0.0.1:0', serverCredentials, (error, bound) => (error ? reject(error) : resolve(bound)))
    })
    open.push({ close: () => other.forceShutdown() })
    return ask(peer(openPeerTls('notification', await configOf(['notification']), log), 'notification', port))
  }

  const secure = ({ cert, key }: KeyPair): ServerCredentials =>
    ServerCredentials.createSsl(
      Buffer.from(authority.cert),
      [{ private_key: Buffer.from(key), cert_chain: Buffer.from(cert) }],
      true,
    )

  test('a server that is another service', async () => {
    await expect(
      askServer(secure(await issueCertificate(authority, ['order', '127.0.0.1', 'localhost'], now))),
    ).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
  })

  test('a server of another authority, or whose certificate has ended', async () => {
    for (const pair of [
      await issueCertificate(stranger, ['gateway'], now),
      await issueCertificate(authority, ['gateway'], past),
    ]) {
      await expect(askServer(secure(pair))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    }
    expect(await askServer(secure(await issueCertificate(authority, ['gateway'], now)))).toBeUndefined()
  })

  test('plaintext', async () => {
    await expect(askServer(ServerCredentials.createInsecure())).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})

test('the names of a certificate are its own, however they are written', async () => {
  const config = await configOf(['order', 'a, DNS:notification'])
  const client = peer(openPeerTls('order', config, log), 'notification')
  await expect(ask(client)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

test.each([
  ['that is none', async () => ({ PEER_TLS_CERT: '-----BEGIN x' }), 'PEER_TLS_CERT: is not a certificate'],
  ['with the key of another', async () => ({ PEER_TLS_KEY: authority.key }), 'PEER_TLS_KEY: is not the key'],
  ['that names another service', async () => configOf(['order']), 'PEER_TLS_CERT: has no DNS name "gateway"'],
  [
    'that has ended',
    async () =>
      issueCertificate(authority, ['gateway'], past).then(({ cert, key }) => ({ PEER_TLS_CERT: cert, PEER_TLS_KEY: key })),
    'PEER_TLS_CERT: has ended on',
  ],
  ['beside keys that come in plaintext', async () => ({ JWKS_URL: 'http://gateway:8080/keys' }), 'JWKS_URL: http://gateway'],
])('a certificate %s stops the start by name', async (_what, change, message) => {
  const config = { ...(await configOf(['gateway'])), ...(await change()) }
  expect(() => openPeerTls('gateway', config, log)).toThrow(message)
})

test('certificates that are renewed are taken up without a restart, and a half-written pair is not', async () => {
  const files = {
    PEER_TLS_CERT_FILE: join(folder, 'a.pem'),
    PEER_TLS_KEY_FILE: join(folder, 'a.key'),
    PEER_TLS_CA_FILE: join(folder, 'ca.pem'),
  }
  const write = async (
    names: (keyof typeof files)[],
    { PEER_TLS_CERT, PEER_TLS_KEY, PEER_TLS_CA }: PeerTlsConfig,
  ): Promise<void> => {
    const texts = { PEER_TLS_CERT_FILE: PEER_TLS_CERT, PEER_TLS_KEY_FILE: PEER_TLS_KEY, PEER_TLS_CA_FILE: PEER_TLS_CA }
    for (const name of names) await writeFile(files[name], texts[name] ?? '')
  }
  const first = await configOf(['gateway'])
  await write(['PEER_TLS_CERT_FILE', 'PEER_TLS_KEY_FILE', 'PEER_TLS_CA_FILE'], first)
  const warn = jest.spyOn(log, 'warn')
  const tls = openPeerTls('gateway', { ...first, ...files }, log, 20)
  const renewing = await startServer(tls)
  try {
    const { cert, key } = await issueCertificate(authority, ['notification'], now)
    const shown = async (): Promise<string> => {
      const options = { port: renewing.port, ca: [authority.cert, stranger.cert], cert, key, servername: 'gateway' }
      const socket: TLSSocket = connect({ ...options, ALPNProtocols: ['h2'] })
      await once(socket, 'secureConnect')
      const { serialNumber } = socket.getPeerCertificate()
      socket.destroy()
      return serialNumber
    }
    const before = await shown()
    const second = await configOf(['gateway'])
    await write(['PEER_TLS_CERT_FILE'], second)
    await waitFor(() => warn.mock.calls.some(([, message]) => message === 'not renewed'), { what: 'the half pair to be noticed' })
    expect(await shown()).toBe(before)
    await write(['PEER_TLS_KEY_FILE'], second)
    await waitFor(async () => (await shown()) !== before, { what: 'the renewed certificate to be shown' })

    // Whom to trust is renewed in the same way: now nobody of the old authority comes in.
    const client = peer(openPeerTls('notification', await configOf(['notification']), log), 'notification', renewing.port)
    expect(await ask(client)).toBe('u1')
    await write(['PEER_TLS_CA_FILE'], { ...second, PEER_TLS_CA: stranger.cert })
    const refused = async (): Promise<boolean> => {
      const late = peer(openPeerTls('notification', await configOf(['notification']), log), 'notification', renewing.port)
      return ask(late).then(
        () => false,
        () => true,
      )
    }
    await waitFor(refused, { what: 'the old authority to be refused' })
  } finally {
    warn.mockRestore()
    await renewing.stop()
    await tls.close()
  }
})

test('the command makes an authority once, a good certificate for each service, and files for their owner alone', async () => {
  const options = { folder: join(folder, 'made'), days: 1, hosts: ['inventory.shop.example'], clients: ['shop'] }
  expect(await makeCertificates(options)).toEqual([...allServiceNames, 'shop'])
  const paths = certificatePaths(options.folder)
  const { mtimeMs } = await stat(paths.ca)
  await makeCertificates(options)
  expect((await stat(paths.ca)).mtimeMs).toBe(mtimeMs)
  for (const name of [...allServiceNames, 'shop']) {
    const { cert, key } = paths.of(name)
    if (process.platform !== 'win32') {
      expect((await stat(key)).mode & 0o777).toBe(0o600)
      expect((await stat(cert)).mode & 0o777).toBe(0o600)
    }
  }
})
