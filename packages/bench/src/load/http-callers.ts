import type { Callers } from './caller'
import { Connection } from './connection'
import { createRequests } from './requests'
import type { LoadTask, Target } from './task'

/** Raw keep-alive sockets, opened before anything is measured. */
export async function openHttpCallers(target: Extract<Target, { kind: 'http' }>, task: LoadTask, most: number): Promise<Callers> {
  const { hostname, port } = new URL(target.url)
  const connections = Array.from({ length: most }, () => new Connection(hostname, Number(port)))
  for (const connection of connections) await connection.open()
  return {
    forPhase: (phase, index) => {
      const nextRequest = createRequests(target, task, phase, index)
      return connections
        .slice(0, phase.connections)
        .map((connection) => ({ send: (done) => connection.send(nextRequest(), done) }))
    },
    close: () => {
      for (const connection of connections) connection.close()
    },
  }
}
