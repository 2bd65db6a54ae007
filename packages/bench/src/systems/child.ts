import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface Child {
  readonly port: number
  readonly pid: number
  kill(): Promise<void>
}

/** Starts one of the programs in `servers/`; resolves when it serves. */
export async function startChild(program: string, env: Record<string, string> = {}): Promise<Child> {
  return startProcess(join(__dirname, '..', 'servers', `${program}.js`), 'port', env)
}

/** Starts a program that sends its port when it serves. @param portName what that message calls it */
export async function startProcess(file: string, portName: string, env: Record<string, string> = {}): Promise<Child> {
  const process_ = fork(file, [], { env: { ...process.env, ...env } })
  const port = await portOf(process_, file, portName)
  return {
    port,
    pid: process_.pid ?? 0,
    kill: async () => {
      if (process_.exitCode !== null || process_.signalCode !== null) return
      const ended = once(process_, 'exit')
      process_.kill('SIGKILL')
      await ended
    },
  }
}

async function portOf(child: ChildProcess, file: string, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('message', (message: Record<string, number>) => resolve(message[name] ?? Number.NaN))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${file} ended before it served (exit code ${code})`)))
  })
}
