import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'

import type { PostgresBinaries } from './postgres-binaries'
import { ids, postgresEnvironment } from './postgres-init'
import type { KeeperMessage, KeeperTask } from './postgres-keeper'
import { postgresSettings } from './postgres-settings'
import type { RunAs } from './run-as'
import { workspaceRoot } from './workspace'

export interface PostgresProcessOptions {
  folder: string
  dataFolder: string
  binaries: PostgresBinaries
  identity: RunAs
  port: number
  temporary: boolean
}

export interface PostgresProcess {
  readonly pid: number
  readonly port: number
  readonly ended: Promise<void>
  stop(): Promise<void>
  /** What the server said at its end, when that was an error. */
  reason(): Promise<string>
}

/** Starts the server under its keeper (postgres-keeper.ts). It may not take connections yet when this resolves. */
export async function startPostgresProcess(options: PostgresProcessOptions): Promise<PostgresProcess> {
  const { binaries, dataFolder, folder, identity, port } = options
  const logFile = join(folder, 'log')
  const logStart = (await stat(logFile).catch(() => undefined))?.size ?? 0
  const settings = Object.entries(postgresSettings(port)).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const keeper = forkKeeper({
    command: [...identity.prefix, binaries.postgres, '-D', dataFolder, ...settings],
    ...ids(identity),
    logFile,
    dataFolder,
    pgCtl: binaries.pgCtl,
    deleteFolder: options.temporary ? folder : undefined,
  })
  const ended = once(keeper, 'exit').then(() => undefined)
  const keeperError = collect(keeper)
  const [message] = (await Promise.race([once(keeper, 'message'), ended.then(() => [])])) as [KeeperMessage?]
  if (message === undefined) throw new Error(`PostgreSQL could not be run: ${keeperError()}`)
  return {
    pid: message.pid,
    port,
    ended,
    stop: async () => {
      if (keeper.connected) keeper.disconnect()
      await ended
    },
    reason: async () => `${keeperError()}${await lastErrors(logFile, logStart)}`.trim(),
  }
}

function forkKeeper(task: KeeperTask): ChildProcess {
  const file = join(workspaceRoot(), 'packages/launcher/dist/src/postgres-keeper.js')
  return fork(file, [JSON.stringify(task)], {
    // A process group of its own: Ctrl-C is the launcher's to handle.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: postgresEnvironment(),
    execArgv: [],
  })
}

function collect(child: ChildProcess): () => string {
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}

async function lastErrors(logFile: string, from: number): Promise<string> {
  const log = await open(logFile).catch(() => undefined)
  if (log === undefined) return ''
  try {
    const buffer = Buffer.alloc(64 * 1024)
    const { bytesRead } = await log.read(buffer, 0, buffer.length, from)
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n')
    return lines
      .filter((line) => /FATAL|PANIC|could not|error while loading/.test(line))
      .slice(-3)
      .join('; ')
  } finally {
    await log.close()
  }
}
