import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below the range that systems take for outgoing connections: a port found free here is still free a moment later. */
const lowest = 15_000
const highest = 32_000
const attempts = 100

/** A TCP port that nobody listens on. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = randomInt(lowest, highest)
    if (await isPortFree(port, host)) return port
  }
  throw new Error(`no free port on ${host}`)
}

/** Throws when this process may not listen there at all. */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false)
      else reject(error)
    })
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
