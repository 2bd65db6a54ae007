import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { commandOf } from './process-info'
import { writePrivate } from './private-file'
import type { ServiceName } from './services'

/** What is known about the system that runs on a data folder; kept in `running.json` while it does. */
export interface RunningSystem {
  /** Of the launcher. */
  pid: number
  /** The launcher's command line, to tell it from another process that got its pid later. */
  command: string
  /** The gateway; not there until the system is ready. */
  url?: string
  grpc?: Record<ServiceName, string>
  /** The embedded event log's database, with its password; not there where events are on Kafka. */
  eventLog?: string
}

const fileName = 'running.json'

/** @returns the system that runs on this folder now, if there is one */
export async function findRunning(dataFolder: string): Promise<RunningSystem | undefined> {
  const content = await readFile(join(dataFolder, fileName), 'utf8').catch(() => '')
  const running = parse(content)
  // Our own pid in a file that we did not write: an earlier process had it.
  if (running === undefined || running.pid === process.pid) return undefined
  const command = await commandOf(running.pid)
  return command !== '' && command === running.command ? running : undefined
}

/** A claim on a data folder, for as long as its process lives. */
export interface Claim {
  /** Tells others where the system is. */
  announce(where: Pick<RunningSystem, 'url' | 'grpc' | 'eventLog'>): Promise<void>
  release(): Promise<void>
}

/**
 * Claims a data folder for this process; a claim whose process is gone is taken over.
 * @returns the system that holds it, when another does
 */
export async function claim(dataFolder: string): Promise<Claim | RunningSystem> {
  const file = join(dataFolder, fileName)
  const mine: RunningSystem = { pid: process.pid, command: await commandOf(process.pid) }
  const draft = `${file}.${process.pid}.claim`
  await writeFile(draft, JSON.stringify(mine), { mode: 0o600 })
  try {
    for (;;) {
      // A link is made whole or not at all, so of two that start at once one gets it.
      const taken = await link(draft, file).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false
          throw error
        },
      )
      if (taken) break
      const other = await findRunning(dataFolder)
      if (other !== undefined) return other
      await removeStale(dataFolder)
    }
  } finally {
    await rm(draft, { force: true })
  }
  return {
    announce: async (where) => writePrivate(file, `${JSON.stringify({ ...mine, ...where }, null, 2)}\n`),
    release: async () => rm(file, { force: true }),
  }
}

export function isClaim(answer: Claim | RunningSystem): answer is Claim {
  return 'release' in answer
}

/** By renaming it first: when another start was quicker, what was renamed is its claim, and goes back. */
async function removeStale(dataFolder: string): Promise<void> {
  const file = join(dataFolder, fileName)
  const aside = `${file}.${process.pid}.stale`
  await rename(file, aside).catch(() => undefined)
  const running = parse(await readFile(aside, 'utf8').catch(() => ''))
  const alive = running !== undefined && running.pid !== process.pid && (await commandOf(running.pid)) === running.command
  if (alive) await link(aside, file).catch(() => undefined)
  await rm(aside, { force: true })
}

function parse(content: string): RunningSystem | undefined {
  try {
    const value = JSON.parse(content) as Partial<RunningSystem>
    return typeof value.pid === 'number' && typeof value.command === 'string' ? (value as RunningSystem) : undefined
  } catch {
    return undefined
  }
}
