/** A whole system whose services speak mutual TLS with each other, and whose gateway speaks HTTPS. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

import { Client, credentials, status } from '@grpc/grpc-js'
import { certificatePaths, makeCertificates } from '@holdfast/certificates'
import { adminToken, allServiceNames, api, type ConsistencyReply, type OrderReply, registerUser } from '@holdfast/testing'
import { type ReservationReply, type ServiceName, startTestSystem, type TestSystem, waitFor } from '@holdfast/testing'

let folder = ''
let system: TestSystem
const trusted = getCACertificates('default')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-certificates-'))
  await makeCertificates({ folder, days: 1, hosts: [], clients: [] })
  const { ca, of } = certificatePaths(folder)
  setDefaultCACertificates([...trusted, await readFile(ca, 'utf8')])
  const envOf = (name: ServiceName): Record<string, string> => ({
    PEER_TLS_CA_FILE: ca,
    PEER_TLS_CERT_FILE: of(name).cert,
    PEER_TLS_KEY_FILE: of(name).key,
    ...(name === 'gateway' && { HOLDFAST_TLS_CERT_FILE: of(name).cert, HOLDFAST_TLS_KEY_FILE: of(name).key }),
  })
  const envFor = Object.fromEntries(allServiceNames.map((name) => [name, envOf(name)]))
  system = await startTestSystem({ envFor, notifications: true })
})
afterAll(async () => {
  await system?.stop()
  setDefaultCACertificates(trusted)
  await rm(folder, { recursive: true, force: true })
})

test('it reserves, checks out, balances and audits', async () => {
  expect(system.url).toMatch(/^https:/)
  const admin = api(system.url, { token: await adminToken(system) })
  const price = { currency: 'EUR', amountMinor: '500' }
  expect((await admin.post('/v1/products', { sku: 'LOCK', name: 'Lock', price, stock: 3 })).status).toBe(201)
  const shopper = api(system.url, { token: (await registerUser(system.url)).token })
  const { status: made, body } = await shopper.post<ReservationReply>('/v1/reservations', {
    lines: [{ sku: 'LOCK', quantity: 2 }],
  })
  expect(made).toBe(201)
  const { id } = body.reservation
  const checkout = await shopper.post<OrderReply>('/v1/checkout', { reservationId: id })
  expect(checkout.body).toMatchObject({ order: { status: 'CONFIRMED', reservationId: id } })
  // Inventory asks reservation and order for it.
  const books = await admin.get<ConsistencyReply>('/v1/consistency')
  expect(books.body).toMatchObject({ consistent: true, checked: { reservations: '1', orders: '1' } })
  await waitFor(
    async () => (await admin.get<{ records: unknown[] }>(`/v1/audit/records?objectId=${id}`)).body.records.length >= 2,
    {
      what: 'the audit log to have it',
    },
  )
})

test('every service refuses who has no certificate', async () => {
  for (const name of allServiceNames) {
    const client = new Client(system.grpc[name], credentials.createInsecure())
    const none = (): Buffer => Buffer.alloc(0)
    const code = await new Promise((resolve) => {
      const deadline = Date.now() + 10_000
      client.makeUnaryRequest('/grpc.health.v1.Health/Check', none, none, {}, { deadline }, (error) => resolve(error?.code))
    })
    client.close()
    expect([name, code]).toEqual([name, status.UNAVAILABLE])
  }
})

test('renewed certificates are taken up by services that run, and a restart among them goes on', async () => {
  await makeCertificates({ folder, days: 2, hosts: [], clients: [] })
  await waitFor(async () => (await readFile(system.logFile('inventory'), 'utf8')).includes('certificate renewed'), {
    what: 'inventory to take up its certificate',
    timeoutMs: 30_000,
  })
  await system.restart('reservation')
  const shopper = api(system.url, { token: (await registerUser(system.url)).token })
  const { status: made } = await shopper.post('/v1/reservations', { lines: [{ sku: 'LOCK', quantity: 1 }] })
  expect(made).toBe(201)
})
