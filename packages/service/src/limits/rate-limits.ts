/** How often somebody may ask for something: counts by key, in this process or in Redis for all of them. */
import { z } from 'zod'

import { ConfigError, text, wholeNumberOr } from '../config'
import { HoldfastError } from '../errors'
import type { Logger } from '../log'
import type * as Limits from './create-limit'
import type * as Shared from './shared-counts'

/** A minute begins with the first request of a key, and its next one with the first after that. In seconds. */
export const windowSeconds = 60

/** So many a minute; 0: without a limit. */
export const perMinute = (fallback: number) => wholeNumberOr(fallback, 0, 1_000_000)

/** Where a program listens. */
export interface RedisNode {
  host: string
  port: number
}

/** What every process that limits reads from the environment. */
export const rateLimitShape = {
  /** Requests to reserve, of one user in a minute. */
  RATE_LIMIT_RESERVE_PER_USER: perMinute(10),
  /** Limits are shared by all processes with the same one; unset: each counts by itself. */
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// URL' }).optional(),
  /** `host:port,host:port`: sentinels that know the master of {@link REDIS_URL}, whose host is its name there. */
  REDIS_SENTINELS: text()
    .transform((value) => value.split(',').map((node) => /^(\S+):(\d{1,5})$/.exec(node.trim())))
    .refine((nodes) => nodes.every((node) => node !== null), 'must be host:port, several with commas')
    .transform((nodes) => nodes.map((node): RedisNode => ({ host: node?.[1] ?? '', port: Number(node?.[2]) })))
    .optional(),
  /** Of the sentinels themselves. */
  REDIS_SENTINEL_PASSWORD: text().optional(),
  /** How long a command to Redis may take before it is done without, in ms. */
  REDIS_TIMEOUT_MS: wholeNumberOr(200, 1, 10_000),
}

/** What became of one request under one limit. */
export interface Taken {
  allowed: boolean
  /** Requests that are left of the minute. */
  remaining: number
  /** When the minute ends, in ms from now. */
  resetMs: number
}

export interface RateLimit {
  readonly name: string
  /** Requests of one key. */
  readonly perMinute: number
  /** Counts one request. Never rejects, and never waits for a Redis that does not answer. */
  take(key: string): Promise<Taken>
}

export interface RateLimits {
  /** @returns undefined for a limit that is off: then nothing is counted */
  limit(name: string, perMinute: number): RateLimit | undefined
  close(): void
}

export interface RateLimitsConfig {
  REDIS_URL?: string
  REDIS_SENTINELS?: RedisNode[]
  REDIS_SENTINEL_PASSWORD?: string
  REDIS_TIMEOUT_MS: number
}

/**
 * @param config of {@link rateLimitShape}
 * @throws ConfigError when values do not go together
 */
export async function openRateLimits(config: RateLimitsConfig, log: Logger): Promise<RateLimits> {
  const shared = await connect(config, log)
  // Loaded by those who count, and not by every service.
  const { createLimit } = require('./create-limit') as typeof Limits
  return {
    limit: (name, perMinute) => (perMinute === 0 ? undefined : createLimit(name, perMinute, shared)),
    close: () => shared?.close(),
  }
}

/** Most processes have no Redis, and its client takes 20 MB of memory: it is loaded where there is one. */
async function connect(config: RateLimitsConfig, log: Logger): Promise<Shared.SharedCounts | undefined> {
  const { REDIS_URL: url, REDIS_SENTINELS: sentinels, REDIS_SENTINEL_PASSWORD: sentinelPassword } = config
  if (url === undefined) {
    if (sentinels === undefined) return undefined
    throw new ConfigError('REDIS_URL: is needed with REDIS_SENTINELS; its host is the name of the master')
  }
  const { SharedCounts } = require('./shared-counts') as typeof Shared
  return SharedCounts.connect({ url, sentinels, sentinelPassword, timeoutMs: config.REDIS_TIMEOUT_MS, log })
}

/** @throws RATE_LIMITED with the time after which to try again; @param what as `requests to reserve of one user` */
export function checkTaken({ allowed, resetMs }: Taken, { perMinute }: RateLimit, what: string): void {
  if (allowed) return
  throw new HoldfastError('RATE_LIMITED', `At most ${perMinute} ${what} are taken in a minute`, { retryAfterMs: resetMs })
}
