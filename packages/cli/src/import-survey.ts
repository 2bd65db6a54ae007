/** A CSV file as a whole, before anybody is asked about it. */
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'

import { type CellProblem, FileProblem } from '@holdfast/goods'

import { openCsv, type Row } from './import-chunks'
import type { ExitReason } from './exit-codes'
import { CliProblem } from './problem'
import type { Progress } from './progress'

/** Cells of which it is said what is wrong with them. */
export const mostShown = 20

export interface Survey {
  /** As `products`. */
  kind: string
  rows: number
  /** SHA-256. */
  hash: string
  /** And the first line that names it. */
  warehouses: Map<string, number>
}

/** Reads all of it, and keeps nothing but the keys of its rows. @throws CliProblem that names the cells that are wrong */
export async function survey(path: string, progress: Progress): Promise<Survey> {
  const size = await stat(path).then(
    (found) => found.size,
    (error: Error) => {
      throw new CliProblem(`${path} can't be read: ${error.message}`, 'usage')
    },
  )
  const hash = createHash('sha256')
  const reading = progress.begin('reading, bytes', size)
  const problems: CellProblem[] = []
  const warehouses = new Map<string, number>()
  let rows = 0
  try {
    const file = await openCsv(path, (bytes) => {
      hash.update(bytes)
      reading.tick(bytes.length)
    })
    for await (const { line, row, problems: wrong } of file.rows) {
      rows++
      problems.push(...wrong)
      noteWarehouse(warehouses, row, line)
    }
    reading.end()
    refuse(path, problems)
    if (rows === 0) throw new CliProblem(`${path} has no rows`, 'usage')
    return { kind: file.kind.name, rows, hash: hash.digest('hex'), warehouses }
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error
    refuse(path, [...problems, { line: error.line, column: '', message: error.message }])
    throw error
  }
}

function noteWarehouse(warehouses: Map<string, number>, row: Row, line: number): void {
  if ('warehouse' in row && !warehouses.has(row.warehouse)) warehouses.set(row.warehouse, line)
}

/** @throws CliProblem where there are any */
export function refuse(path: string, problems: readonly CellProblem[], reason: ExitReason = 'usage'): void {
  if (problems.length === 0) return
  const cells = problems.length === 1 ? 'one cell is' : `${problems.length.toLocaleString('en-GB')} cells are`
  throw new CliProblem(`nothing was written: ${cells} wrong`, reason, { errors: inFile(path, problems) })
}

/** The first of them, placed as compilers do. */
export function inFile(path: string, problems: readonly CellProblem[]): { field: string; message: string }[] {
  return problems
    .slice(0, mostShown)
    .map(({ line, column, message }) => ({ field: `${path}:${line}${column === '' ? '' : `: ${column}`}`, message }))
}
