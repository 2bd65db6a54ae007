/** The catalogue and the stock as CSV: docs/import-export.md. */
import { Argument, type CommandUnknownOpts, InvalidArgumentError, Option } from '@commander-js/extra-typings'

import type { Cli } from '../cli'

export function importFile(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('import')
    .description('a CSV file of products or stock: all of it is looked at before anything is written (admins)')
    .argument('<file>')
    .option('--check', 'only look')
    .option('--reason <text>', 'why stock changes, for its history')
    .addOption(
      new Option('--reason-code <code>', 'the same, as a word').choices([
        'COUNT',
        'DAMAGE',
        'LOSS',
        'THEFT',
        'FOUND',
        'CORRECTION',
        'RECEIVED',
        'OTHER',
      ] as const),
    )
    .option('--reference <text>', 'a document of yours, for the history of stock')
    .addOption(
      new Option('--chunk-rows <count>', 'rows that are written at once: shoppers of these wait meanwhile')
        .argParser(chunkRows)
        .default(500),
    )
    .action(
      cli.run(async (call, file, options) => {
        const { importCsv } = await import('../import.js')
        const { createProgress, noProgress } = await import('../progress.js')
        await importCsv(call, file, options, call.out.forPrograms ? noProgress : createProgress(process.stderr))
      }),
    )
}

export function exportFile(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('export')
    .description('all products, or all stock levels, as CSV that can be imported again (admins)')
    .addArgument(new Argument('<what>').choices(['products', 'stock'] as const))
    .option('--expecting', 'stock with a column that lets an import see what has moved since')
    .option('--output <file>', 'in the place of standard output')
    .action(
      cli.run(async ({ client, out }, what, { output, expecting }) => {
        const { exportCsv, writeWhole } = await import('../export.js')
        const work = async (write: (text: Uint8Array) => Promise<unknown>) => exportCsv(client, what, { expecting }, write)
        await (output === undefined ? work(async (text) => out.write(text)) : writeWhole(output, work))
      }),
    )
}

function chunkRows(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text) || Number(text) > 5_000) throw new InvalidArgumentError('It must be from 1 to 5000.')
  return Number(text)
}
