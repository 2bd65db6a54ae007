import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { type Credentials, loadCredentials } from './credentials'
import { type Databases, embeddedPostgres, givenDatabases } from './embedded-postgres'
import { type Keys, loadKeys } from './keys'
import { freePort, isPortFree } from './ports'
import { gatewayUrl, serviceEnvironments } from './service-env'
import { ServiceProcess } from './service-process'
import {
  allServiceNames,
  type DatabaseName,
  demoMain,
  demoName,
  forEachService,
  serviceMain,
  type ServiceName,
  serviceNames,
  usualDemoPort,
  usualGrpcPorts,
} from './services'

export interface SystemOptions {
  /** Keys, credentials, logs, and the embedded PostgreSQL if there is one. */
  dataFolder: string
  /** The gateway's listener; 127.0.0.1. */
  host?: string
  /** The gateway's port; a free one when not given. */
  port?: number
  /** Whether gRPC is on the usual ports where those are free; else any free ones. */
  usualGrpcPorts?: boolean
  /** Databases that are there already; without them a PostgreSQL is started in the data folder. */
  databaseUrls?: Record<DatabaseName, string>
  /** Whether the notification service runs too; no. */
  notifications?: boolean
  /** Whether the flash-sale room runs too; no. */
  demo?: boolean
  /** Environment for all services, over our own. */
  env?: Record<string, string>
  /** Environment for one service, over that. */
  envFor?: Partial<Record<ServiceName, Record<string, string>>>
  /** How long a start may take until the gateway says that all is ready, in ms; 60,000. */
  readyTimeoutMs?: number
  /** Whether a service that crashes is started again; yes. */
  restartCrashed?: boolean
  /** Processes of each service but the gateway, called in turn; 1. `kill`, `restart` and the like are about the first. */
  replicas?: number
  /** Of the gateway, each with an address of its own; 1. */
  gateways?: number
  /** Told what happens, in lines for people. */
  onEvent?: (line: string) => void
  /** Gives the start up; what was started by then is stopped. */
  signal?: AbortSignal
  /** The built main file of a service; for tests of the launcher. */
  mainOf?: (name: ServiceName) => string
}

/** In ms. */
const readyTimeoutMs = 60_000

/** One process of a service. */
export interface Replica {
  service: ServiceName
  process: ServiceProcess
  /** Its gRPC address. */
  grpc: string
  /** Of a gateway. */
  url: string | undefined
}

/** Five services, or six, as processes and the databases under them, on one machine. */
export class System {
  private constructor(
    /** Keys, credentials, logs, and the embedded PostgreSQL if there is one. */
    readonly dataFolder: string,
    readonly url: string,
    /** The gRPC address of each service. */
    readonly grpc: Record<ServiceName, string>,
    readonly credentials: Credentials,
    /** Who has a service's private key can speak as that service. */
    readonly keys: Keys,
    private readonly databases: Databases,
    private readonly services: Record<ServiceName, ServiceProcess>,
    /** Of the same services, beside those. */
    private readonly others: Replica[],
    /** Those that this system has. */
    readonly names: readonly ServiceName[],
    /** The flash-sale room, if there is one. */
    private readonly demo: ServiceProcess | undefined,
    /** Its gRPC address. */
    readonly demoAddress: string | undefined,
  ) {}

  /** Starts everything; resolves when the gateway says that all of it is ready, and leaves nothing behind when it fails. */
  static async start(options: SystemOptions): Promise<System> {
    const { dataFolder, host = '127.0.0.1', onEvent = () => undefined, notifications = false, demo = false } = options
    await mkdir(dataFolder, { recursive: true })
    const [credentials, keys] = await Promise.all([loadCredentials(dataFolder), loadKeys(join(dataFolder, 'keys'), { demo })])
    const port = options.port ?? (await freePort(host))
    const grpcPorts = await chooseGrpcPorts(options.usualGrpcPorts ?? false, onEvent)
    const demoPort = demo ? await chooseDemoPort(options.usualGrpcPorts ?? false, grpcPorts, onEvent) : undefined
    const otherPorts = await choosePortsOfOthers(options, grpcPorts)
    const databases =
      options.databaseUrls === undefined
        ? await embeddedPostgres({ folder: join(dataFolder, 'postgres'), onEvent })
        : givenDatabases(options.databaseUrls)
    const url = gatewayUrl(host, port, { ...process.env, ...options.env, ...options.envFor?.gateway })
    const environments = serviceEnvironments({
      inherited: process.env,
      host,
      port,
      url,
      grpcPorts,
      otherPorts,
      databaseUrl: (name) => databases.url(name),
      keys,
      admin: credentials.admin,
      notifications,
      ...(demoPort !== undefined && { demoPort }),
      extra: options.env ?? {},
      extraFor: options.envFor ?? {},
    })
    const processOf = (name: ServiceName | typeof demoName, file: string, env: Record<string, string>) =>
      new ServiceProcess({
        name,
        main: name === demoName ? demoMain() : (options.mainOf ?? serviceMain)(name),
        logFile: join(dataFolder, 'logs', `${file}.log`),
        pidFile: join(runFolder(dataFolder), `${file}.pid`),
        env,
        restartCrashed: options.restartCrashed ?? true,
        onEvent,
      })
    const services = forEachService((name) => processOf(name, name, environments[name]))
    const names = notifications ? allServiceNames : serviceNames
    const others: Replica[] = []
    for (const name of names) {
      for (const [index, other] of otherPorts[name].entries()) {
        const httpPort = name === 'gateway' ? await freePort(host) : undefined
        // One port for metrics can't be had twice.
        const env: Record<string, string> = { ...environments[name], GRPC_PORT: String(other), METRICS_PORT: '' }
        if (httpPort !== undefined) env['HOLDFAST_PORT'] = String(httpPort)
        others.push({
          service: name,
          process: processOf(name, `${name}-${index + 2}`, env),
          grpc: `127.0.0.1:${other}`,
          url: httpPort === undefined ? undefined : gatewayUrl(host, httpPort, { ...process.env, ...env }),
        })
      }
    }
    const grpc = forEachService((name) => `127.0.0.1:${grpcPorts[name]}`)
    const room = demo ? processOf(demoName, demoName, environments[demoName]) : undefined
    const roomAddress = demoPort === undefined ? undefined : `127.0.0.1:${demoPort}`
    const system = new System(dataFolder, url, grpc, credentials, keys, databases, services, others, names, room, roomAddress)
    try {
      await unlessAborted(options.signal, async () => system.startServices(onEvent, options.readyTimeoutMs))
      return system
    } catch (error) {
      await system.stop()
      throw error
    }
  }

  /** `postgres://...`, with the password in it. */
  databaseUrl(name: DatabaseName): string {
    return this.databases.url(name)
  }

  /** Where a service's log is written. */
  logFile(service: ServiceName): string {
    return this.services[service].logFile
  }

  pid(service: ServiceName): number | undefined {
    return this.services[service].pid
  }

  /** Every process of a service. */
  replicas(service: ServiceName): Replica[] {
    const first = { service, process: this.services[service], grpc: this.grpc[service] }
    const url = service === 'gateway' ? this.url : undefined
    return [{ ...first, url }, ...this.others.filter((other) => other.service === service)]
  }

  /** Resolves when the process has ended, or at once for a signal that ends none. */
  async kill(service: ServiceName, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.services[service].kill(signal)
  }

  /** Ends the embedded PostgreSQL as a crash would; it comes back by itself. */
  crashDatabase(how: 'immediate' | 'kill' = 'kill'): void {
    this.databases.crash(how)
  }

  /** Stops a service if it runs, starts it, and waits until the whole system is ready. */
  async restart(service: ServiceName, env: Record<string, string> = {}): Promise<void> {
    await this.services[service].stop()
    await this.services[service].start(env)
    await this.waitUntilReady()
  }

  /** Resolves when the gateway and all it asks are ready. */
  async waitUntilReady(timeoutMs = readyTimeoutMs): Promise<void> {
    const giveUpAt = Date.now() + timeoutMs
    let answer = ''
    while (Date.now() < giveUpAt) {
      try {
        const response = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(5_000) })
        answer = `${response.status} ${await response.text()}`
        if (response.ok) return
      } catch (error) {
        const { message, cause } = error instanceof Error ? error : new Error(String(error))
        // "fetch failed" alone helps nobody: a certificate that this process does not trust stands behind it.
        answer = cause instanceof Error ? `${message}: ${cause.message}` : message
      }
      await sleep(50)
    }
    throw new Error(`the system was not ready within ${timeoutMs / 1000} s; ${this.url}/readyz: ${answer}`)
  }

  /** Stops every service, each before those that it needs, then the embedded PostgreSQL. */
  async stop(): Promise<void> {
    await this.demo?.stop()
    await Promise.all(this.others.map(async ({ process }) => process.stop()))
    for (const name of this.names.toReversed()) await this.services[name].stop()
    await this.databases.stop()
  }

  /** At once: each waits for the others by itself where it needs them. */
  private async startServices(onEvent: (line: string) => void, timeoutMs?: number): Promise<void> {
    await Promise.all([
      ...this.names.map(async (name) => {
        await this.services[name].start()
        onEvent(`${name} serves on ${this.grpc[name]}`)
      }),
      ...this.others.map(async ({ process }) => process.start()),
      this.demo?.start(),
    ])
    await this.waitUntilReady(timeoutMs)
  }
}

/** Where the pid files of a system's services are. */
export function runFolder(dataFolder: string): string {
  return join(dataFolder, 'run')
}

/** What `work` answers, or the signal's reason as soon as it says stop. */
export async function unlessAborted<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (signal === undefined) return work()
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    work().then(resolve, reject)
  })
}

async function chooseGrpcPorts(usual: boolean, onEvent: (line: string) => void): Promise<Record<ServiceName, number>> {
  const ports = { ...usualGrpcPorts }
  const taken = new Set<number>()
  for (const name of allServiceNames) {
    const wanted = ports[name]
    if (!usual || !(await isPortFree(wanted))) ports[name] = await anotherPort(taken)
    if (usual && ports[name] !== wanted) onEvent(`port ${wanted} is in use: ${name} takes ${ports[name]} for gRPC`)
    taken.add(ports[name])
  }
  return ports
}

async function chooseDemoPort(
  usual: boolean,
  grpcPorts: Record<ServiceName, number>,
  onEvent: (line: string) => void,
): Promise<number> {
  if (usual && (await isPortFree(usualDemoPort))) return usualDemoPort
  const port = await anotherPort(new Set(Object.values(grpcPorts)))
  if (usual) onEvent(`port ${usualDemoPort} is in use: ${demoName} takes ${port} for gRPC`)
  return port
}

async function choosePortsOfOthers(
  { replicas = 1, gateways = 1 }: SystemOptions,
  grpcPorts: Record<ServiceName, number>,
): Promise<Record<ServiceName, number[]>> {
  const taken = new Set(Object.values(grpcPorts))
  const ports = forEachService((): number[] => [])
  for (const name of allServiceNames) {
    for (let other = 1; other < (name === 'gateway' ? gateways : replicas); other++) {
      const port = await anotherPort(taken)
      taken.add(port)
      ports[name].push(port)
    }
  }
  return ports
}

async function anotherPort(taken: Set<number>): Promise<number> {
  for (;;) {
    const port = await freePort()
    if (!taken.has(port)) return port
  }
}
