import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import { counter, gauge } from '@holdfast/service'

export interface ConnectionLimits {
  /** Connections at once; 0: no limit. */
  most: number
  /** Of one address; 0: no limit, as behind a proxy, where all come from its address. */
  mostOfOne: number
}

const open = gauge('http_connections_open', 'Connections to the HTTP listener')
const cut = counter('http_connections_cut_total', 'Connections ended because there were too many', ['why'])
for (const why of ['waiting', 'address', 'all']) cut.inc({ why }, 0)

/**
 * The open connections of a listener. Those by which no whole request is under way are *waiting*: they have sent nothing, a part of
 * a request, or nothing further. They cost an attacker least, so where there are too many the one that has waited longest
 * makes room for the one that comes.
 */
export class Connections {
  /** In the order in which they began to wait. */
  private readonly waiting = new Set<Socket>()
  private readonly latest = new WeakMap<Socket, ServerResponse>()
  private readonly plain = new Map<string, Socket>()
  private readonly byAddress = new Map<string, number>()
  private count = 0

  constructor(
    server: Server,
    private readonly limits: ConnectionLimits,
  ) {
    server.on('connection', (socket) => this.take(socket))
    server.on('secureConnection', (socket: Socket) => this.encrypted(socket))
    open.set(0)
  }

  get size(): number {
    return this.count
  }

  /** A request has come, its headers whole. */
  serving(socket: Socket, response: ServerResponse): void {
    this.waiting.delete(socket)
    this.latest.set(socket, response)
    // A body that does not come costs as little as half a header.
    if (announcesBody(response.req)) this.waiting.add(socket)
    response.once('close', () => {
      // Behind the one that is answered another may have come.
      if (!socket.destroyed && this.latest.get(socket) === response) this.waiting.add(socket)
    })
  }

  /** The response to the last request that came by it. */
  latestOf(socket: Socket): ServerResponse | undefined {
    return this.latest.get(socket)
  }

  /** Browsers open some in advance: at a stop nobody waits for them. */
  closeWaiting(): void {
    for (const socket of this.waiting) {
      if (this.latest.get(socket)?.closed !== false) socket.destroy()
    }
  }

  private take(socket: Socket): void {
    const { remoteAddress: address } = socket
    // Gone already.
    if (address === undefined) return
    const ofAddress = (this.byAddress.get(address) ?? 0) + 1
    if (this.limits.mostOfOne > 0 && ofAddress > this.limits.mostOfOne) {
      refuse(socket, 'address')
      return
    }
    if (this.limits.most > 0 && this.count >= this.limits.most && !this.makeRoom()) {
      refuse(socket, 'all')
      return
    }
    const key = keyOf(socket)
    open.set(++this.count)
    this.byAddress.set(address, ofAddress)
    this.plain.set(key, socket)
    this.waiting.add(socket)
    socket.once('close', () => {
      open.set(--this.count)
      const left = (this.byAddress.get(address) ?? 1) - 1
      if (left === 0) this.byAddress.delete(address)
      else this.byAddress.set(address, left)
      if (this.plain.get(key) === socket) this.plain.delete(key)
      this.waiting.delete(socket)
    })
  }

  /** From now on requests come by the encrypted socket; Node does not lead from it to the plain one below. */
  private encrypted(socket: Socket): void {
    const plain = this.plain.get(keyOf(socket))
    if (plain !== undefined) this.waiting.delete(plain)
    this.waiting.add(socket)
    socket.once('close', () => this.waiting.delete(socket))
  }

  private makeRoom(): boolean {
    for (const socket of this.waiting) {
      this.waiting.delete(socket)
      // Its body has come meanwhile: it waits again when it has its answer.
      const latest = this.latest.get(socket)
      if (latest?.req.complete === true && !latest.closed) continue
      refuse(socket, 'waiting')
      return true
    }
    return false
  }
}

function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function refuse(socket: Socket, why: string): void {
  cut.inc({ why })
  socket.destroy()
}

/** Of an open connection. */
function keyOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}
