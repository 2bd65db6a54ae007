import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import {
  type Credentials,
  type Databases,
  embeddedPostgres,
  forEachService,
  freePort,
  loadCredentials,
  loadKeys,
  noLimits,
  serviceEnvironments,
  serviceMain,
  ServiceProcess,
  workspaceRoot,
} from '@holdfast/launcher'
import { waitFor } from '@holdfast/testing'

import { type Links, openLinks } from './links'
import { forEachReplica, type ReplicaName, replicaNames, type Service, serviceOf } from './replica'
import { mountSmallDisk, type SmallDisk } from './small-disk'

export interface ClusterOptions {
  /** Everything that it keeps. */
  folder: string
  /** Whether the database's disk can be full. */
  smallDisk: boolean
  /** Over the usual environment of each service. */
  env: Record<string, string>
  /** Told what the supervisor of the processes does. */
  say: (line: string) => void
}

/** Two processes of each service, started again when they end, with a PostgreSQL of their own; all connections go over links. */
export class Cluster {
  private constructor(
    readonly folder: string,
    readonly credentials: Credentials,
    readonly databases: Databases,
    readonly links: Links,
    /** Undefined where it can't be had, or is not wanted. */
    readonly disk: SmallDisk | undefined,
    private readonly processes: Record<ReplicaName, ServiceProcess>,
  ) {}

  static async start(options: ClusterOptions): Promise<Cluster> {
    const { folder, say } = options
    await mkdir(join(folder, 'clocks'), { recursive: true })
    const [credentials, keys] = await Promise.all([loadCredentials(folder, {}), loadKeys(join(folder, 'keys'))])
    const disk = options.smallDisk ? await mountSmallDisk(join(folder, 'postgres')) : undefined
    const databases = await embeddedPostgres({ folder: join(folder, 'postgres'), onEvent: say })
    const postgres = Number(new URL(databases.url('events')).port)
    const grpc = await forEachReplica(async () => freePort())
    const http: [number, number] = [await freePort(), await freePort()]
    const links = await openLinks({ grpc, http, postgres })
    const environments = serviceEnvironments({
      inherited: process.env,
      host: '127.0.0.1',
      port: http[0],
      url: links.anyGateway,
      grpcPorts: forEachService(() => 0),
      otherPorts: forEachService(() => []),
      databaseUrl: (name) => databases.url(name),
      keys,
      admin: credentials.admin,
      notifications: false,
      extra: { ...noLimits, ...options.env },
      extraFor: {},
    })
    const processes = await forEachReplica(async (replica) => {
      const service = serviceOf(replica)
      const over = (name: 'DATABASE_URL' | 'EVENTS_DATABASE_URL') =>
        throughLink(environments[service][name] ?? '', links.toPostgres[replica].port)
      return new ServiceProcess({
        name: replica,
        main: serviceMain(service),
        logFile: join(folder, 'logs', `${replica}.log`),
        pidFile: join(folder, 'run', `${replica}.pid`),
        env: {
          ...environments[service],
          DATABASE_URL: over('DATABASE_URL'),
          EVENTS_DATABASE_URL: over('EVENTS_DATABASE_URL'),
          INVENTORY_ADDR: links.addressOf(replica, 'inventory'),
          RESERVATION_ADDR: links.addressOf(replica, 'reservation'),
          ORDER_ADDR: links.addressOf(replica, 'order'),
          AUDIT_ADDR: links.addressOf(replica, 'audit'),
          GATEWAY_ADDR: links.addressOf(replica, 'gateway'),
          GRPC_PORT: String(grpc[replica]),
          ...(service === 'gateway' && { HOLDFAST_PORT: String(replica === 'gateway-1' ? http[0] : http[1]) }),
          NODE_OPTIONS: `--require=${JSON.stringify(join(workspaceRoot(), 'packages/survival/dist/src/cluster/clock-hook.js'))}`,
          HOLDFAST_TEST_CLOCK: clockFile(folder, replica),
        },
        restartCrashed: true,
        onEvent: say,
      })
    })
    const cluster = new Cluster(folder, credentials, databases, links, disk, processes)
    try {
      await Promise.all(Object.values(processes).map(async (one) => one.start()))
      await cluster.waitUntilReady()
      return cluster
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  /** Past every link. */
  databaseUrl(name: Service | 'events'): string {
    return this.databases.url(name)
  }

  async kill(replica: ReplicaName): Promise<void> {
    await this.processes[replica].kill('SIGKILL')
  }

  /** It keeps its connections and does nothing; an end by `kill` is an end. */
  async pause(replica: ReplicaName): Promise<void> {
    await this.processes[replica].kill('SIGSTOP')
  }

  async resume(replica: ReplicaName): Promise<void> {
    await this.processes[replica].kill('SIGCONT')
  }

  /** Ends PostgreSQL; it is started again. One that is down already, as for want of space, is not there to be ended. */
  crashDatabase(how: 'immediate' | 'kill'): void {
    try {
      this.databases.crash(how)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }

  /** @param offsetMs of its calendar clock */
  async setClock(replica: ReplicaName, offsetMs: number): Promise<void> {
    await writeFile(clockFile(this.folder, replica), String(offsetMs))
  }

  /** Resolves when both gateways say that all they need is there, and every process answers. */
  async waitUntilReady(timeoutMs = 300_000): Promise<void> {
    for (const url of this.links.gatewayUrls) {
      await waitFor(async () => (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) })).ok, {
        what: `${url}/readyz to be well`,
        timeoutMs,
      })
    }
    await waitFor(() => replicaNames.every((replica) => this.processes[replica].pid !== undefined), {
      what: 'every process to run',
      timeoutMs,
    })
  }

  /** Ends all of it; the folder stays. */
  async stop(): Promise<void> {
    await Promise.all(Object.values(this.processes).map(async (one) => one.stop()))
    this.links.close()
    await this.databases.stop()
    if (this.disk !== undefined) await this.disk.unmount()
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

function throughLink(databaseUrl: string, port: number): string {
  const url = new URL(databaseUrl)
  url.port = String(port)
  return url.href
}

function clockFile(folder: string, replica: ReplicaName): string {
  return join(folder, 'clocks', replica)
}
