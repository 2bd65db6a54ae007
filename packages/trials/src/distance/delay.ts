import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a port that is as long as one to another place. */
export interface Distance {
  readonly port: number
  close(): void
}

/** @param oneWayMs how much later everything arrives, in each direction */
export async function startDistance(target: number, oneWayMs: number): Promise<Distance> {
  const sockets = new Set<Socket>()
  const pass = (from: Socket, to: Socket): void => {
    from.on('data', (data) => setTimeout(() => to.writable && to.write(data), oneWayMs))
    from.on('error', () => undefined)
    from.on('close', () => setTimeout(() => to.destroy(), oneWayMs))
  }
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true })
    sockets.add(near).add(far)
    pass(near, far)
    pass(far, near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
