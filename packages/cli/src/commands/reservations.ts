/** Units set aside for somebody, for a while. */
import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings'

import { allOption, keyOption, limitOption, wholeCount } from '../call'
import type { Cli } from '../cli'
import { lineForm, toLines } from '../lines'
import { pageOptions } from '../output'
import { reservationView } from '../views'

export function createHold(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('create-hold')
    .alias('reserve')
    .description('sets units aside: all lines or none')
    .argument('<lines...>', lineForm, toLines)
    .option('--ttl-seconds <seconds>', 'until it lapses (default: as the system is set)', wholeCount)
    .option('--channel <code>', 'from the warehouses of this sales channel')
    .option('--allow-split', 'from several warehouses where no one has all')
    .addOption(new Option('--split-by <strategy>').choices(['FEWEST_PARCELS', 'PRIORITY', 'MOST_STOCK'] as const))
    .addOption(
      new Option('--strategy <strategy>', 'how others are kept apart (admins)').choices([
        'COMBINING',
        'PESSIMISTIC',
        'OPTIMISTIC',
      ] as const),
    )
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, lines, options) => {
        const answer = await client.createReservation({ lines, ...options })
        await out.one(answer, answer.reservation, reservationView)
      }),
    )
}

export function reservations(program: CommandUnknownOpts, cli: Cli): void {
  const family = program
    .command('reservations')
    .description('your reservations, newest first')
    .addOption(new Option('--status <status>', 'only these').choices(['ACTIVE', 'COMMITTED', 'CANCELLED', 'EXPIRED'] as const))
    .option('--user-id <id>', "one user's (admins)")
    .addOption(limitOption())
    .addOption(allOption())
    .action(
      cli.run(async ({ client, out }, { status, userId, ...options }) =>
        out.pages(
          pageOptions(options),
          async (page) => client.listReservations({ status, userId, ...page }),
          (answer) => answer.reservations,
          reservationView,
        ),
      ),
    )
  family
    .command('show')
    .description('one of them')
    .argument('<reservation>', 'its id')
    .action(
      cli.run(async ({ client, out }, id) => {
        const answer = await client.getReservation({ id })
        await out.one(answer, answer.reservation, reservationView)
      }),
    )
}

export function extend(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('extend')
    .description('moves the end of a reservation to a later time')
    .argument('<reservation>', 'its id')
    .requiredOption('--ttl-seconds <seconds>', 'from now on', wholeCount)
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, id, options) => {
        const answer = await client.extendReservation({ id, ...options })
        await out.one(answer, answer.reservation, reservationView)
      }),
    )
}

export function change(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('change')
    .description('sets how many units of some SKUs a reservation has; what is not named stays')
    .argument('<reservation>', 'its id')
    .argument('<lines...>', `${lineForm}, the units that are wanted in the end; 0: none`, toLines)
    .option('--expected-version <version>', 'only if it has this version', wholeCount)
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, id, lines, options) => {
        const answer = await client.changeReservation({ id, lines, ...options })
        await out.one(answer, answer.reservation, reservationView)
      }),
    )
}

export function release(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('release')
    .description('gives some units of a reservation back, and keeps the rest')
    .argument('<reservation>', 'its id')
    .argument('<lines...>', lineForm, toLines)
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, id, lines) => {
        const answer = await client.releaseReservation({ id, lines })
        await out.one(answer, answer.reservation, reservationView)
      }),
    )
}

export function cancel(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('cancel')
    .description('gives all units of a reservation back')
    .argument('<reservation>', 'its id')
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, id) => {
        const answer = await client.cancelReservation({ id })
        await out.one(answer, answer.reservation, reservationView)
      }),
    )
}

export function sweep(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('sweep')
    .description('one pass of the sweeper, now: due reservations end, holds without a reservation are released (admins)')
    .action(
      cli.run(async ({ client, out }) => {
        const answer = await client.sweep({}, { timeoutMs: 60_000 })
        await out.say(
          answer,
          `reservations expired: ${answer.expired}`,
          `holds without a reservation released: ${answer.orphans}`,
        )
      }),
    )
}
