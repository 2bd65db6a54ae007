import { randomUUID } from 'node:crypto'
import { join } from 'node:path'

import { type DatabaseName, databaseNames, freePort, noLimits, type ServiceName, startPostgres, System } from '@holdfast/launcher'
import { adminToken, type Api, api, registerUser, type ReservationReply, waitFor } from '@holdfast/testing'

import type { Facts } from '../facts'
import { type Distance, startDistance } from './delay'

/** One way, in ms: two halves of a continent, and two continents. */
const oneWays = [0, 10, 40]
const samples = 15
const patienceMs = 120_000

/** What lies far away from what is before it. */
type Where = 'the services from their gateway' | 'the databases from their services'

/** What a reservation and a checkout cost by how far away something is: so many round trips. */
export async function tryDistance(folder: string, facts: Facts): Promise<void> {
  for (const where of ['the services from their gateway', 'the databases from their services'] as const) {
    let near: Took | undefined
    for (const oneWayMs of oneWays) {
      const took = await measure(join(folder, `${where.split(' ')[1]}-${oneWayMs}`), where, oneWayMs)
      near ??= took
      const told = ([name, ms]: [string, number], before: number) => {
        const trips = oneWayMs === 0 ? '' : `, ${((ms - before) / (2 * oneWayMs)).toFixed(1)} round trips`
        return `${name} ${ms.toFixed(0)} ms${trips}`
      }
      const found = [told(['reserve', took.reserve], near.reserve), told(['check out', took.checkOut], near.checkOut)]
      facts.note(`${where}, ${2 * oneWayMs} ms there and back`, found.join('; '))
    }
  }
}

interface Took {
  /** Medians, in ms. */
  reserve: number
  checkOut: number
}

async function measure(folder: string, where: Where, oneWayMs: number): Promise<Took> {
  const server = await startPostgres({ folder: join(folder, 'postgres'), databases: [...databaseNames], temporary: true })
  const distances: Distance[] = []
  const away = async (port: number): Promise<number> => {
    const distance = await startDistance(port, oneWayMs)
    distances.push(distance)
    return distance.port
  }
  try {
    const databasePort = where === 'the databases from their services' ? await away(server.port) : server.port
    const url = (name: DatabaseName) => server.url(name).replace(`:${server.port}/`, `:${databasePort}/`)
    const databaseUrls = Object.fromEntries(databaseNames.map((name) => [name, url(name)])) as Record<DatabaseName, string>
    const { gateway, ports } = where === 'the services from their gateway' ? await farServices(away) : { gateway: {}, ports: {} }
    const envFor = { ...ports, gateway }
    const system = await System.start({
      dataFolder: join(folder, 'system'),
      databaseUrls,
      env: { ...noLimits, LOG_LEVEL: 'warn' },
      envFor,
    })
    try {
      return await sample(system)
    } finally {
      await system.stop()
    }
  } finally {
    for (const distance of distances) distance.close()
    await server.stop()
  }
}

/** The gateway asks by the long way, the services one another by the short one. */
async function farServices(away: (port: number) => Promise<number>) {
  const names = ['inventory', 'reservation', 'order', 'audit'] as const
  const addresses: Record<string, string> = {}
  const services = new Map<ServiceName, Record<string, string>>()
  const ports = new Map<ServiceName, number>()
  for (const name of names) {
    const port = await freePort()
    ports.set(name, port)
    addresses[`${name.toUpperCase()}_ADDR`] = `127.0.0.1:${await away(port)}`
  }
  const near = Object.fromEntries([...ports].map(([name, port]) => [`${name.toUpperCase()}_ADDR`, `127.0.0.1:${port}`]))
  for (const [name, port] of ports) services.set(name, { ...near, GRPC_PORT: String(port) })
  return { gateway: addresses, ports: Object.fromEntries(services) }
}

async function sample(system: System): Promise<Took> {
  const admin = api(system.url, { token: await adminToken(system) })
  const sku = `FAR-${randomUUID().slice(0, 8).toUpperCase()}`
  const price = { currency: 'USD', amountMinor: '1000' }
  const make = async () => (await admin.post('/v1/products', { sku, name: sku, price, stock: 1_000 })).status === 201
  await waitFor(make, { what: 'a product', timeoutMs: patienceMs })
  const shopper = api(system.url, { token: (await registerUser(system.url)).token })
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
  return { reserve: median(reserve), checkOut: median(checkOut) }
}

async function reserveOne(shopper: Api, sku: string): Promise<[string, number]> {
  const from = performance.now()
  const { status, body } = await shopper.post<ReservationReply>('/v1/reservations', { lines: [{ sku, quantity: 1 }] })
  if (status !== 201) throw new Error(`no reservation: ${status}`)
  return [body.reservation.id, performance.now() - from]
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
