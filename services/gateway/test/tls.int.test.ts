import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'

import { issueCertificate, type KeyPair, makeAuthority } from '@holdfast/certificates'
import { ConfigError } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'

import { type Fixture, runGateway, startFixture } from './support'

const hour = 3_600_000
const now = { from: Date.now() - hour, to: Date.now() + hour }

let folder = ''
let authority: KeyPair
let gateway: Fixture
const files = () => ({ cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-https-'))
  authority = await makeAuthority('shop', now)
  await renew()
  gateway = await startFixture({ env: { HOLDFAST_TLS_CERT_FILE: files().cert, HOLDFAST_TLS_KEY_FILE: files().key } })
})
afterAll(async () => {
  await gateway.close()
  await rm(folder, { recursive: true })
})

async function renew(): Promise<void> {
  const { cert, key } = await issueCertificate(authority, ['shop.example', '127.0.0.1'], now)
  await writeFile(files().key, key)
  await writeFile(files().cert, cert)
}

async function shake(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    port: gateway.httpPort,
    host: '127.0.0.1',
    ca: authority.cert,
    servername: 'shop.example',
    ...options,
  })
  await once(socket, 'secureConnect')
  return socket
}

async function ask(socket: TLSSocket, request: string): Promise<string> {
  let answer = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
  socket.write(request)
  await once(socket, 'close')
  return answer
}

test('the listener speaks HTTPS, and tells browsers to come back that way', async () => {
  const answer = await ask(await shake(), 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  expect(answer).toMatch(/\r\nstrict-transport-security: max-age=31536000\r\n/)
  // What the parser refuses is answered there too.
  expect(await ask(await shake(), 'HELO\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [^]*strict-transport-security/)
})

test('it takes TLS 1.2 and 1.3, HTTP/1.1 alone, and nothing older', async () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await shake({ minVersion: version, maxVersion: version, ALPNProtocols: ['h2', 'http/1.1'] })
    expect([socket.getProtocol(), socket.alpnProtocol]).toEqual([version, 'http/1.1'])
    socket.destroy()
  }
  await expect(shake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' })).rejects.toThrow(
    /alert|version|disconnected/,
  )
  await expect(shake({ ALPNProtocols: ['h2'] })).rejects.toThrow(/alert|disconnected/)
})

test('plain HTTP to it is cut off without an answer', async () => {
  const socket = connectPlain(gateway.httpPort, '127.0.0.1')
  let answer = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk))
  socket.on('error', () => undefined)
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'close')
  expect(answer).not.toContain('HTTP')
})

test('a renewed certificate is shown without a restart, and who was connected before stays', async () => {
  const before = await shake()
  const { serialNumber } = before.getPeerCertificate()
  await renew()
  const isNew = async (): Promise<boolean> => {
    const socket = await shake()
    const shown = socket.getPeerCertificate().serialNumber
    socket.destroy()
    return shown !== serialNumber
  }
  await waitFor(isNew, { what: 'the renewed certificate', timeoutMs: 30_000 })
  expect(await ask(before, 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /)
})

test.each([
  ['half of it', { HOLDFAST_TLS_KEY_FILE: '' }, 'HOLDFAST_TLS_CERT and HOLDFAST_TLS_KEY: both are needed, or neither'],
  ['a certificate that is none', { HOLDFAST_TLS_CERT: '-----BEGIN nothing' }, 'HOLDFAST_TLS_CERT: is not a certificate in PEM'],
  ['a file that is not there', { HOLDFAST_TLS_CERT_FILE: '/nowhere/cert.pem' }, 'HOLDFAST_TLS_CERT_FILE: '],
])('%s stops the start by name', async (_what, env, message) => {
  const starting = runGateway({ ...gateway.env, ...env })
  await expect(starting).rejects.toThrow(ConfigError)
  await expect(starting).rejects.toThrow(message)
})

// The last: it stops the gateway.
test('a stop closes who waits, also one that never shook hands', async () => {
  const waiting = await shake()
  const mute = connectPlain(gateway.httpPort, '127.0.0.1')
  mute.on('error', () => undefined)
  await once(mute, 'connect')
  const closed = Promise.all([once(waiting, 'close'), once(mute, 'close')])
  await gateway.stopGateway()
  await closed
})
