/** The load generator's program: takes one task from its parent, runs it, answers, ends. */
import { openCallers } from './callers'
import { runPhase } from './phase'
import type { LoadTask, PhaseResult } from './task'

async function run(task: LoadTask): Promise<PhaseResult[]> {
  const callers = await openCallers(task, Math.max(...task.phases.map(({ connections }) => connections)))
  const results: PhaseResult[] = []
  for (const [index, phase] of task.phases.entries()) {
    results.push(await runPhase(phase, callers.forPhase(phase, index)))
  }
  callers.close()
  return results
}

process.once('message', (task: LoadTask) => {
  run(task)
    .then((results) => process.send?.({ results }))
    .catch((error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }))
})
// The parent hangs up when it has the answer; who ended by itself might take the answer along.
process.once('disconnect', () => process.exit())
