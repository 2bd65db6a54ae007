import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import {
  allServiceNames,
  databaseNames,
  noLimits,
  type ServiceName,
  System,
  type SystemOptions,
  workspaceRoot,
} from '@holdfast/launcher'

import { createTestDatabase, type TestDatabase } from './database'
import { createFaults, faultEnvironment, type Faults } from './faults'

export interface TestSystemOptions {
  /** Environment for all services. */
  env?: Record<string, string>
  /** Environment for one service, over that. */
  envFor?: SystemOptions['envFor']
  /** One that is there already, and stays: with its own PostgreSQL, keys and credentials. */
  dataFolder?: string
  /** A PostgreSQL of its own, for tests that crash it; else databases on the server of this run. */
  ownPostgres?: boolean
  /** Whether a service that was killed comes back by itself; no: tests say when. */
  restartCrashed?: boolean
  /** Processes of each service but the gateway; 1. */
  replicas?: number
  /** Processes of the gateway, each with an address of its own; 1. */
  gateways?: number
  /** Whether the notification service runs too; no. */
  notifications?: boolean
  /** Whether the flash-sale room runs too; no. */
  demo?: boolean
  /** Whether the services' fault points can be armed. */
  faults?: boolean
}

/** A whole running system, and its address, credentials, and handles. */
export interface TestSystem extends Pick<
  System,
  | 'url'
  | 'grpc'
  | 'credentials'
  | 'keys'
  | 'demoAddress'
  | 'databaseUrl'
  | 'pid'
  | 'logFile'
  | 'kill'
  | 'crashDatabase'
  | 'dataFolder'
  | 'replicas'
  | 'restart'
  | 'waitUntilReady'
  | 'stop'
> {
  /** Of no effect without the option `faults`. */
  faults: Faults
}

/**
 * Starts the services as processes, as `npm start` does, on free ports and with data of their own. Without the sample
 * catalogue; an admin is there. Logs of a system that did not start are told, those of one that did are gone with it.
 */
export async function startTestSystem(options: TestSystemOptions = {}): Promise<TestSystem> {
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), 'holdfast-system-')))
  const hasOwnPostgres = options.ownPostgres === true || options.dataFolder !== undefined
  const databases = hasOwnPostgres ? undefined : await makeDatabases()
  const cleanUp = async (): Promise<void> => {
    await Promise.all(Object.values(databases ?? {}).map(async (database) => database.drop()))
    if (options.dataFolder === undefined) await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 })
  }
  const faultFolder = join(dataFolder, 'faults')
  try {
    const system = await System.start({
      dataFolder,
      databaseUrls: databases && urlsOf(databases),
      env: { ...noLimits, ...options.env },
      envFor: options.faults === true ? withFaults(options.envFor, faultFolder) : options.envFor,
      restartCrashed: options.restartCrashed ?? false,
      replicas: options.replicas ?? 1,
      gateways: options.gateways ?? 1,
      notifications: options.notifications,
      demo: options.demo,
    })
    return {
      dataFolder: system.dataFolder,
      url: system.url,
      grpc: system.grpc,
      credentials: system.credentials,
      keys: system.keys,
      demoAddress: system.demoAddress,
      faults: createFaults(faultFolder),
      databaseUrl: (name) => system.databaseUrl(name),
      pid: (service) => system.pid(service),
      logFile: (service) => system.logFile(service),
      kill: async (service, signal) => system.kill(service, signal),
      crashDatabase: (how) => system.crashDatabase(how),
      replicas: (service) => system.replicas(service),
      restart: async (service, env) => system.restart(service, env),
      waitUntilReady: async (timeoutMs) => system.waitUntilReady(timeoutMs),
      stop: async () => {
        await system.stop()
        await cleanUp()
      },
    }
  } catch (error) {
    await cleanUp()
    throw error
  }
}

/** Prepares every service's process, over what the test wants in its environment. */
function withFaults(envFor: SystemOptions['envFor'], folder: string): SystemOptions['envFor'] {
  const entries = allServiceNames.map((name) => [name, { ...envFor?.[name], ...faultEnvironment(folder, name) }] as const)
  return Object.fromEntries(entries) as Record<ServiceName, Record<string, string>>
}

type TestDatabases = Record<(typeof databaseNames)[number], TestDatabase>

/** Migrated already, which spares each of many systems the same second; that services migrate by themselves other tests see. */
async function makeDatabases(): Promise<TestDatabases> {
  const entries = await Promise.all(
    databaseNames.map(async (name) => [name, await createTestDatabase({ migrations: migrationsOf(name) })] as const),
  )
  return Object.fromEntries(entries) as TestDatabases
}

function migrationsOf(name: (typeof databaseNames)[number]): string[] {
  const folders =
    name === 'events' ? ['packages/events/log-migrations'] : ['packages/events/migrations', `services/${name}/migrations`]
  return folders.map((folder) => join(workspaceRoot(), folder))
}

function urlsOf(databases: TestDatabases): SystemOptions['databaseUrls'] {
  const entries = databaseNames.map((name) => [name, databases[name].url] as const)
  return Object.fromEntries(entries) as SystemOptions['databaseUrls']
}
