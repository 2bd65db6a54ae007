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
 * @returns those that struck, in the order in which they did: what was down already could not be broken
 * @throws Error when a fault could not be made, after the others
 */
export async function runSchedule(
  victims: Victims,
  schedule: readonly Scheduled[],
  random: Random,
  begun: (scheduled: Scheduled) => void,
): Promise<Scheduled[]> {
  const start = performance.now()
  /** A broker that is slow to come back is not killed while it starts: the last of each kind. */
  const lastOf = new Map<FaultKind, Promise<void>>()
  const struck: Scheduled[] = []
  const underWay = schedule.map(async (scheduled, index) => {
    const { kind } = scheduled.fault
    const before = lastOf.get(kind)
    const whole = (async () => {
      await sleep(Math.max(0, start + scheduled.atMs - performance.now()))
      await before?.catch(() => undefined)
      begun(scheduled)
      const end = await inject(victims, scheduled.fault, random.of(index))
      if (end === undefined) return
      struck.push(scheduled)
      await sleep(scheduled.forMs)
      await end()
    })()
    lastOf.set(kind, whole)
    return whole
  })
  const ended = await Promise.allSettled(underWay)
  const failed = ended.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return struck
}

/** Begins a fault; what it answers ends it. @returns undefined when nothing was there to be broken */
async function inject(victims: Victims, fault: Fault, random: Random): Promise<(() => Promise<void>) | undefined> {
  const { cluster, redis, broker } = victims
  switch (fault.kind) {
    case 'kill': {
      const killed = await Promise.all(fault.replicas.map(async (replica) => cluster.kill(replica)))
      return killed.includes(true) ? nothing : undefined
    }
    case 'pause':
      return (await cluster.pause(fault.replica)) ? async () => cluster.resume(fault.replica) : undefined
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
      return cluster.crashDatabase(fault.how) ? nothing : undefined
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
