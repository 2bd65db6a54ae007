import { setTimeout as sleep } from 'node:timers/promises'

import type { RedisServer } from '@holdfast/testing'
import type { KafkaBroker } from '@holdfast/testing/kafka'

import type { Cluster } from '../cluster/cluster'
import type { Random } from '../random'
import type { Fault, FaultKind, Scheduled } from './fault'

/** What faults are done to. */
export interface Victims {
  cluster: Cluster
  redis?: RedisServer
  broker?: KafkaBroker
}

/**
 * Lets it all happen at its time. Resolves when the last fault has ended, and everything is as it should be.
 * @throws Error when a fault could not be made, after the others
 */
export async function runSchedule(
  victims: Victims,
  schedule: readonly Scheduled[],
  random: Random,
  begun: (scheduled: Scheduled) => void,
): Promise<void> {
  const start = performance.now()
  /** A broker that is slow to come back is not killed while it starts: the last of each kind. */
  const lastOf = new Map<FaultKind, Promise<void>>()
  const underWay = schedule.map(async (scheduled, index) => {
    const { kind } = scheduled.fault
    const before = lastOf.get(kind)
    const whole = (async () => {
      await sleep(Math.max(0, start + scheduled.atMs - performance.now()))
      await before?.catch(() => undefined)
      begun(scheduled)
      const end = await inject(victims, scheduled.fault, random.of(index))
      await sleep(scheduled.forMs)
      await end()
    })()
    lastOf.set(kind, whole)
    return whole
  })
  const ended = await Promise.allSettled(underWay)
  const failed = ended.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** Begins a fault; what it answers ends it. */
async function inject(victims: Victims, fault: Fault, random: Random): Promise<() => Promise<void>> {
  const { cluster, redis, broker } = victims
  switch (fault.kind) {
    case 'kill':
      await Promise.all(fault.replicas.map(async (replica) => cluster.kill(replica)))
      return nothing
    case 'pause':
      await cluster.pause(fault.replica)
      return async () => cluster.resume(fault.replica)
    case 'network': {
      const links = cluster.links.all.filter(({ name }) => fault.links.includes(name))
      const { weather } = fault
      for (const link of links) link.set(weather.is === 'lossy' ? { ...weather, random: random.of(link.name) } : weather)
      return async () => {
        for (const link of links) link.set({ is: 'fair' })
        return Promise.resolve()
      }
    }
    case 'clock':
      await cluster.setClock(fault.replica, fault.offsetMs)
      return async () => cluster.setClock(fault.replica, 0)
    case 'database':
      cluster.crashDatabase(fault.how)
      return nothing
    case 'disk':
      await cluster.disk?.fill()
      return async () => cluster.disk?.empty()
    case 'broker':
      await broker?.kill()
      return async () => broker?.start()
    case 'redis':
      if (fault.how === 'kill') {
        await redis?.kill()
        return async () => redis?.start()
      }
      redis?.pause()
      return async () => Promise.resolve(redis?.resume())
  }
}

const nothing = async (): Promise<void> => Promise.resolve()
