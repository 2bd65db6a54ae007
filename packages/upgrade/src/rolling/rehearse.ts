/** A rolling upgrade under load: the schema first, then every service, one process after the other. */
import { join } from 'node:path'

import {
  allServiceNames,
  databaseNames,
  type DatabaseName,
  noLimits,
  type Replica,
  type ServiceName,
  System,
} from '@holdfast/launcher'
import { createLog, migrate, openDatabase } from '@holdfast/service'
import { type Balancer, openBalancer, rollOut, startSteadyLoad, type SteadyLoad } from '@holdfast/testing'

import { wrongInTheEnd } from './aftermath'

type Programs = (service: ServiceName) => string

export interface Rehearsal {
  /** Of this state of the repository, whose migrations are run. */
  root: string
  dataFolder: string
  /** The earlier program of a service. */
  earlier: Programs
  /** The one that takes its place. */
  later: Programs
  /** Whether earlier processes are started again on the later schema, as after a crash. */
  restarts: boolean
  /** Whether the earlier ones take their places back in the end. */
  back: boolean
  say: (line: string) => void
}

/** A start of twelve processes where others work too, in ms. */
const readyTimeoutMs = 300_000

/** So many calls that failed are enough to know. */
const mostFailures = 20

/** @returns what went wrong, a line each @throws Error where it can't go on */
export async function rehearse({ root, dataFolder, earlier, later, restarts, back, say }: Rehearsal): Promise<string[]> {
  const system = await System.start({
    dataFolder,
    env: noLimits,
    // Longer by far than the balancer needs to hear of it, on a machine that is busy too.
    envFor: { gateway: { STOP_DELAY_MS: '3000' } },
    replicas: 2,
    gateways: 2,
    notifications: true,
    restartCrashed: false,
    readyTimeoutMs,
    mainOf: earlier,
  })
  try {
    const urls = system.replicas('gateway').flatMap(({ url }) => url ?? [])
    const byHand = (await fetch(`${system.url}/readyz/self`)).status === 404
    if (byHand) say('Its gateways do not say that they are leaving: each is taken out of the balancer by hand.')
    const balancer = await openBalancer({ urls, ...(byHand && { path: '/healthz' }) })
    try {
      const load = await startSteadyLoad({ balancer, admin: system.credentials.admin })
      try {
        const upgrade = new Upgrade({ system, balancer, byHand, load, say })
        await upgrade.step('all processes are earlier ones')
        for (const name of databaseNames) await migrateTo(root, system, name)
        await upgrade.step('all databases have the later schema')
        if (restarts) {
          for (const service of allServiceNames) await upgrade.replace(service, earlier, 'started again, on the later schema', 1)
        }
        for (const service of allServiceNames) await upgrade.replace(service, later, 'the later one')
        if (back) {
          for (const service of allServiceNames.toReversed()) await upgrade.replace(service, earlier, 'the earlier one again')
        }
        await load.stop()
        say('The load has stopped; what was told is looked for.')
        return [...upgrade.wrong, ...(await wrongInTheEnd(system, load))]
      } finally {
        await load.stop()
      }
    } finally {
      await balancer.stop()
    }
  } finally {
    await system.stop()
  }
}

/** As the first later process of a service would, beneath the earlier ones. */
async function migrateTo(root: string, system: System, name: DatabaseName): Promise<void> {
  const events = join(root, 'packages', 'events')
  const folders =
    name === 'events'
      ? [join(events, 'log-migrations')]
      : [join(events, 'migrations'), join(root, 'services', name, 'migrations')]
  const database = await openDatabase({ url: system.databaseUrl(name), name: 'rolling', log: createLog('rolling', 'silent') })
  try {
    await migrate(database, folders)
  } finally {
    await database.close()
  }
}

interface UpgradeOptions {
  system: System
  balancer: Balancer
  byHand: boolean
  load: SteadyLoad
  say: (line: string) => void
}

class Upgrade {
  private readonly unclean: string[] = []
  private readonly beganAt = performance.now()

  constructor(private readonly options: UpgradeOptions) {}

  /** Calls that failed, and processes that did not finish what was under way. */
  get wrong(): string[] {
    return [...this.options.load.failures.map(({ kind, at, what }) => `${at} ${kind}: ${what}`), ...this.unclean]
  }

  /** @param most of its processes; both */
  async replace(service: ServiceName, programs: Programs, what: string, most = 2): Promise<void> {
    for (const [index, replica] of this.options.system.replicas(service).slice(0, most).entries()) {
      await this.replaceOne(replica, programs(service))
      await this.step(`${service} ${index + 1}: ${what}`)
    }
  }

  /** When every kind of call was answered once more. */
  async step(what: string): Promise<void> {
    const { load, say } = this.options
    await load.goesOn()
    const calls = Object.values(load.done).reduce((sum, count) => sum + count, 0)
    const seconds = ((performance.now() - this.beganAt) / 1000).toFixed(0)
    say(`${seconds.padStart(4)} s  ${what.padEnd(52)} ${calls} calls answered, ${load.failures.length} failed`)
    if (load.failures.length >= mostFailures) throw new Error(`given up:\n${this.wrong.slice(0, mostFailures).join('\n')}`)
  }

  private async replaceOne(replica: Replica, main: string): Promise<void> {
    const { balancer, byHand } = this.options
    const [exit] = await rollOut({ replicas: [replica], balancer, byHand, main })
    if (exit !== 0) this.unclean.push(`a process of ${replica.service} ended with ${exit ?? 'a signal'}, and not with 0`)
  }
}
