/** What is told to others over HTTP, where the notification service runs. */
import { type CommandUnknownOpts, InvalidArgumentError, Option } from '@commander-js/extra-typings'

import { allOption, keyOption, limitOption, wholeNumber } from '../call'
import type { Cli } from '../cli'
import { pageOptions } from '../output'
import { deliveryView, endpointView } from '../views'

export function webhooks(program: CommandUnknownOpts, cli: Cli): void {
  const family = program
    .command('webhooks')
    .description('addresses that events are sent to, newest first (admins; with NOTIFICATIONS=on)')
    .addOption(limitOption())
    .addOption(allOption())
    .action(
      cli.run(async ({ client, out }, options) =>
        out.pages(
          pageOptions(options),
          async (page) => client.listWebhookEndpoints(page),
          (answer) => answer.endpoints,
          endpointView,
        ),
      ),
    )
  addEndpoints(family, cli)
  addDeliveries(family, cli)
}

function addEndpoints(family: CommandUnknownOpts, cli: Cli): void {
  family
    .command('show')
    .description('one of them')
    .argument('<id>')
    .action(
      cli.run(async ({ client, out }, id) => {
        const answer = await client.getWebhookEndpoint({ id })
        await out.one(answer, answer.endpoint, endpointView)
      }),
    )
  family
    .command('create')
    .description('a new one; its secret is told now, and never again')
    .argument('<url>', 'https')
    .argument('<types...>', 'event types, as holdfast.order.confirmed.v1, all of an object as "holdfast.stock.*", or "*"')
    .option('--description <text>')
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, address, eventTypes, options) => {
        const answer = await client.createWebhookEndpoint({ url: address, eventTypes, ...options })
        await out.one(answer, answer.endpoint, endpointView)
        if (!out.forPrograms && answer.secret !== '') await out.write(`secret: ${answer.secret}\n`)
      }),
    )
  family
    .command('update')
    .description('changes what is named, and leaves the rest')
    .argument('<id>')
    .option('--url-to <url>', 'where it goes from now on')
    .option('--description <text>')
    .option('--event-types <types...>', 'all of them')
    .action(
      cli.run(async ({ client, out }, id, { urlTo, ...options }) => {
        const answer = await client.updateWebhookEndpoint({ id, url: urlTo, ...options })
        await out.one(answer, answer.endpoint, endpointView)
      }),
    )
  family
    .command('delete')
    .description('with its deliveries')
    .argument('<id>')
    .action(
      cli.run(async ({ client, out }, id) => {
        await out.say(await client.deleteWebhookEndpoint({ id }), `${id} is deleted.`)
      }),
    )
  family
    .command('pause')
    .description('nothing is sent until it is resumed; its events wait')
    .argument('<id>')
    .action(
      cli.run(async ({ client, out }, id) => {
        const answer = await client.pauseWebhookEndpoint({ id })
        await out.one(answer, answer.endpoint, endpointView)
      }),
    )
  family
    .command('resume')
    .description('what waits is sent in its order')
    .argument('<id>')
    .action(
      cli.run(async ({ client, out }, id) => {
        const answer = await client.resumeWebhookEndpoint({ id })
        await out.one(answer, answer.endpoint, endpointView)
      }),
    )
  family
    .command('rotate-secret')
    .description('a new secret; the old one signs as well for a while')
    .argument('<id>')
    .option('--overlap-seconds <seconds>', 'for so long; a day when not said', wholeNumber)
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, id, options) => {
        const answer = await client.rotateWebhookSecret({ id, ...options })
        await out.say(answer, answer.secret)
      }),
    )
}

function addDeliveries(family: CommandUnknownOpts, cli: Cli): void {
  const numberOf = (text: string): string => {
    if (!/^\d{1,18}$/.test(text)) throw new InvalidArgumentError('It must be a number.')
    return text
  }
  const log = family
    .command('deliveries')
    .description('what was sent, or waits, newest first')
    .option('--endpoint-id <id>')
    .addOption(new Option('--status <status>', 'only these').choices(['PENDING', 'DELIVERED', 'SKIPPED'] as const))
    .option('--event-type <type>')
    .option('--event-id <id>')
    .option('--after <time>', 'of the event, as 2026-12-24T12:00:00Z')
    .option('--before <time>')
    .addOption(limitOption())
    .addOption(allOption())
    .action(
      cli.run(async ({ client, out }, { limit, all, ...filter }) =>
        out.pages(
          pageOptions({ limit, all }),
          async (page) => client.listWebhookDeliveries({ ...filter, ...page }),
          (answer) => answer.deliveries,
          deliveryView,
        ),
      ),
    )
  log
    .command('show')
    .description('one of them; with --json what is sent as well')
    .argument('<id>', '', numberOf)
    .action(
      cli.run(async ({ client, out }, id) => {
        const answer = await client.getWebhookDelivery({ id })
        await out.one(answer, answer.delivery, deliveryView)
      }),
    )
  log
    .command('skip')
    .description('gives one up that waits, so that those behind it can go')
    .argument('<id>', '', numberOf)
    .action(
      cli.run(async ({ client, out }, id) => {
        const answer = await client.skipWebhookDelivery({ id })
        await out.one(answer, answer.delivery, deliveryView)
      }),
    )
  family
    .command('replay')
    .description('sends again what is in the log: one delivery, or those of a span of time')
    .argument('<endpoint>', 'its id')
    .option('--delivery-id <id>', 'this one', numberOf)
    .option('--after <time>', 'of the event, as 2026-12-24T12:00:00Z')
    .option('--before <time>', 'now when not said')
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, endpointId, options) => {
        const answer = await client.replayWebhookDeliveries({ endpointId, ...options })
        await out.say(answer, `deliveries that are sent again: ${answer.count}`)
      }),
    )
}
