import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there, and another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * What a process runs, to tell whether a pid from a file is still the process that wrote it: pids are used again, and in a
 * container soon. Empty when there is no such process.
 */
export async function commandOf(pid: number): Promise<string> {
  if (!isAlive(pid)) return ''
  try {
    if (process.platform === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim()
    if (process.platform === 'win32') {
      const query = `(Get-CimInstance Win32_Process -Filter 'ProcessId=${pid}').CommandLine`
      return (await run('powershell.exe', ['-NoProfile', '-Command', query])).stdout.trim()
    }
    return (await run('ps', ['-ww', '-p', String(pid), '-o', 'command='])).stdout.trim()
  } catch {
    return ''
  }
}

/** @returns whether the process was gone within `timeoutMs` */
export async function waitForEnd(pid: number, timeoutMs: number): Promise<boolean> {
  const giveUpAt = Date.now() + timeoutMs
  while (isAlive(pid)) {
    // A zombie still answers to its pid; it has no command any more.
    if (process.platform === 'linux' && (await commandOf(pid)) === '') return true
    if (Date.now() >= giveUpAt) return false
    await sleep(20)
  }
  return true
}
