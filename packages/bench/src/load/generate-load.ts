import { fork } from 'node:child_process'
import { join } from 'node:path'

import type { LoadTask, PhaseResult } from './task'

/** Runs a task in a process of its own, so that neither the bench nor what it measures stands in its way. */
export async function generateLoad(task: LoadTask, signal?: AbortSignal): Promise<PhaseResult[]> {
  const child = fork(join(__dirname, 'generator.js'), [], { stdio: 'inherit' })
  const stop = (): void => void child.kill('SIGKILL')
  signal?.addEventListener('abort', stop, { once: true })
  try {
    return await new Promise((resolve, reject) => {
      child.once('message', (answer: { results: PhaseResult[] } | { error: string }) => {
        if ('results' in answer) resolve(answer.results)
        else reject(new Error(`the load generator failed: ${answer.error}`))
      })
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`the load generator ended early (exit code ${code})`)))
      child.send(task)
    })
  } finally {
    signal?.removeEventListener('abort', stop)
    if (child.connected) child.disconnect()
  }
}
