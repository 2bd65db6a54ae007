import { once } from 'node:events'

import { Command } from 'commander'

import { demo } from './demo/demo'
import { exportAudit } from './export-audit'
import { CliProblem } from './problem'
import { readSettings } from './settings'
import { sweep } from './sweep'

interface Options {
  url?: string
}

const urlOption = [
  '--url <url>',
  'where the gateway is (default: the running embedded system, or http://127.0.0.1:8080)',
] as const

const program = new Command('holdfast').description('Commands against a running Holdfast.')

program
  .command('demo')
  .description(
    '100 shoppers race for 3 cameras, then a real day of a shop is sold to the last unit; exit code 1 when a number is off',
  )
  .option(...urlOption)
  .action(async (options: Options) => {
    if (!(await demo(await readSettings(options)))) process.exitCode = 1
  })

program
  .command('sweep')
  .description('one pass of the sweeper, now: due reservations end, holds without a reservation are released')
  .option(...urlOption)
  .action(async (options: Options) => sweep(await readSettings(options), (line) => void process.stdout.write(`${line}\n`)))

program
  .command('export-audit')
  .description('the whole audit log on standard output, a record on each line as JSON, the first one first')
  .option(...urlOption)
  .action(async (options: Options) =>
    exportAudit(
      await readSettings(options),
      async (lines) => writeOut(lines),
      (line) => void process.stderr.write(`${line}\n`),
    ),
  )

/** At the pace of whoever reads. */
async function writeOut(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}

program.parseAsync().catch((error: unknown) => {
  const text = error instanceof CliProblem ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`${text}\n`)
  process.exitCode = 1
})
