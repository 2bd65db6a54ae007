import { once } from 'node:events'

import { Command, InvalidArgumentError, Option } from 'commander'

import { demo } from './demo/demo'
import { listParked, type QueueFilter, replayParked } from './dlq'
import { exportAudit } from './export-audit'
import { type HoldsFilter, listHolds } from './holds'
import { CliProblem } from './problem'
import { rebuildActivity } from './rebuild-activity'
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

const sayLine = (line: string) => void process.stdout.write(`${line}\n`)

program
  .command('rebuild-activity')
  .description('the figures of GET /v1/activity are made again from the first audit record on; ends when they are shown')
  .option(...urlOption)
  .action(async (options: Options) => rebuildActivity(await readSettings(options), sayLine))

program
  .command('holds')
  .description('who holds a product: live holds and lapsed ones that nobody has ended yet, with user, age and time left')
  .argument('<sku>')
  .addOption(new Option('--state <state>', 'only these').choices(['LIVE', 'LAPSED']))
  .option('--warehouse <code>', 'only in this warehouse')
  .option('--json', 'a line of JSON for each, on standard output')
  .option(...urlOption)
  .action(async (sku: string, options: Options & HoldsFilter) =>
    listHolds(await readSettings(options), sku, options, writeOut, (line) => void process.stderr.write(`${line}\n`)),
  )

const dlq = program
  .command('dlq')
  .description(
    'events that a consumer could not handle and parked: on Kafka (KAFKA_BROKERS), in the embedded log (EVENTS_DATABASE_URL), or of the running embedded system',
  )
const consumerOption = ['--consumer <name>', 'of this consumer only'] as const
const topicOption = ['--topic <name>', 'of what was published on this topic only'] as const

dlq
  .command('list')
  .description('what is parked: when, of which topic, by whom, key, type, attempts, error')
  .option(...consumerOption)
  .option(...topicOption)
  .option('--limit <count>', 'most messages of one consumer and topic', wholeCount, 100)
  .option('--json', 'a line of JSON for each, with the event id')
  .action(async (options: QueueFilter & { limit: number; json?: boolean }) => listParked(options, sayLine))

dlq
  .command('replay')
  .description('puts what is parked now back to the consumer that parked it; what fails again is parked again')
  .option(...consumerOption)
  .option(...topicOption)
  .action(async (options: QueueFilter) => replayParked(options, sayLine))

function wholeCount(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.')
  return Number(text)
}

/** At the pace of whoever reads. */
async function writeOut(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}

program.parseAsync().catch((error: unknown) => {
  const text = error instanceof CliProblem ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`${text}\n`)
  process.exitCode = 1
})
