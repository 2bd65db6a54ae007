/** Where stock is, who sees it, and what is on the way there. */
import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings'

import { allOption, keyOption, limitOption, wholeCount, wholeNumber } from '../call'
import type { Cli } from '../cli'
import { toLines } from '../lines'
import { pageOptions } from '../output'
import { channelView, shipmentView, warehouseView } from '../views'

export function warehouses(program: CommandUnknownOpts, cli: Cli): void {
  const family = program
    .command('warehouses')
    .description('warehouses, the one that is tried first in front')
    .addOption(limitOption())
    .addOption(allOption())
    .action(
      cli.run(async ({ client, out }, options) =>
        out.pages(
          pageOptions(options),
          async (page) => client.listWarehouses(page),
          (answer) => answer.warehouses,
          warehouseView,
        ),
      ),
    )
  family
    .command('create')
    .description('a new one (admins)')
    .argument('<code>')
    .argument('<name>')
    .option('--priority <number>', 'the lower, the sooner it is tried; MAIN has 0', wholeNumber)
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, code, name, options) => {
        const answer = await client.createWarehouse({ code, name, ...options })
        await out.one(answer, answer.warehouse, warehouseView)
      }),
    )
  family
    .command('update')
    .description('changes what is named, and leaves the rest (admins)')
    .argument('<code>')
    .option('--name <text>')
    .option('--priority <number>', 'the lower, the sooner it is tried', wholeNumber)
    .option('--expected-version <version>', 'only if it has this version', wholeCount)
    .action(
      cli.run(async ({ client, out }, code, options) => {
        const answer = await client.updateWarehouse({ code, ...options })
        await out.one(answer, answer.warehouse, warehouseView)
      }),
    )
}

export function channels(program: CommandUnknownOpts, cli: Cli): void {
  const family = program
    .command('channels')
    .description('sales channels, and the warehouses that each sees, in its order')
    .addOption(limitOption())
    .addOption(allOption())
    .action(
      cli.run(async ({ client, out }, options) =>
        out.pages(
          pageOptions(options),
          async (page) => client.listSalesChannels(page),
          (answer) => answer.channels,
          channelView,
        ),
      ),
    )
  family
    .command('create')
    .description('a new one (admins)')
    .argument('<code>')
    .argument('<name>')
    .argument('<warehouses...>', 'the one that is tried first in front')
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, code, name, codes) => {
        const answer = await client.createSalesChannel({ code, name, warehouses: codes })
        await out.one(answer, answer.channel, channelView)
      }),
    )
  family
    .command('update')
    .description('changes what is named, and leaves the rest (admins)')
    .argument('<code>')
    .option('--name <text>')
    .option('--warehouses <codes...>', 'all of them')
    .option('--expected-version <version>', 'only if it has this version', wholeCount)
    .action(
      cli.run(async ({ client, out }, code, options) => {
        const answer = await client.updateSalesChannel({ code, ...options })
        await out.one(answer, answer.channel, channelView)
      }),
    )
  family
    .command('delete')
    .description('what is reserved through it stays as it is (admins)')
    .argument('<code>')
    .action(cli.run(async ({ client, out }, code) => out.say(await client.deleteSalesChannel({ code }), `${code} is deleted.`)))
  family
    .command('show')
    .description('one of them')
    .argument('<code>')
    .action(
      cli.run(async ({ client, out }, code) => {
        const answer = await client.getSalesChannel({ code })
        await out.one(answer, answer.channel, channelView)
      }),
    )
}

export function shipments(program: CommandUnknownOpts, cli: Cli): void {
  const family = program
    .command('shipments')
    .description('what is on the way to warehouses, newest first (admins)')
    .addOption(new Option('--state <state>', 'only these').choices(['OPEN', 'RECEIVED', 'CANCELLED'] as const))
    .option('--warehouse <code>', 'to or from this one')
    .addOption(limitOption())
    .addOption(allOption())
    .action(
      cli.run(async ({ client, out }, { state, warehouse, ...options }) =>
        out.pages(
          pageOptions(options),
          async (page) => client.listShipments({ state, warehouse, ...page }),
          (answer) => answer.shipments,
          shipmentView,
        ),
      ),
    )
  family
    .command('show')
    .description('one of them (admins)')
    .argument('<id>')
    .action(
      cli.run(async ({ client, out }, id) => {
        const answer = await client.getShipment({ id })
        await out.one(answer, answer.shipment, shipmentView)
      }),
    )
  family
    .command('create')
    .description('announces units that a supplier sends: incoming until they are received (admins)')
    .argument('<lines...>', 'SKU[=UNITS]', toLines)
    .option('--warehouse <code>', 'MAIN when not said')
    .option('--supplier <text>')
    .option('--reference <text>', 'a document of yours')
    .option('--expected-at <time>', 'as 2026-12-24T12:00:00Z')
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, lines, options) => {
        const answer = await client.createShipment({ lines, ...options })
        await out.one(answer, answer.shipment, shipmentView)
      }),
    )
  family
    .command('receive')
    .description('units of it have arrived, once for each receipt (admins)')
    .argument('<id>')
    .argument('[lines...]', 'SKU[=UNITS]', toLines)
    .requiredOption('--receipt <text>', 'of this delivery: the same again adds nothing')
    .addOption(new Option('--state <state>', 'that they are in').choices(['SELLABLE', 'DAMAGED', 'QUALITY'] as const))
    .option('--closing', 'what is still open after that will not arrive')
    .action(
      cli.run(async ({ client, out }, id, lines, { receipt: receiptReference, state, closing }) => {
        const received = (lines ?? []).map(({ sku, quantity }) => ({ sku, quantity, state }))
        const answer = await client.receiveShipment({ id, receiptReference, lines: received, closing })
        await out.one(answer, answer.shipment, shipmentView)
      }),
    )
  family
    .command('cancel')
    .description('what is still on the way will not arrive (admins)')
    .argument('<id>')
    .action(
      cli.run(async ({ client, out }, id) => {
        const answer = await client.cancelShipment({ id })
        await out.one(answer, answer.shipment, shipmentView)
      }),
    )
}
