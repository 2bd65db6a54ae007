import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

import type { Random } from '../random'

/**
 * What a link does to what goes over it. Cut: bytes of one or both ways wait until it heals, as packets do that are sent again
 * and again. Lossy: now and then a connection is reset instead of carrying on.
 */
export type Weather =
  | { is: 'fair' }
  | { is: 'slow'; delayMs: number }
  | { is: 'lossy'; resets: number; random: Random }
  | { is: 'cut'; way: 'there' | 'back' | 'both' }

/** So much may wait in a slow link before its sender is told to wait; bytes. */
const mostWaiting = 1_000_000

/** A TCP connection from one process to another that goes through us: a proxy on 127.0.0.1 for each pair. */
export class Link {
  private weather: Weather = { is: 'fair' }
  private readonly ways = new Set<Way>()
  private turn = 0

  private constructor(
    /** As "order-1 to inventory-2". */
    readonly name: string,
    private readonly server: Server,
    /** Ports on 127.0.0.1; the next one takes what one refuses. */
    private readonly targets: readonly number[],
  ) {}

  static async open(name: string, ...targets: number[]): Promise<Link> {
    const server = createServer({ allowHalfOpen: true })
    const link = new Link(name, server, targets)
    server.on('connection', (socket) => void link.accept(socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return link
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  set(weather: Weather): void {
    this.weather = weather
    for (const way of this.ways) way.flow(weather)
  }

  close(): void {
    this.server.close()
    for (const way of this.ways) way.end()
  }

  private async accept(near: Socket): Promise<void> {
    near.on('error', () => undefined)
    const far = await this.connectFar()
    if (far === undefined) {
      near.resetAndDestroy()
      return
    }
    this.carry('there', near, far)
    this.carry('back', far, near)
  }

  private carry(direction: 'there' | 'back', from: Socket, to: Socket): void {
    const way = new Way(direction, from, to)
    this.ways.add(way)
    from.once('close', () => this.ways.delete(way))
    way.flow(this.weather)
  }

  private async connectFar(): Promise<Socket | undefined> {
    for (let attempt = 0; attempt < this.targets.length; attempt++) {
      const port = this.targets[this.turn++ % this.targets.length]
      const socket = connect({ port: port ?? 0, host: '127.0.0.1', allowHalfOpen: true })
      socket.setNoDelay(true)
      const connected = await once(socket, 'connect').then(
        () => true,
        () => false,
      )
      socket.on('error', () => undefined)
      if (connected) return socket
    }
    return undefined
  }
}

/** One direction of one connection. */
class Way {
  private weather: Weather = { is: 'fair' }
  private waiting: Buffer[] = []
  private ended = false
  /** What comes out later, in its order: nothing overtakes it, whatever the weather has become. */
  private readonly delayed: { chunk: Buffer; due: number }[] = []
  private delayedBytes = 0
  private timer: NodeJS.Timeout | undefined

  constructor(
    private readonly direction: 'there' | 'back',
    private readonly from: Socket,
    private readonly to: Socket,
  ) {
    from.on('data', (chunk) => this.pass(chunk))
    from.on('end', () => {
      this.ended = true
      this.finish()
    })
    // A reset goes on, at once: it is no byte that could be held up.
    from.on('close', (failed) => {
      if (failed) to.resetAndDestroy()
      else if (!this.ended) to.destroy()
    })
    to.on('drain', () => this.ease())
  }

  flow(weather: Weather): void {
    this.weather = weather
    if (this.isCut()) return
    for (const chunk of this.waiting.splice(0)) this.pass(chunk)
    this.finish()
  }

  end(): void {
    this.from.destroy()
    this.to.destroy()
  }

  private pass(chunk: Buffer): void {
    if (this.isCut()) {
      this.waiting.push(chunk)
      return
    }
    const { weather } = this
    if (weather.is === 'lossy' && weather.random.chance(weather.resets)) {
      this.from.resetAndDestroy()
      this.to.resetAndDestroy()
      return
    }
    const delayMs = weather.is === 'slow' ? weather.delayMs : 0
    if (delayMs === 0 && this.delayed.length === 0) {
      this.write(chunk)
      return
    }
    this.delayed.push({ chunk, due: performance.now() + delayMs })
    this.delayedBytes += chunk.length
    if (this.delayedBytes > mostWaiting) this.from.pause()
    this.timer ??= setTimeout(() => this.release(), delayMs)
  }

  /** One after the other: of several timers the later one can be the first to fire. */
  private release(): void {
    const now = performance.now()
    for (let [next] = this.delayed; next !== undefined && next.due <= now; [next] = this.delayed) {
      this.delayed.shift()
      this.delayedBytes -= next.chunk.length
      this.write(next.chunk)
    }
    const [next] = this.delayed
    this.timer = next && setTimeout(() => this.release(), next.due - now)
    this.ease()
    this.finish()
  }

  private write(chunk: Buffer): void {
    if (!this.to.destroyed && !this.to.write(chunk)) this.from.pause()
  }

  private ease(): void {
    if (this.delayedBytes <= mostWaiting && !this.to.writableNeedDrain) this.from.resume()
  }

  /** The end of a stream comes after all of it. */
  private finish(): void {
    if (this.ended && this.waiting.length === 0 && this.delayed.length === 0 && !this.isCut()) this.to.end()
  }

  private isCut(): boolean {
    return this.weather.is === 'cut' && (this.weather.way === 'both' || this.weather.way === this.direction)
  }
}
