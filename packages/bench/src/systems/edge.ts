/** The gateway by itself, and the same written by hand: services that answer at once are behind both. */
import { createPrivateKey, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { makePrivateKey, noLimits, publicKeyOf, startPostgres, workspaceRoot } from '@holdfast/launcher'
import { signUserToken } from '@holdfast/service'

import { type Child, startChild, startProcess } from './child'
import { timesOf } from './processor-time'
import type { BenchSystem, RunningSystem } from './system'

const userCount = 8
/** The one process that is measured. */
export const frontName = 'front'

export const gatewayAlone: BenchSystem = {
  name: 'gateway',
  title: "Holdfast's gateway alone",
  start: async () => {
    const server = await startPostgres({
      folder: await mkdtemp(join(tmpdir(), 'holdfast-bench-')),
      temporary: true,
      databases: ['gateway', 'events'],
    })
    return startEdge(
      async (key, services) => {
        const serviceKey = makePrivateKey()
        const main = join(workspaceRoot(), 'services', 'gateway', 'dist', 'src', 'main.js')
        const addresses = ['INVENTORY_ADDR', 'RESERVATION_ADDR', 'ORDER_ADDR', 'AUDIT_ADDR'].map((name) => [name, services])
        return startProcess(main, 'httpPort', {
          ...noLimits,
          LOG_LEVEL: 'warn',
          HOLDFAST_HOST: '127.0.0.1',
          HOLDFAST_PORT: '0',
          GRPC_PORT: '0',
          DATABASE_URL: server.url('gateway'),
          EVENTS_DATABASE_URL: server.url('events'),
          KAFKA_BROKERS: '',
          JWT_PRIVATE_KEY: key,
          SERVICE_PRIVATE_KEY: serviceKey,
          SERVICE_PUBLIC_KEYS: JSON.stringify({ gateway: publicKeyOf(serviceKey) }),
          ...(Object.fromEntries(addresses) as Record<string, string>),
        })
      },
      async () => server.stop(),
    )
  },
}

export const byHand: BenchSystem = {
  name: 'by-hand',
  title: 'a handler by hand',
  start: async () =>
    startEdge(async (key, services) => startChild('by-hand', { SERVICES_ADDR: services, JWT_PUBLIC_KEY: publicKeyOf(key) })),
}

/** @param startFront with the key that signs users' tokens (PEM), and where the services are */
async function startEdge(
  startFront: (key: string, services: string) => Promise<Child>,
  last?: () => Promise<void>,
): Promise<RunningSystem> {
  const children: Child[] = []
  const stop = async (): Promise<void> => {
    for (const child of children.toReversed()) await child.kill()
    await last?.()
  }
  try {
    const services = await startChild('echo-services')
    children.push(services)
    const key = makePrivateKey()
    const front = await startFront(key, `127.0.0.1:${services.port}`)
    children.push(front)
    const signing = createPrivateKey(key)
    const users = Array.from({ length: userCount }, () => signUserToken({ id: randomUUID(), role: 'USER' }, signing))
    return {
      targets: { http: { kind: 'http', url: `http://127.0.0.1:${front.port}` } },
      prepare: async () => Promise.resolve({ users }),
      memory: () => residentBytes(front.pid),
      processorTimes: async () => Promise.resolve(timesOf(new Map([[front.pid, frontName]]))),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Nothing where there is no /proc. */
function residentBytes(pid: number): Record<string, number> {
  try {
    const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? {} : { [frontName]: Number(kilobytes) * 1024 }
  } catch {
    return {}
  }
}
