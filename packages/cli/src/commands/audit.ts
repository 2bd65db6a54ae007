/** What was done, by whom, and what the shop made of it. */
import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings'

import { rebuild } from '../activity'
import { allOption, keyOption, limitOption, wholeCount } from '../call'
import type { Cli } from '../cli'
import { showMoney } from '../money'
import { pageOptions } from '../output'
import { at } from '../time'
import { auditView } from '../views'

export function audit(program: CommandUnknownOpts, cli: Cli): void {
  const family = program.command('audit').description('the record of every change, each with the hash of the one before (admins)')
  family
    .command('list', { isDefault: true })
    .description('newest first')
    .option('--action <action>', 'as reservation.created')
    .option('--object-type <type>', 'as reservation')
    .option('--object-id <id>')
    .option('--actor-id <id>')
    .option('--request-id <id>')
    .option('--after <time>', 'from then on, as 2026-12-24T12:00:00Z')
    .option('--before <time>', 'before then')
    .option('--oldest-first')
    .addOption(limitOption())
    .addOption(allOption())
    .action(
      cli.run(async ({ client, out }, { limit, all, ...filter }) =>
        out.pages(
          pageOptions({ limit, all }, 500),
          async (page) => client.listAuditRecords({ ...filter, ...page }),
          (answer) => answer.records,
          auditView,
        ),
      ),
    )
  family
    .command('show')
    .description('one record, with what was before and after')
    .argument('<sequence>', '', wholeCount)
    .action(
      cli.run(async ({ client, out }, sequence) => {
        const answer = await client.getAuditRecord({ sequence })
        await out.one(answer, answer.record, auditView)
      }),
    )
  family
    .command('verify')
    .description('computes all hashes again; exit code 1 and the first record that is wrong, if one is')
    .option('--checkpoint <signature>', 'one that was kept: the log must still have its record')
    .action(
      cli.run(async ({ client, out }, options) => {
        const answer = await client.verifyAudit(options, { timeoutMs: 600_000 })
        if (!answer.valid) cli.exitCode = 1
        await out.say(
          answer,
          answer.valid
            ? `The log is whole: ${answer.checked} records, head ${answer.headHash}`
            : `Record ${answer.firstBadSequence} is wrong: ${answer.problem} (${answer.checked} records looked at)`,
        )
      }),
    )
  family
    .command('checkpoint')
    .description('the end of the log as it is now, signed; keep it elsewhere for "audit verify --checkpoint"')
    .action(
      cli.run(async ({ client, out }) => {
        const answer = await client.getAuditCheckpoint({})
        await out.say(answer, answer.checkpoint?.signature ?? '')
      }),
    )
  addExport(family, 'export', cli)
}

export function exportAudit(program: CommandUnknownOpts, cli: Cli): void {
  addExport(program, 'export-audit', cli, { hidden: true })
}

function addExport(parent: CommandUnknownOpts, name: string, cli: Cli, options: { hidden?: boolean } = {}): void {
  parent
    .command(name, options)
    .description('all of it on standard output, a record on each line as JSON, the first one first')
    .action(
      cli.run(async ({ client, out }) => {
        let exported = 0
        for (let pageToken = ''; ;) {
          const { records, nextPageToken } = await client.listAuditRecords({ oldestFirst: true, pageSize: 500, pageToken })
          await out.write(records.map((record) => `${JSON.stringify(record)}\n`).join(''))
          exported += records.length
          if (nextPageToken === '') break
          pageToken = nextPageToken
        }
        out.note(`${exported} records`)
      }),
    )
}

export function activity(program: CommandUnknownOpts, cli: Cli): void {
  const family = program
    .command('activity')
    .description('what the shop did over some time: reservations and what became of them, orders, revenue, top SKUs (admins)')
    .option('--from <time>', 'as 2026-12-24T00:00:00Z; 24 hours before the end when not said')
    .option('--to <time>', 'now when not said')
    .addOption(new Option('--bucket <length>').choices(['MINUTE', 'HOUR', 'DAY'] as const))
    .option('--top <count>', 'SKUs of each currency', wholeCount)
    .addOption(new Option('--top-by <figure>').choices(['REVENUE', 'UNITS_SOLD', 'UNITS_RESERVED'] as const))
    .action(
      cli.run(async ({ client, out }, options) => {
        const answer = await client.getActivity(options)
        const { totals } = answer
        if (out.forPrograms || totals === undefined) return out.say(answer)
        await out.one(answer, totals, {
          id: () => '',
          columns: {
            from: () => at(answer.from),
            to: () => at(answer.to),
            reservations: ({ reservationsCreated }) => reservationsCreated,
            '  of them sold': (figures) => share(figures.reservationsCommitted, figures.conversionRate),
            '  lapsed': (figures) => share(figures.reservationsExpired, figures.expiryRate),
            '  given back': ({ reservationsCancelled }) => reservationsCancelled,
            '  open': ({ reservationsActive }) => reservationsActive,
            'orders paid': ({ ordersConfirmed }) => ordersConfirmed,
            'orders cancelled': ({ ordersCancelled }) => ordersCancelled,
            revenue: ({ revenue }) => revenue.map(showMoney).join(', '),
            refunds: ({ refunds }) => refunds.map(showMoney).join(', '),
          },
        })
        if (answer.topSkus.length === 0) return
        await out.write('\n')
        await out.list(answer, answer.topSkus, {
          id: ({ sku }) => sku,
          columns: {
            sku: ({ sku }) => sku,
            sold: ({ unitsSold }) => unitsSold,
            reserved: ({ unitsReserved }) => unitsReserved,
            revenue: ({ revenue }) => revenue && showMoney(revenue),
          },
        })
      }),
    )
  addRebuild(family, 'rebuild', cli)
}

export function rebuildActivity(program: CommandUnknownOpts, cli: Cli): void {
  addRebuild(program, 'rebuild-activity', cli, { hidden: true })
}

function addRebuild(parent: CommandUnknownOpts, name: string, cli: Cli, options: { hidden?: boolean } = {}): void {
  parent
    .command(name, options)
    .description('the figures are made again from the first audit record on; ends when they are shown (admins)')
    .addOption(keyOption())
    .action(cli.run(rebuild))
}

function share(count: string, rate: number | string | undefined): string {
  return typeof rate === 'number' ? `${count} (${(rate * 100).toFixed(1)} %)` : count
}
