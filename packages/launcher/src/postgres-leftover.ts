import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { commandOf, isAlive, waitForEnd } from './process-info'

const run = promisify(execFile)

/**
 * Stops a server that still runs on this data folder because its starter was killed, and takes away a pid file that would
 * make PostgreSQL refuse to start though its process is long another one.
 */
export async function stopLeftover(dataFolder: string, pgCtl: string): Promise<void> {
  const pidFile = join(dataFolder, 'postmaster.pid')
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).split('\n')[0])
  // A dead process's file is PostgreSQL's own affair: it knows by it whether children of that process are still there.
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return
  if (!(await isServerOf(pid, dataFolder))) {
    await rm(pidFile, { force: true })
    return
  }
  for (const mode of ['fast', 'immediate'] as const) {
    if (process.platform === 'win32') await run(pgCtl, ['stop', '-D', dataFolder, '-m', mode, '-W']).catch(() => undefined)
    else killIfThere(pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    if (await waitForEnd(pid, 20_000)) return
  }
  throw new Error(`a PostgreSQL left over from an earlier start (process ${pid}, ${dataFolder}) does not stop`)
}

/** Our servers are started with their folder on the command line. */
async function isServerOf(pid: number, dataFolder: string): Promise<boolean> {
  const command = await commandOf(pid)
  return command.includes('postgres') && command.includes(dataFolder)
}

function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (isAlive(pid)) throw error
  }
}
