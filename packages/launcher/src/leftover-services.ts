import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { commandOf, waitForEnd } from './process-info'

/** How long services of a killed launcher get to finish by themselves, in ms. */
const patienceMs = 5_000

/** What stands in a service's pid file. */
export interface ServicePid {
  pid: number
  /** Its main file, to tell it from another process that got the pid later. */
  main: string
}

/**
 * Services notice that their launcher is gone and stop, but take a moment to. The next start on the same folder waits for
 * that, so that it finds their ports free, and ends those that hang.
 */
export async function endLeftoverServices(runFolder: string): Promise<void> {
  const names = await readdir(runFolder).catch(() => [])
  await Promise.all(names.map(async (name) => endLeftover(join(runFolder, name))))
}

async function endLeftover(file: string): Promise<void> {
  const { pid, main } = JSON.parse((await readFile(file, 'utf8')) || '{}') as Partial<ServicePid>
  if (pid !== undefined && main !== undefined && (await commandOf(pid)).includes(main)) {
    const ended = await waitForEnd(pid, patienceMs)
    if (!ended) {
      process.kill(pid, 'SIGKILL')
      await waitForEnd(pid, patienceMs)
    }
  }
  await rm(file, { force: true })
}
