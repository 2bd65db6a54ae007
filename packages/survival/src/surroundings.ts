import { spawnSync } from 'node:child_process'

import { type RedisServer, startRedis } from '@holdfast/testing'
import { type KafkaBroker, startKafkaBroker } from '@holdfast/testing/kafka'

import type { FaultKind } from './faults/fault'

/** What the services use beside PostgreSQL. */
export interface Surroundings {
  redis?: RedisServer
  broker?: KafkaBroker
  /** What tells the services of them. */
  env: Record<string, string>
  stop(): Promise<void>
}

/** Starts what the faults want to take away, and no more. @throws Error where a broker is wanted and can't be had */
export async function openSurroundings(kinds: readonly FaultKind[]): Promise<Surroundings> {
  const redis = kinds.includes('redis') ? await startRedis() : undefined
  const broker = kinds.includes('broker') ? await startKafkaBroker() : undefined
  return {
    redis,
    broker,
    env: {
      // A limit that nobody reaches: it is counted all the same.
      ...(redis && { REDIS_URL: redis.url, RATE_LIMIT_RESERVE_PER_USER: '100000' }),
      ...(broker && { KAFKA_BROKERS: broker.brokers }),
    },
    stop: async () => {
      await redis?.stop()
      await broker?.stop()
    },
  }
}

/** Kinds that this machine can't have, and why. */
export function missing(kinds: readonly FaultKind[]): Map<FaultKind, string> {
  const reasons = new Map<FaultKind, string>()
  if (kinds.includes('disk') && !canMount()) reasons.set('disk', 'nothing may be mounted here, which takes Linux and root')
  if (kinds.includes('redis') && !runs('redis-server', '--version')) reasons.set('redis', 'there is no redis-server on the PATH')
  if (kinds.includes('broker') && !runs('docker', 'info') && !(runs('java', '-version') && runs('mvn', '--version'))) {
    reasons.set('broker', 'there is neither Docker nor Java with Maven')
  }
  return reasons
}

function canMount(): boolean {
  return (
    process.platform === 'linux' &&
    process.getuid?.() === 0 &&
    runs('unshare', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt')
  )
}

function runs(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0
}
