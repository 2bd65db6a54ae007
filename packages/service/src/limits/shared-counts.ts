/** Counting in Redis, for as long as it answers in time: whoever waits here is somebody's request. */
import { RateLimiterRes } from 'rate-limiter-flexible'

import type { Logger } from '../log'
import { counter, gauge } from '../metrics'
import { createRedisClient, type RedisClient, type RedisClientSettings } from './redis-client'

const up = gauge('rate_limit_redis_up', 'Whether limits are counted in Redis (1) or in this process for want of it (0)')
const fallbacks = counter('rate_limit_fallback_total', 'Requests that were counted in this process because Redis did not answer')

/** Where the requests of keys are counted. */
export interface Counts {
  /** @returns what is left of the limit, or rejects with that when it is used up */
  consume(key: string): Promise<RateLimiterRes>
}

export interface SharedCountsOptions extends RedisClientSettings {
  /** How long one command may take, in ms. */
  timeoutMs: number
  log: Logger
}

/** How often a Redis that is away is looked for, in ms: by itself, no request is its probe. */
const probeMs = 500
/** How long a start waits to count in Redis from its first request on, in ms; without it the start goes on. */
const firstMs = 1_000

class TooLate extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`)
  }
}

/**
 * A connection to Redis that is used while it is well. The first command that fails or is late ends that, and until a PING
 * is answered again everything is counted in the process: a Redis that hangs costs the requests of that moment the
 * time of one command, and all others nothing.
 */
export class SharedCounts {
  private well = false
  private probe: NodeJS.Timeout | undefined

  private constructor(
    readonly client: RedisClient,
    private readonly options: SharedCountsOptions,
  ) {}

  static async connect(options: SharedCountsOptions): Promise<SharedCounts> {
    const client = createRedisClient(options)
    const shared = new SharedCounts(client, options)
    client.on('error', (error: unknown) => shared.failed(error))
    up.set(0)
    const connected = client.connect().then(
      async () => shared.look(),
      (error: unknown) => shared.failed(error),
    )
    shared.probe = setInterval(() => void shared.look(), probeMs)
    await inTime(connected, firstMs).catch(() => undefined)
    if (!shared.well) options.log.warn('Redis does not answer: limits are counted in this process until it does')
    return shared
  }

  /**
   * @param here counts in the process
   * @returns what is left of the limit, or rejects with that when it is used up; never with anything else
   */
  async consume(inRedis: Counts, here: Counts, key: string): Promise<RateLimiterRes> {
    if (this.well) {
      try {
        return await inTime(inRedis.consume(key), this.options.timeoutMs)
      } catch (error) {
        // A limit that is used up is an answer; whatever else comes is not, and must not be taken for a refusal.
        if (error instanceof RateLimiterRes) throw error
        this.failed(error)
      }
    }
    fallbacks.inc()
    return here.consume(key)
  }

  close(): void {
    clearInterval(this.probe)
    this.client.removeAllListeners('error')
    this.client.on('error', () => undefined)
    void this.client.destroy()
    up.remove()
  }

  private async look(): Promise<void> {
    if (this.well || !this.client.isReady) return
    try {
      await inTime(this.client.ping(), this.options.timeoutMs)
    } catch {
      return
    }
    if (this.well) return
    this.well = true
    up.set(1)
    this.options.log.info('limits are counted in Redis')
  }

  private failed(error: unknown): void {
    if (!this.well) return
    this.well = false
    up.set(0)
    this.options.log.warn({ err: error }, 'Redis does not answer: limits are counted in this process until it does')
  }
}

/** @throws TooLate; an answer that comes later is dropped */
async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    // When this process itself was busy for so long, the answer lies in the socket already: it is read before setImmediate.
    const timer = setTimeout(() => setImmediate(() => reject(new TooLate(ms))), ms)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
