/** Who is next when units come. */
import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings'

import { allOption, keyOption, limitOption, wholeCount } from '../call'
import type { Cli } from '../cli'
import { pageOptions } from '../output'
import { waitlistPlaceView, waitlistView } from '../views'

const statuses = ['WAITING', 'OFFERED', 'FULFILLED', 'LAPSED', 'LEFT'] as const

export function waitlist(program: CommandUnknownOpts, cli: Cli): void {
  const family = program
    .command('waitlist')
    .description('your places in the lines for what is sold out, newest first')
    .addOption(new Option('--status <status>', 'only these').choices(statuses))
    .option('--user-id <id>', "one user's (admins)")
    .addOption(limitOption())
    .addOption(allOption())
    .action(
      cli.run(async ({ client, out }, { status, userId, ...options }) =>
        out.pages(
          pageOptions(options),
          async (page) => client.listWaitlistEntries({ status, userId, ...page }),
          (answer) => answer.entries,
          waitlistView,
        ),
      ),
    )
  family
    .command('join')
    .description('waits for units of a product: they are reserved for whoever is first in line and fits')
    .argument('<sku>')
    .argument('[units]', '1 when not said', wholeCount)
    .option('--channel <code>', 'only units of the warehouses of this sales channel')
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, sku, quantity = 1, options) => {
        const answer = await client.createWaitlistEntry({ sku, quantity, ...options })
        await out.one(answer, answer.entry, waitlistView)
      }),
    )
  family
    .command('show')
    .description('one of them')
    .argument('<id>')
    .action(
      cli.run(async ({ client, out }, id) => {
        const answer = await client.getWaitlistEntry({ id })
        await out.one(answer, answer.entry, waitlistView)
      }),
    )
  family
    .command('leave')
    .description('gives a place up; what was offered already is a reservation, to be cancelled')
    .argument('<id>')
    .action(
      cli.run(async ({ client, out }, id) => {
        const answer = await client.deleteWaitlistEntry({ id })
        await out.one(answer, answer.entry, waitlistView)
      }),
    )
  family
    .command('line')
    .description('who waits for a product, and to whom it is offered, the first in front (admins)')
    .argument('<sku>')
    .addOption(new Option('--status <status>', 'only these; WAITING and OFFERED when not said').choices(statuses))
    .addOption(limitOption())
    .addOption(allOption())
    .action(
      cli.run(async ({ client, out }, sku, { status, ...options }) =>
        out.pages(
          pageOptions(options),
          async (page) => client.listProductWaitlist({ sku, status, ...page }),
          (answer) => answer.places,
          waitlistPlaceView,
        ),
      ),
    )
}
