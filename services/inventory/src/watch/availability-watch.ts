/**
 * Availability for those who watch it. However many they are, one query a quarter of a second reads what all of them watch:
 * that sees what any replica has committed and each hold that has fallen due (truth 11), and costs the hot path nothing.
 */
import type { Availability } from '@holdfast/contracts/inventory'
import { databaseError, HoldfastError, type Logger } from '@holdfast/service'

import { watchMetrics } from './metrics'
import { WatchedSku } from './watched-sku'
import { Watcher } from './watcher'

export interface AvailabilityWatchOptions {
  /** What there is of each SKU now; one that there is not is missing. */
  read: (skus: string[]) => Promise<Map<string, Availability>>
  log: Logger
  /** Most watchers at once, and most SKUs of all of them together. */
  maxWatchers: number
  maxSkus: number
}

/** From one look to the next, in ms; */
const pollMs = 250
/** for long queries it is so many times as long as they take: of one core of the database they get a fifth. */
const pace = 4
/** A state that could not be read anew for so long, in ms, is nobody's to rely on. */
const blindMs = 5_000

interface Joining {
  skus: string[]
  resumeToken: string
  resolve: (watcher: Watcher) => void
  reject: (error: unknown) => void
}

export class AvailabilityWatch {
  private readonly watched = new Map<string, WatchedSku>()
  private readonly watchers = new Set<Watcher>()
  private joining: Joining[] = []
  /** Who watches, who waits for a look and who is in the one under way; */
  private seats = 0
  /** and by how many of them each SKU is wanted. */
  private readonly wanted = new Map<string, number>()
  private running = false
  private wake: (() => void) | undefined
  private nextLookAt = 0
  private sawAt = 0
  /** The last look failed: one line in the log tells of it. */
  private blind = false

  constructor(private readonly options: AvailabilityWatchOptions) {}

  /**
   * @param skus each once
   * @returns its first message says what is now: read after the call, never older than what another watcher here was sent
   * @throws NOT_FOUND that names a SKU, OVERLOADED
   */
  async join(skus: string[], resumeToken: string): Promise<Watcher> {
    const { maxWatchers, maxSkus } = this.options
    const fresh = skus.filter((sku) => !this.wanted.has(sku)).length
    if (this.seats >= maxWatchers || (fresh > 0 && this.wanted.size + fresh > maxSkus)) {
      throw new HoldfastError('OVERLOADED', 'Too much is being watched right now')
    }
    this.seats++
    for (const sku of skus) this.wanted.set(sku, (this.wanted.get(sku) ?? 0) + 1)
    return new Promise<Watcher>((resolve, reject) => {
      this.joining.push({ skus, resumeToken, resolve, reject })
      this.wake?.()
      if (!this.running) void this.run()
    })
  }

  leave(watcher: Watcher): void {
    if (!this.watchers.delete(watcher)) return
    this.release(watcher.skus)
    for (const sku of watcher.skus) {
      const one = this.watched.get(sku)
      one?.watchers.delete(watcher)
      if (one?.watchers.size === 0) this.watched.delete(sku)
    }
    watchMetrics.count(this.watchers.size, this.watched.size)
  }

  private release(skus: readonly string[]): void {
    this.seats--
    for (const sku of skus) {
      const others = (this.wanted.get(sku) ?? 1) - 1
      if (others > 0) this.wanted.set(sku, others)
      else this.wanted.delete(sku)
    }
  }

  /** Looks as long as somebody watches, one look after the other: no watcher is ever shown an older state after a newer. */
  private async run(): Promise<void> {
    this.running = true
    while (this.watchers.size > 0 || this.joining.length > 0) {
      const now = performance.now()
      if (this.joining.length > 0 || now >= this.nextLookAt) await this.look(now)
      else await this.rest(this.nextLookAt - now)
    }
    this.running = false
  }

  private async look(now: number): Promise<void> {
    const joining = this.joining
    this.joining = []
    // Who comes is answered at once; all that is watched is read again when its time has come.
    const all = now >= this.nextLookAt
    const skus = new Set(all ? this.watched.keys() : [])
    for (const one of joining) for (const sku of one.skus) skus.add(sku)
    try {
      const found = await this.options.read([...skus])
      for (const [sku, state] of found) this.watched.get(sku)?.update(state)
      for (const one of joining) this.admit(one, found)
      if (all) this.sawAt = performance.now()
      this.blind = false
    } catch (thrown) {
      const error = HoldfastError.from(databaseError(thrown))
      for (const one of joining) this.refuse(one, error)
      if (!this.blind) this.options.log.warn({ err: error.cause ?? error }, 'what is watched could not be read; looking again')
      this.blind = true
      if (all && performance.now() - this.sawAt > blindMs) this.failAll(error)
    }
    const tookMs = performance.now() - now
    if (all) {
      watchMetrics.looked(tookMs / 1000)
      this.nextLookAt = performance.now() + Math.max(pollMs - tookMs, pace * tookMs)
    }
  }

  private refuse({ skus, reject }: Joining, error: HoldfastError): void {
    this.release(skus)
    reject(error)
  }

  private admit(joining: Joining, found: Map<string, Availability>): void {
    const { skus, resumeToken, resolve } = joining
    const missing = skus.findIndex((sku) => !found.has(sku))
    if (missing >= 0) {
      const fields = [{ field: `skus[${missing}]`, message: 'there is no such product' }]
      this.refuse(joining, new HoldfastError('NOT_FOUND', `There is no product ${skus[missing]}`, { fields }))
      return
    }
    const watched = skus.flatMap((sku) => this.watch(sku, found) ?? [])
    const watcher = new Watcher(skus, watched, resumeToken)
    for (const one of watched) one.watchers.add(watcher)
    this.watchers.add(watcher)
    watchMetrics.count(this.watchers.size, this.watched.size)
    resolve(watcher)
  }

  private watch(sku: string, found: Map<string, Availability>): WatchedSku | undefined {
    const known = this.watched.get(sku)
    const state = found.get(sku)
    if (known !== undefined || state === undefined) return known
    const made = new WatchedSku(state)
    this.watched.set(sku, made)
    return made
  }

  private failAll(cause: HoldfastError): void {
    const error = new HoldfastError('UNAVAILABLE', 'What is in stock can not be read right now', { cause })
    for (const watcher of this.watchers) watcher.fail(error)
  }

  /** Until it is time for the next look, or somebody comes. */
  private async rest(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.wake = undefined
  }
}
