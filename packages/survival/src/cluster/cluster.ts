import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import {
  type Credentials,
  type Databases,
  embeddedPostgres,
  freePort,
  loadCredentials,
  loadKeys,
  serviceMain,
  ServiceProcess,
} from '@holdfast/launcher'
import { waitFor } from '@holdfast/testing'

import { replicaEnvironments } from './environments'
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

  /** Starts everything, and leaves nothing running when that fails. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const { folder, say } = options
    await mkdir(join(folder, 'clocks'), { recursive: true })
    const [credentials, keys] = await Promise.all([loadCredentials(folder, {}), loadKeys(join(folder, 'keys'))])
    const disk = options.smallDisk ? await mountSmallDisk(join(folder, 'postgres')) : undefined
    const databases = await embeddedPostgres({ folder: join(folder, 'postgres'), onEvent: say }).catch(async (error: unknown) => {
      await disk?.unmount()
      throw error
    })
    const ports = {
      grpc: await forEachReplica(async () => freePort()),
      http: [await freePort(), await freePort()] as [number, number],
      postgres: Number(new URL(databases.url('events')).port),
    }
    const links = await openLinks(ports)
    const environmentOf = replicaEnvironments({ ports, links, databases, keys, credentials, env: options.env })
    const processes = await forEachReplica(async (replica) =>
      Promise.resolve(
        new ServiceProcess({
          name: replica,
          main: serviceMain(serviceOf(replica)),
          logFile: join(folder, 'logs', `${replica}.log`),
          pidFile: join(folder, 'run', `${replica}.pid`),
          env: { ...environmentOf(replica), HOLDFAST_TEST_CLOCK: clockFile(folder, replica) },
          restartCrashed: true,
          onEvent: say,
        }),
      ),
    )
    const cluster = new Cluster(folder, credentials, databases, links, disk, processes)
    try {
      // One of each after the other: ten processes that start at once are in one another's way.
      for (const second of [false, true]) {
        const wave = replicaNames.filter((replica) => replica.endsWith('-2') === second)
        await Promise.all(wave.map(async (replica) => processes[replica].start()))
      }
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

  /** @returns whether it ran */
  async kill(replica: ReplicaName): Promise<boolean> {
    return this.signal(replica, 'SIGKILL')
  }

  /** It keeps its connections and does nothing; an end by `kill` is an end. @returns whether it ran */
  async pause(replica: ReplicaName): Promise<boolean> {
    return this.signal(replica, 'SIGSTOP')
  }

  async resume(replica: ReplicaName): Promise<void> {
    await this.signal(replica, 'SIGCONT')
  }

  /** Ends PostgreSQL; it is started again. @returns whether it ran: one that is down for want of space is not there to be ended */
  crashDatabase(how: 'immediate' | 'kill'): boolean {
    try {
      this.databases.crash(how)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      return false
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

  private async signal(replica: ReplicaName, signal: NodeJS.Signals): Promise<boolean> {
    const ran = this.processes[replica].pid !== undefined
    await this.processes[replica].kill(signal)
    return ran
  }
}

function clockFile(folder: string, replica: ReplicaName): string {
  return join(folder, 'clocks', replica)
}
