import { join } from 'node:path'

import { workspaceRoot } from '@holdfast/launcher'
import { Command, InvalidArgumentError } from 'commander'

import { runBench } from './bench'
import { allTables } from './report/all-tables'
import { toText } from './report/table'
import { growthCommand } from './growth/command'
import { writeReport } from './report/write'

interface Options {
  rounds: number
  seconds: number
  saleRequests: number
  only?: string
  out?: string
}

function positive(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('a number above 0 is needed')
  return value
}

function positiveInteger(text: string): number {
  const value = positive(text)
  if (!Number.isInteger(value)) throw new InvalidArgumentError('a whole number is needed')
  return value
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** @returns whether everything added up */
async function bench(options: Options, signal: AbortSignal): Promise<boolean> {
  const { only, out } = options
  const results = await runBench({ ...options, signal, say })
  for (const [heading, table] of allTables(results)) say(`\n${heading}\n\n${toText(table)}`)
  // A part of the figures must not take the place of all of them.
  const folder = out ?? (only === undefined ? join(workspaceRoot(), 'docs', 'benchmarks') : undefined)
  const written = folder === undefined ? [] : await writeReport(results, folder)
  say(written.length === 0 ? '\nNothing was written: name a folder with --out' : `\nWritten: ${written.join(', ')}`)
  for (const problem of results.problems) say(`PROBLEM: ${problem}`)
  return results.problems.length === 0
}

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    say('stopping what runs ...')
    stop.abort(new Error('stopped'))
  })
}

new Command('bench')
  .enablePositionalOptions()
  .description('Measures Holdfast beside its baselines on this machine; exit code 1 when counts do not add up.')
  .option('--rounds <n>', 'every figure is the median of so many interleaved runs', positiveInteger, 3)
  .option('--seconds <s>', 'how long each measurement takes', positive, 8)
  .option('--sale-requests <n>', 'requests of the flash sale', positiveInteger, 40_000)
  .option('--only <name>', 'only what has this in "system/scenario", as holdfast, closed-300, holdfast/sale')
  .option('--out <folder>', 'where results go (default: docs/benchmarks, with --only: nowhere)')
  .action(async (options: Options) => {
    if (!(await bench(options, stop.signal))) process.exitCode = 1
  })
  .addCommand(growthCommand(stop.signal, say))
  .parseAsync()
  .catch((error: unknown) => {
    // Whatever failed while it was being stopped failed because of that.
    if (!stop.signal.aborted) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exitCode = stop.signal.aborted ? 130 : 1
  })
