/** What consumers could not handle: seen, and put back once its cause is mended. */
import {
  type DeadLetterQueue,
  eventsShape,
  findDeadLetterQueues,
  listDeadLetters,
  openTransport,
  replayDeadLetters,
} from '@holdfast/events'
import type { Transport } from '@holdfast/events'
import { findRunning } from '@holdfast/launcher'
import { ConfigError, createLog, readConfig } from '@holdfast/service'

import { CliProblem } from './problem'
import { oneLine, renderTable } from './table'
import { dataFolder } from './settings'

/** Of the queues in which something waits, those of a consumer, or of a topic; all. */
export interface QueueFilter {
  consumer?: string
  topic?: string
}

const log = createLog('dlq', 'silent')

/**
 * A line for each parked message, oldest first within its queue.
 * @param limit most messages of a queue
 */
export async function listParked(
  filter: QueueFilter & { limit: number; json?: boolean },
  say: (line: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  await withTransport(env, async (transport) => {
    const queues = await findQueues(transport, filter)
    const letters = (await Promise.all(queues.map(async (queue) => listDeadLetters(transport, queue, filter.limit)))).flat()
    if (filter.json === true) {
      for (const letter of letters) say(JSON.stringify(letter))
      return
    }
    if (queues.length === 0) return say('Nothing is parked.')
    const head = ['parked at', 'topic', 'consumer', 'key', 'type', 'attempts', 'error']
    const rows = letters.map((each) => [
      each.failedAt,
      each.topic,
      each.consumer,
      each.key,
      each.type,
      String(each.attempts),
      short(each.error),
    ])
    say(renderTable(head, rows))
    for (const { topic, consumer, waiting } of queues) {
      if (waiting > filter.limit) say(`${waiting - filter.limit} more of ${topic} by ${consumer}: --limit`)
    }
  })
}

/** Puts parked messages back to the consumer that parked them, and to nobody else. */
export async function replayParked(
  filter: QueueFilter,
  say: (line: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  await withTransport(env, async (transport) => {
    const queues = await findQueues(transport, filter)
    if (queues.length === 0) say('Nothing is parked.')
    for (const { topic, consumer } of queues) {
      const count = await replayDeadLetters({ transport, topic, consumer, log })
      say(`${topic}: ${count} put back to ${consumer}`)
    }
  })
}

async function findQueues(transport: Transport, { consumer, topic }: QueueFilter): Promise<DeadLetterQueue[]> {
  const queues = await findDeadLetterQueues(transport)
  return queues.filter((queue) => queue.consumer === (consumer ?? queue.consumer) && queue.topic === (topic ?? queue.topic))
}

async function withTransport(env: NodeJS.ProcessEnv, work: (transport: Transport) => Promise<void>): Promise<void> {
  const transport = await openEvents(env)
  try {
    await work(transport)
  } catch (error) {
    throw new CliProblem(`the events could not be read: ${error instanceof Error ? error.message : String(error)}`, 'unavailable')
  } finally {
    await transport.close()
  }
}

/** By the variables of the services, else the embedded log of the system that runs on the data folder. */
async function openEvents(env: NodeJS.ProcessEnv): Promise<Transport> {
  const named = ['KAFKA_BROKERS', 'EVENTS_DATABASE_URL'].some((name) => env[name] || env[`${name}_FILE`])
  const running = named ? undefined : await findRunning(dataFolder(env))
  if (!named && running?.eventLog === undefined) {
    throw new CliProblem(
      `no events are known here: start Holdfast with "npm start", or set KAFKA_BROKERS or EVENTS_DATABASE_URL (looked in ${dataFolder(env)})`,
      'unavailable',
    )
  }
  try {
    const config = readConfig(eventsShape, named ? env : { ...env, EVENTS_DATABASE_URL: running?.eventLog })
    return await openTransport(config, { service: 'dlq', log })
  } catch (error) {
    if (error instanceof ConfigError) throw new CliProblem(error.message, 'usage')
    throw new CliProblem(
      `the event log can't be reached: ${error instanceof Error ? error.message : String(error)}`,
      'unavailable',
    )
  }
}

/** In the width of a line. */
function short(error: string): string {
  const line = oneLine(error)
  return line.length > 100 ? `${line.slice(0, 99)}…` : line
}
