/**
 * The process between the launcher and PostgreSQL, in a session of its own: Ctrl-C in the terminal reaches neither, and when
 * the launcher is gone, however it went, the channel to it closes and PostgreSQL is shut down as it should be.
 *
 * Its one argument is a JSON `KeeperTask`.
 */
import { spawn, execFile } from 'node:child_process'
import { openSync, rmSync } from 'node:fs'

export interface KeeperTask {
  command: string[]
  uid?: number
  gid?: number
  logFile: string
  dataFolder: string
  pgCtl: string
  /** Deleted after the end; for tests. */
  deleteFolder?: string
}

export interface KeeperMessage {
  pid: number
}

/** When a fast shutdown takes longer than this, an immediate one follows: it only costs recovery at the next start. */
const patienceMs = 20_000

function main(task: KeeperTask): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  const log = openSync(task.logFile, 'a', 0o600)
  const [program = '', ...args] = task.command
  const server = spawn(program, args, { stdio: ['ignore', log, log], uid: task.uid, gid: task.gid, windowsHide: true })
  server.on('error', (error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
    if (process.connected) process.disconnect()
  })
  server.on('exit', (code, signal) => {
    if (task.deleteFolder !== undefined) rmSync(task.deleteFolder, { recursive: true, force: true, maxRetries: 5 })
    process.exit(signal === null ? (code ?? 1) : 1)
  })
  process.on('disconnect', () => {
    shutDown('fast')
    setTimeout(() => shutDown('immediate'), patienceMs).unref()
  })
  if (server.pid !== undefined) process.send?.({ pid: server.pid } satisfies KeeperMessage)

  function shutDown(mode: 'fast' | 'immediate'): void {
    if (process.platform === 'win32') execFile(task.pgCtl, ['stop', '-D', task.dataFolder, '-m', mode, '-W'])
    else server.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
  }
}

if (process.argv[2] !== undefined) main(JSON.parse(process.argv[2]) as KeeperTask)
