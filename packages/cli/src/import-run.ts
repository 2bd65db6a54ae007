/** What is known of an import that is under way, in a file beside the CSV, so that one that was cut off goes on where it was. */
import { randomUUID } from 'node:crypto'
import { open, readFile, rm } from 'node:fs/promises'

import { CliProblem } from './problem'

/** What makes two runs of the command one import. */
export interface Import {
  /** The system, and the user there: a key is a user's. */
  url: string
  userId: string
  /** SHA-256 of the file. */
  file: string
  /** What is said of every row. */
  said: string
}

export interface Run extends Import {
  id: string
  /** Rows of a chunk: with others the keys would stand for other rows. */
  chunkRows: number
}

export function runPath(csvPath: string): string {
  return `${csvPath}.importing`
}

/** @returns the run that was cut off, if there is one @throws CliProblem when it was another import */
export async function findRun(path: string, wanted: Import): Promise<Run | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new CliProblem(`${path} could not be read: ${error.message}`, 'usage')
  })
  if (text === undefined) return undefined
  const run = readRun(text)
  if (run === undefined) throw new CliProblem(`${path} is not what this command writes`, 'usage')
  const reasons = { url: 'at another system', userId: 'as another user', file: 'with other content', said: 'with other options' }
  const other = (Object.keys(reasons) as (keyof Import)[]).find((key) => run[key] !== wanted[key])
  if (other === undefined) return run
  throw new CliProblem(
    `an import of this file ${reasons[other]} was cut off, and some of it may be written: finish it as it was, or remove ${path} to begin anew`,
    'usage',
  )
}

function readRun(text: string): Run | undefined {
  try {
    const run = JSON.parse(text) as Partial<Run>
    return typeof run.id === 'string' && typeof run.chunkRows === 'number' ? (run as Run) : undefined
  } catch {
    return undefined
  }
}

/** On disk before anything is sent. */
export async function beginRun(path: string, wanted: Import, chunkRows: number): Promise<Run> {
  const run = { ...wanted, id: randomUUID(), chunkRows }
  try {
    const file = await open(path, 'wx')
    await file.writeFile(`${JSON.stringify(run)}\n`)
    await file.sync()
    await file.close()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CliProblem(
      `nothing is written: what the import needs to go on after a break could not be kept (${reason})`,
      'usage',
    )
  }
  return run
}

export async function endRun(path: string): Promise<void> {
  await rm(path, { force: true })
}
