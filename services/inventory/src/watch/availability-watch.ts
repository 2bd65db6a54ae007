/**
 * Availability for those who watch it. However many they are, one query a quarter of a second reads what all of them watch:
 * that sees what any replica has committed and each hold that has fallen due (truth 11), and costs the hot path nothing.
 */
import { databaseError, HoldfastError, type Logger } from '@holdfast/service'

import { noChannel, type Seen, type SeenOne, seenOf, viewKey } from '../availability'
import type { View } from '../sql/levels'
import { watchMetrics } from './metrics'
import { WatchedSku } from './watched-sku'
import { Watcher } from './watcher'

export interface AvailabilityWatchOptions {
  read: (views: View[]) => Promise<Seen>
  log: Logger
  /** Most watchers at once, and most SKUs of all of them together; one that two channels see counts twice. */
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
  views: View[]
  resumeToken: string
  resolve: (watcher: Watcher) => void
  reject: (error: unknown) => void
}

export class AvailabilityWatch {
  /** By viewKey. */
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
   * @param views each once
   * @returns its first message says what is now: read after the call, never older than what another watcher here was sent
   * @throws NOT_FOUND that names a SKU or channel, OVERLOADED
   */
  async join(views: View[], resumeToken: string): Promise<Watcher> {
    const { maxWatchers, maxSkus } = this.options
    const keys = views.map(viewKey)
    const fresh = keys.filter((key) => !this.wanted.has(key)).length
    if (this.seats >= maxWatchers || (fresh > 0 && this.wanted.size + fresh > maxSkus)) {
      throw new HoldfastError('OVERLOADED', 'Too much is being watched right now')
    }
    this.seats++
    for (const key of keys) this.wanted.set(key, (this.wanted.get(key) ?? 0) + 1)
    return new Promise<Watcher>((resolve, reject) => {
      this.joining.push({ views, resumeToken, resolve, reject })
      this.wake?.()
      if (!this.running) void this.run()
    })
  }

  leave(watcher: Watcher): void {
    if (!this.watchers.delete(watcher)) return
    this.release(watcher.keys)
    for (const key of watcher.keys) {
      const one = this.watched.get(key)
      one?.watchers.delete(watcher)
      if (one?.watchers.size === 0) this.watched.delete(key)
    }
    watchMetrics.count(this.watchers.size, this.watched.size)
  }

  private release(keys: readonly string[]): void {
    this.seats--
    for (const key of keys) {
      const others = (this.wanted.get(key) ?? 1) - 1
      if (others > 0) this.wanted.set(key, others)
      else this.wanted.delete(key)
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
    const views = new Map([...(all ? this.watched : [])].map(([key, { view }]) => [key, view]))
    for (const one of joining) for (const view of one.views) views.set(viewKey(view), view)
    try {
      const seen = await this.options.read([...views.values()])
      for (const [key, state] of seen) this.take(key, state)
      for (const one of joining) this.admit(one, seen)
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

  /** A channel that was deleted ends what is watched of it. */
  private take(key: string, state: SeenOne): void {
    const watched = this.watched.get(key)
    if (watched === undefined) return
    if (state !== 'NO_CHANNEL') watched.update(state)
    else for (const watcher of watched.watchers) watcher.fail(noChannel(watched.view.channel))
  }

  private refuse({ views, reject }: Joining, error: HoldfastError): void {
    this.release(views.map(viewKey))
    reject(error)
  }

  private admit(joining: Joining, seen: Seen): void {
    const { views, resumeToken, resolve } = joining
    try {
      seenOf(views, seen)
    } catch (error) {
      this.refuse(joining, HoldfastError.from(error))
      return
    }
    const watched = views.flatMap((view) => this.watch(view, seen) ?? [])
    const watcher = new Watcher(views.map(viewKey), watched, resumeToken)
    for (const one of watched) one.watchers.add(watcher)
    this.watchers.add(watcher)
    watchMetrics.count(this.watchers.size, this.watched.size)
    resolve(watcher)
  }

  private watch(view: View, seen: Seen): WatchedSku | undefined {
    const key = viewKey(view)
    const known = this.watched.get(key)
    const state = seen.get(key)
    if (known !== undefined || state === undefined || state === 'NO_CHANNEL') return known
    const made = new WatchedSku(view, state)
    this.watched.set(key, made)
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
