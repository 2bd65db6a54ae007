/** What consumers could not handle. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings'

import { wholeCount } from '../call'
import type { Cli } from '../cli'

export function events(program: CommandUnknownOpts, cli: Cli): void {
  addDlq(program.command('events').description('what is published, and who could not take it').command('dlq'), cli)
}

export function dlq(program: CommandUnknownOpts, cli: Cli): void {
  addDlq(program.command('dlq', { hidden: true }), cli)
}

function addDlq(family: CommandUnknownOpts, { env }: Cli): void {
  family.description(
    'events that a consumer could not handle and parked: on Kafka (KAFKA_BROKERS), in the embedded log (EVENTS_DATABASE_URL), or of the running embedded system',
  )
  const consumerOption = ['--consumer <name>', 'of this consumer only'] as const
  const topicOption = ['--topic <name>', 'of what was published on this topic only'] as const
  family
    .command('list')
    .description('what is parked: when, of which topic, by whom, key, type, attempts, error; with --json a line for each')
    .option(...consumerOption)
    .option(...topicOption)
    .option('--limit <count>', 'most messages of one consumer and topic', wholeCount, 100)
    .action(async (_options, command) => {
      const { listParked } = await import('../dlq.js')
      await listParked(command.optsWithGlobals(), sayLine, env)
    })
  family
    .command('replay')
    .description('puts what is parked now back to the consumer that parked it; what fails again is parked again')
    .option(...consumerOption)
    .option(...topicOption)
    .action(async (options) => {
      const { replayParked } = await import('../dlq.js')
      await replayParked(options, sayLine, env)
    })
}

const sayLine = (line: string): void => void process.stdout.write(`${line}\n`)
