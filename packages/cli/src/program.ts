import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings'

import { version } from '../package.json'
import type { Cli } from './cli'
import * as audit from './commands/audit'
import * as catalogue from './commands/catalogue'
import * as events from './commands/events'
import * as files from './commands/files'
import * as orders from './commands/orders'
import * as reservations from './commands/reservations'
import * as sessions from './commands/sessions'
import * as stock from './commands/stock'
import * as system from './commands/system'
import * as tools from './commands/tools'
import * as waitlist from './commands/waitlist'
import * as warehouses from './commands/warehouses'
import * as webhooks from './commands/webhooks'
import { complete, completion } from './completion'
import { exitCodes } from './exit-codes'

/** A command, or a family of them. */
type Register = (program: CommandUnknownOpts, cli: Cli) => void

/** The table of contents: every command, in the order of the help. */
const contents: [group: string, commands: Register[]][] = [
  ['Who you are:', [sessions.login, sessions.register, sessions.logout, sessions.whoami, sessions.users]],
  ['Catalogue:', [catalogue.listProducts, catalogue.product, catalogue.createProduct, catalogue.updateProduct]],
  [
    'Stock:',
    [
      stock.availability,
      stock.watch,
      stock.adjust,
      stock.move,
      stock.safety,
      stock.transfer,
      stock.allocate,
      stock.history,
      stock.holds,
      warehouses.warehouses,
      warehouses.channels,
      warehouses.shipments,
    ],
  ],
  [
    'Reservations:',
    [
      reservations.createHold,
      reservations.reservations,
      reservations.extend,
      reservations.change,
      reservations.release,
      reservations.cancel,
      waitlist.waitlist,
      reservations.sweep,
    ],
  ],
  ['Orders:', [orders.checkout, orders.placeOrder, orders.orders]],
  ['Files:', [files.importFile, files.exportFile]],
  ['Records:', [audit.audit, audit.activity]],
  [
    'The system:',
    [
      system.health,
      system.consistency,
      events.events,
      webhooks.webhooks,
      system.demo,
      system.bench,
      system.api,
      tools.shell,
      completion,
    ],
  ],
]

/** Earlier names, which go on working, and what scripts ask; they are not shown. */
const hidden: Register[] = [events.dlq, audit.exportAudit, audit.rebuildActivity, complete]

/** The whole program; no command has run yet. */
export function createProgram(cli: Cli): CommandUnknownOpts {
  const program = new Command('holdfast')
    .description('Sets stock aside, sells it once, and says what became of it: commands against a running Holdfast.')
    .version(version, '-V, --version')
    .option(
      '--url <url>',
      'of the gateway (default: HOLDFAST_URL, else the embedded system of this folder, else http://127.0.0.1:8080)',
    )
    .addOption(new Option('--as <user>', 'one of the two users of an embedded start').choices(['admin', 'user'] as const))
    .option('--json', 'the answer of the API, as JSON on one line; a failure as a problem (RFC 9457) on standard error')
    .option('-q, --quiet', 'ids only')
    .exitOverride()
    .configureOutput({ outputError: (text) => void cli.complaints.push(text) })
    .configureHelp({ showGlobalOptions: true, sortOptions: false })
    .showSuggestionAfterError()
    .addHelpText('after', exitCodeHelp)
  for (const [group, commands] of contents) {
    program.commandsGroup(group)
    for (const register of commands) register(program, cli)
  }
  for (const register of hidden) register(program, cli)
  return program
}

function exitCodeHelp(): string {
  const lines = Object.values(exitCodes).map(([code, meaning]) => `  ${String(code).padEnd(5)}${meaning}`)
  return `\nExit codes:\n${lines.join('\n')}`
}
