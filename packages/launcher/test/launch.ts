import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { workspaceRoot } from '../src/workspace'

/** A start as `npm start` makes it after install and build. */
export interface Launch {
  process: ChildProcess
  /** What it has printed so far, errors included. */
  output(): string
  /** Resolves when that text has been printed; refuses when it ends before. */
  prints(text: string): Promise<void>
  /** Resolves when it says that it is ready; refuses when it ends before. */
  ready: Promise<void>
  /** Its exit code; null when it was killed. */
  ended: Promise<number | null>
}

export function launch(env: { dataFolder: string; port: number }): Launch {
  const child = spawn(process.execPath, [join(workspaceRoot(), 'packages/launcher/dist/src/main.js')], {
    env: { ...process.env, HOLDFAST_DATA_DIR: env.dataFolder, HOLDFAST_PORT: String(env.port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const waiting = new Set<() => void>()
  const take = (text: string): void => {
    output += text
    for (const look of waiting) look()
  }
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', take)
  const prints = async (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (output.includes(text)) resolve()
      }
      waiting.add(look)
      look()
      void ended.then((code) => reject(new Error(`the start ended with code ${code}:\n${output}`)))
    })
  const ready = prints('Ctrl-C stops everything.')
  ready.catch(() => undefined)
  return { process: child, output: () => output, prints, ready, ended }
}
