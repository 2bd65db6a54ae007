/** A connection to the Redis that counts: one that is named, or the one that sentinels say is the master. */
import { createClient, createSentinel, type RedisClientOptions } from 'redis'

import type { RedisNode } from './rate-limits'

export interface RedisClientSettings {
  /** `redis://` or `rediss://`; with sentinels its host is the name under which they know the master. */
  url: string
  /** Where sentinels are. */
  sentinels?: readonly RedisNode[]
  /** What sentinels themselves ask for. */
  sentinelPassword?: string
}

/** What counting needs of either. */
export interface RedisClient {
  readonly isReady: boolean
  /** Goes on trying until it is connected or destroyed. */
  connect(): Promise<unknown>
  ping(): Promise<unknown>
  destroy(): unknown
  on(event: 'error', listener: (error: unknown) => void): unknown
  removeAllListeners(event: 'error'): unknown
}

/** More than these wait for an answer only when Redis hangs. */
const mostCommands = 5_000
const longestReconnectMs = 1_000
/** Sentinels tell of a new master; one whose word was lost is asked after this, in ms. */
const lookMs = 2_000

const common = {
  // What can't be sent now is counted in the process now; sent later it would be an answer to nobody.
  disableOfflineQueue: true,
  commandsQueueMaxLength: mostCommands,
  pingInterval: 1_000,
} satisfies RedisClientOptions

const socket = {
  connectTimeout: 2_000,
  // A server that hangs keeps its connections open: silence ends them, and PINGs keep a quiet one from looking dead.
  socketTimeout: 5_000,
  reconnectStrategy: (tries: number) => Math.min(50 * 2 ** tries, longestReconnectMs) * (0.75 + Math.random() / 2),
}

export function createRedisClient({ url, sentinels, sentinelPassword }: RedisClientSettings): RedisClient {
  if (sentinels === undefined) return createClient({ url, ...common, socket })
  const { hostname: name, username, password, protocol, pathname } = new URL(url)
  const encrypted = protocol === 'rediss:' ? { tls: true as const } : {}
  return createSentinel({
    name,
    sentinelRootNodes: [...sentinels],
    scanInterval: lookMs,
    // A start without sentinels is one that finds them later.
    maxCommandRediscovers: Number.MAX_SAFE_INTEGER,
    passthroughClientErrorEvents: true,
    nodeClientOptions: {
      ...common,
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
      database: Number(pathname.slice(1)),
      socket: { ...socket, ...encrypted },
    },
    sentinelClientOptions: {
      ...(sentinelPassword !== undefined && { password: sentinelPassword }),
      socket: { ...socket, ...encrypted },
    },
  })
}
