import { randomUUID } from 'node:crypto'
import { join } from 'node:path'

import {
  type DatabaseName,
  databaseNames,
  freePort,
  noLimits,
  startPostgres,
  System,
  type SystemOptions,
} from '@holdfast/launcher'
import { adminToken, type Api, api, registerUser, type ReservationReply, waitFor } from '@holdfast/testing'

import { startMs } from '../patience'
import type { Facts } from '../facts'
import { Distance } from './delay'

/** There and back, in ms: two halves of a continent, and two continents. */
const roundTrips = [20, 80]
const samples = 12
const patienceMs = 180_000

/** What a reservation and a checkout cost by how far away something is, and so how many round trips they make. */
export async function tryDistance(folder: string, facts: Facts): Promise<void> {
  const server = await startPostgres({ folder: join(folder, 'postgres'), databases: [...databaseNames], temporary: true })
  const databases = await Distance.to(server.port)
  const services = await farServices()
  const all = [databases, ...services.distances]
  try {
    const url = (name: DatabaseName) => server.url(name).replace(`:${server.port}/`, `:${databases.port}/`)
    const databaseUrls = Object.fromEntries(databaseNames.map((name) => [name, url(name)])) as Record<DatabaseName, string>
    const env = { ...noLimits, LOG_LEVEL: 'warn' }
    const system = await System.start({
      dataFolder: join(folder, 'system'),
      readyTimeoutMs: startMs,
      databaseUrls,
      env,
      envFor: services.envFor,
    })
    try {
      const shop = await openShop(system)
      // Compilers, pools and caches take their time.
      await shop()
      const near = await shop()
      facts.note('all in one place', `reserve ${near.reserve.toFixed(0)} ms, check out ${near.checkOut.toFixed(0)} ms`)
      for (const roundTripMs of roundTrips) {
        const far = async (where: string, distances: readonly Distance[]) => {
          for (const distance of all) distance.oneWayMs = distances.includes(distance) ? roundTripMs / 2 : 0
          facts.note(`${where}, ${roundTripMs} ms there and back`, describe(await shop(), near, roundTripMs))
        }
        await far('services far from their gateway', services.distances)
        await far('databases far from their services', [databases])
      }
    } finally {
      await system.stop()
    }
  } finally {
    for (const distance of all) distance.close()
    await server.stop()
  }
}

function describe(far: Took, near: Took, roundTripMs: number): string {
  const told = (name: string, ms: number, before: number) =>
    `${name} ${ms.toFixed(0)} ms (${((ms - before) / roundTripMs).toFixed(1)} round trips)`
  return `${told('reserve', far.reserve, near.reserve)}, ${told('check out', far.checkOut, near.checkOut)}`
}

interface Took {
  /** The quickest of them, in ms: what else goes on only adds. */
  reserve: number
  checkOut: number
}

/** The gateway asks by the long way, the services one another by the short one. */
async function farServices(): Promise<{ distances: Distance[]; envFor: SystemOptions['envFor'] }> {
  const names = ['inventory', 'reservation', 'order', 'audit'] as const
  const ports = new Map<(typeof names)[number], number>()
  for (const name of names) ports.set(name, await freePort())
  const ways = new Map<string, Distance>()
  for (const [name, port] of ports) ways.set(name, await Distance.to(port))
  const addresses = (portOf: (name: (typeof names)[number]) => number) =>
    Object.fromEntries(names.map((name) => [`${name.toUpperCase()}_ADDR`, `127.0.0.1:${portOf(name)}`]))
  const near = addresses((name) => ports.get(name) ?? 0)
  return {
    distances: [...ways.values()],
    envFor: {
      ...Object.fromEntries([...ports].map(([name, port]) => [name, { ...near, GRPC_PORT: String(port) }])),
      gateway: addresses((name) => ways.get(name)?.port ?? 0),
    },
  }
}

/** @returns what one shopper does, one thing after the other, each time that it is asked to */
async function openShop(system: System): Promise<() => Promise<Took>> {
  const admin = api(system.url, { token: await adminToken(system) })
  const sku = `FAR-${randomUUID().slice(0, 8).toUpperCase()}`
  const price = { currency: 'USD', amountMinor: '1000' }
  const make = async () => (await admin.post('/v1/products', { sku, name: sku, price, stock: 1_000 })).status === 201
  await waitFor(make, { what: 'a product', timeoutMs: patienceMs })
  const shopper = api(system.url, { token: (await registerUser(system.url)).token })
  return async () => {
    const reserve: number[] = []
    const checkOut: number[] = []
    for (let index = 0; index < samples; index++) {
      const [id, reserveMs] = await reserveOne(shopper, sku)
      reserve.push(reserveMs)
      const from = performance.now()
      const { status } = await shopper.post('/v1/checkout', { reservationId: id })
      if (status !== 200) throw new Error(`no checkout: ${status}`)
      checkOut.push(performance.now() - from)
    }
    return { reserve: Math.min(...reserve), checkOut: Math.min(...checkOut) }
  }
}

async function reserveOne(shopper: Api, sku: string): Promise<[string, number]> {
  const from = performance.now()
  const { status, body } = await shopper.post<ReservationReply>('/v1/reservations', { lines: [{ sku, quantity: 1 }] })
  if (status !== 201) throw new Error(`no reservation: ${status}`)
  return [body.reservation.id, performance.now() - from]
}
