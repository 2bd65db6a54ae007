import { execFile } from 'node:child_process'
import { readdir, readFile, readlink, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { commandOf, isAlive, waitForEnd } from './process-info'

const run = promisify(execFile)

const patienceMs = 20_000

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
    await waitUntilUnused(dataFolder)
    await rm(pidFile, { force: true })
    return
  }
  for (const mode of ['fast', 'immediate'] as const) {
    if (process.platform === 'win32') await run(pgCtl, ['stop', '-D', dataFolder, '-m', mode, '-W']).catch(() => undefined)
    else killIfThere(pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    if (await waitForEnd(pid, patienceMs)) return
  }
  throw new Error(`a PostgreSQL left over from an earlier start (process ${pid}, ${dataFolder}) does not stop`)
}

/** Our servers are started with their folder on the command line. */
async function isServerOf(pid: number, dataFolder: string): Promise<boolean> {
  const command = await commandOf(pid)
  return command.includes('postgres') && command.includes(dataFolder)
}

/**
 * Sessions of a killed server end when they notice, within moments; PostgreSQL would see them by the pid file that is about
 * to go. All its processes work in the data folder, which is how Linux finds them; elsewhere a pid is not used again so soon.
 */
async function waitUntilUnused(dataFolder: string): Promise<void> {
  if (process.platform !== 'linux') return
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const folder = await readlink(`/proc/${pid}/cwd`).catch(() => '')
    if (folder === dataFolder && !(await waitForEnd(Number(pid), patienceMs))) {
      throw new Error(`a process of an earlier PostgreSQL (${pid}, ${dataFolder}) does not end`)
    }
  }
}

function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (isAlive(pid)) throw error
  }
}
