import { join } from 'node:path'

import { workspaceRoot } from '@holdfast/launcher'

import { BenchProblem, runBench } from './bench'
import { type CommandLine, createCommand } from './options'
import { allTables } from './report/all-tables'
import { toText } from './report/table'
import { growthCommand } from './growth/command'
import { readResults, writeReport } from './report/write'
import { systems } from './systems/index'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const folder = join(workspaceRoot(), 'docs', 'benchmarks')

/** @returns whether everything added up */
async function bench({ out, render, ...settings }: CommandLine, signal: AbortSignal): Promise<boolean> {
  const results = render ? await readResults(out ?? folder) : await runBench({ ...settings, signal, say })
  for (const [heading, table] of allTables(results)) say(`\n${heading}\n\n${toText(table)}`)
  const written = out === undefined ? [] : await writeReport(results, out)
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

createCommand(
  folder,
  systems.filter(({ peer }) => peer === true).map(({ name }) => name),
  async (commandLine) => {
    if (!(await bench(commandLine, stop.signal))) process.exitCode = 1
  },
)
  .enablePositionalOptions()
  .addCommand(growthCommand(stop.signal, say))
  .parseAsync()
  .catch((error: unknown) => {
    // Whatever failed while it was being stopped failed because of that.
    const text = error instanceof BenchProblem ? error.message : error instanceof Error ? error.stack : String(error)
    if (!stop.signal.aborted) process.stderr.write(`${text}\n`)
    process.exitCode = stop.signal.aborted ? 130 : 1
  })
