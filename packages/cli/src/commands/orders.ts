/** What was bought. */
import { InvalidArgumentError, type CommandUnknownOpts, Option } from '@commander-js/extra-typings'

import { allOption, keyOption, limitOption, wholeCount } from '../call'
import type { Cli } from '../cli'
import { lineForm, toLines } from '../lines'
import { pageOptions } from '../output'
import { orderView } from '../views'

const statuses = ['PENDING', 'CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'CANCELLED'] as const

const paymentTokenOption = () =>
  new Option(
    '--payment-token <token>',
    "the provider's, for the card; the simulated one takes tok_ok, tok_declined, tok_callback, ... (docs/payments.md)",
  )

/** A payment is waited for as long as the provider may take, and longer than the system's own limit, in ms. */
const paymentMs = 60_000

export function checkout(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('checkout')
    .description('pays a reservation, or some units of it: it becomes an order')
    .argument('<reservation>', 'its id')
    .argument('[lines...]', `${lineForm}: only these; the others stay reserved`, toLines)
    .addOption(paymentTokenOption())
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, reservationId, lines, options) => {
        const answer = await client.checkout({ reservationId, lines, ...options }, { timeoutMs: paymentMs })
        await out.one(answer, answer.order, orderView)
      }),
    )
}

export function placeOrder(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('place-order')
    .description('an order and its reservation in one: it waits for "orders confirm", and lapses with the reservation')
    .argument('<lines...>', lineForm, toLines)
    .option('--ttl-seconds <seconds>', 'that the units are held (default: as the system is set)', wholeCount)
    .option('--channel <code>', 'from the warehouses of this sales channel')
    .option('--allow-split', 'from several warehouses where no one has all')
    .addOption(new Option('--split-by <strategy>').choices(['FEWEST_PARCELS', 'PRIORITY', 'MOST_STOCK'] as const))
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, lines, options) => {
        const answer = await client.placeOrder({ lines, ...options })
        await out.one(answer, answer.order, orderView)
      }),
    )
}

export function orders(program: CommandUnknownOpts, cli: Cli): void {
  const family = program
    .command('orders')
    .description("your orders; an admin's everyone's")
    .addOption(new Option('--status <status>', 'only these').choices(statuses))
    .option('--user-id <id>', "one user's (admins)")
    .option('--min-total-minor <amount>', 'in the smallest unit, as cents', minorUnits)
    .option('--max-total-minor <amount>', 'in the smallest unit', minorUnits)
    .option('--created-after <time>', 'from then on, as 2026-12-24T12:00:00Z')
    .option('--created-before <time>', 'before then')
    .addOption(new Option('--sort <order>').choices(['CREATED_DESC', 'CREATED_ASC', 'TOTAL_DESC', 'TOTAL_ASC'] as const))
    .addOption(limitOption())
    .addOption(allOption())
    .action(
      cli.run(async ({ client, out }, { limit, all, ...filter }) =>
        out.pages(
          pageOptions({ limit, all }),
          async (page) => client.listOrders({ ...filter, ...page }),
          (answer) => answer.orders,
          orderView,
        ),
      ),
    )
  family
    .command('show')
    .description('one of them')
    .argument('<order>', 'its id')
    .action(
      cli.run(async ({ client, out }, id) => {
        const answer = await client.getOrder({ id })
        await out.one(answer, answer.order, orderView)
      }),
    )
  family
    .command('confirm')
    .description('pays one that waits')
    .argument('<order>', 'its id')
    .addOption(paymentTokenOption())
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, id, options) => {
        const answer = await client.confirmOrder({ id, ...options }, { timeoutMs: paymentMs })
        await out.one(answer, answer.order, orderView)
      }),
    )
  family
    .command('cancel')
    .description('of one that waits the units are free again; of one that is paid they come back, and the payment is refunded')
    .argument('<order>', 'its id')
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, id) => {
        const answer = await client.cancelOrder({ id })
        await out.one(answer, answer.order, orderView)
      }),
    )
  family
    .command('transition')
    .description('moves one along its states (admins)')
    .argument('<order>', 'its id')
    .addArgument(family.createArgument('<status>', '').choices(statuses))
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, id, status) => {
        const answer = await client.transitionOrder({ id, status })
        await out.one(answer, answer.order, orderView)
      }),
    )
}

function minorUnits(text: string): string {
  if (!/^\d{1,18}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return text
}
