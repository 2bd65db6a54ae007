import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a port that is as long as one to another place. */
export class Distance {
  /** How much later everything arrives, in each direction, in ms. */
  oneWayMs = 0
  private readonly sockets = new Set<Socket>()
  private readonly server = createServer({ noDelay: true })

  private constructor(private readonly target: number) {}

  static async to(target: number): Promise<Distance> {
    const distance = new Distance(target)
    distance.server.on('connection', (near) => distance.lead(near))
    distance.server.listen(0, '127.0.0.1')
    await once(distance.server, 'listening')
    return distance
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
  }

  private lead(near: Socket): void {
    const far = connect({ port: this.target, host: '127.0.0.1', noDelay: true })
    this.pass(near, far)
    this.pass(far, near)
  }

  private pass(from: Socket, to: Socket): void {
    this.sockets.add(from)
    from.on('data', (data) => setTimeout(() => to.writable && to.write(data), this.oneWayMs))
    from.on('error', () => undefined)
    from.on('close', () => {
      this.sockets.delete(from)
      setTimeout(() => to.destroy(), this.oneWayMs)
    })
  }
}
