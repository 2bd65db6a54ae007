/** The load generator's program: takes one task from its parent, runs it, answers, ends. */
import { Connection } from './connection'
import { runPhase } from './phase'
import { createRequests } from './requests'
import type { LoadTask, PhaseResult } from './task'

async function run(task: LoadTask): Promise<PhaseResult[]> {
  const { hostname, port } = new URL(task.url)
  const most = Math.max(...task.phases.map(({ connections }) => connections))
  const connections = Array.from({ length: most }, () => new Connection(hostname, Number(port)))
  for (const connection of connections) await connection.open()
  const results: PhaseResult[] = []
  for (const [index, phase] of task.phases.entries()) {
    const nextRequest = createRequests(task, phase.skus, index, phase.ttlSeconds)
    results.push(await runPhase(phase, connections.slice(0, phase.connections), nextRequest))
  }
  for (const connection of connections) connection.close()
  return results
}

process.once('message', (task: LoadTask) => {
  run(task)
    .then((results) => process.send?.({ results }))
    .catch((error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }))
})
// The parent hangs up when it has the answer; who ended by itself might take the answer along.
process.once('disconnect', () => process.exit())
