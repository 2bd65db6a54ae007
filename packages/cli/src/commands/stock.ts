/** Units: how many there are, where, and who has them. */
import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings'

import { allOption, keyOption, limitOption, wholeCount, wholeNumber } from '../call'
import type { Cli } from '../cli'
import { lineForm, toLines } from '../lines'
import { pageOptions } from '../output'
import { availabilityView, holdView, levelView, movementView, shipmentView, toRows } from '../views'
import { watchAvailability } from '../watch'

const states = ['SELLABLE', 'DAMAGED', 'QUALITY'] as const

const warehouseOption = () => new Option('--warehouse <code>', 'MAIN when not said')
const referenceOption = () => new Option('--reference <text>', 'a document of yours')
const reasonOption = () => new Option('--reason <text>', 'why')
const reasonCodeOption = () =>
  new Option('--reason-code <word>', 'why, as a word that can be counted').choices([
    'COUNT',
    'DAMAGE',
    'LOSS',
    'THEFT',
    'FOUND',
    'CORRECTION',
    'RECEIVED',
    'OTHER',
  ] as const)

export function availability(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('availability')
    .description('what can be reserved now, over all warehouses and in each')
    .argument('<sku...>')
    .option('--channel <code>', 'only the warehouses of this sales channel')
    .action(
      cli.run(async ({ client, out }, skus, { channel }) => {
        const answer = await client.getAvailability({ skus, channel })
        await out.list(answer, answer.availability.flatMap(toRows), availabilityView)
      }),
    )
}

export function watch(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('watch')
    .description(
      'what can be reserved, and each change of it: in place on a terminal, elsewhere a line of JSON for each; until Ctrl-C',
    )
    .argument('<sku...>')
    .option('--channel <code>', 'only the warehouses of this sales channel')
    .action(cli.run(async (call, skus, { channel }) => watchAvailability(call, { skus, channel })))
}

export function adjust(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('adjust')
    .description('adds units, takes some away, or sets what a count found (admins)')
    .argument('<sku>')
    .argument('[delta]', 'as 5 or -2; or --expected-on-hand and --on-hand', wholeNumber)
    .option('--expected-on-hand <units>', 'refused if there are not so many', wholeNumber)
    .option('--on-hand <units>', 'what it becomes then', wholeNumber)
    .requiredOption('--reason <text>', 'why')
    .addOption(reasonCodeOption())
    .addOption(warehouseOption())
    .addOption(new Option('--account <state>', 'the units that are meant; SELLABLE when not said').choices(states))
    .addOption(referenceOption())
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, sku, delta, options) => {
        const answer = await client.adjustStock({ sku, delta, ...options })
        await out.one(answer, answer.level, levelView)
      }),
    )
}

export function move(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('move')
    .description('moves units between sellable, damaged and held for quality (admins)')
    .argument('<sku>')
    .argument('<units>', '', wholeCount)
    .addOption(new Option('--from <state>').choices(states).makeOptionMandatory())
    .addOption(new Option('--to <state>').choices(states).makeOptionMandatory())
    .requiredOption('--reason <text>', 'why')
    .addOption(reasonCodeOption())
    .addOption(warehouseOption())
    .addOption(referenceOption())
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, sku, quantity, options) => {
        const answer = await client.moveStock({ sku, quantity, ...options })
        await out.one(answer, answer.level, levelView)
      }),
    )
}

export function safety(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('safety')
    .description('keeps units back from new holds; 0: none (admins)')
    .argument('<sku>')
    .argument('<units>', '', wholeNumber)
    .addOption(warehouseOption())
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, sku, units, options) => {
        const answer = await client.setSafetyStock({ sku, units, ...options })
        await out.one(answer, answer.level, levelView)
      }),
    )
}

export function transfer(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('transfer')
    .description('sends free units to another warehouse: a shipment, or there at once (admins)')
    .argument('<sku>')
    .argument('<units>', '', wholeCount)
    .requiredOption('--from <warehouse>')
    .requiredOption('--to <warehouse>')
    .option('--immediate', 'they have arrived already')
    .option('--expected-at <time>', 'as 2026-12-24T12:00:00Z')
    .addOption(reasonOption())
    .addOption(referenceOption())
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, sku, quantity, options) => {
        const answer = await client.transferStock({ sku, quantity, ...options })
        await out.one(answer, answer.shipment, shipmentView)
      }),
    )
}

export function allocate(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('allocate')
    .description('takes free units out without a hold, once per reference; nothing but an adjustment takes it back (admins)')
    .argument('<lines...>', lineForm, toLines)
    .requiredOption('--reference <text>', 'a document of yours: the same again takes nothing')
    .requiredOption('--reason <text>', 'why')
    .action(
      cli.run(async ({ client, out }, lines, options) => {
        const answer = await client.createAllocation({ lines, ...options })
        await out.list(answer, answer.allocation?.lines ?? [], {
          id: ({ sku }) => sku,
          columns: { sku: ({ sku }) => sku, units: ({ quantity }) => quantity, warehouse: ({ warehouse }) => warehouse },
        })
      }),
    )
}

export function history(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('history')
    .description('the ledger of a product, newest first (admins)')
    .argument('<sku>')
    .option('--warehouse <code>', 'only in this one')
    .addOption(limitOption())
    .addOption(allOption())
    .action(
      cli.run(async ({ client, out }, sku, { warehouse, ...options }) =>
        out.pages(
          pageOptions(options),
          async (page) => client.getStockHistory({ sku, warehouse, ...page }),
          (answer) => answer.movements,
          movementView,
        ),
      ),
    )
}

export function holds(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('holds')
    .description(
      'who holds a product: live holds and lapsed ones that nobody has ended yet, whose time is up first in front (admins)',
    )
    .argument('<sku>')
    .addOption(new Option('--state <state>', 'only these').choices(['LIVE', 'LAPSED'] as const))
    .option('--warehouse <code>', 'only in this one')
    .option('--limit <count>', 'most of them (default: all)', wholeCount, Infinity)
    .action(
      cli.run(async ({ client, out }, sku, { limit, ...filter }) => {
        let [holding, units] = [0, 0]
        await out.pages(
          { limit, pageSize: 1_000 },
          async (page) => client.listProductHolds({ sku, ...filter, ...page }),
          ({ holds }) => {
            holding += holds.length
            units += holds.reduce((sum, { quantity }) => sum + quantity, 0)
            return holds
          },
          holdView,
          `Nobody holds ${sku}.`,
        )
        if (holding > 0) out.note(`holds: ${holding}, units: ${units}`)
      }),
    )
}
