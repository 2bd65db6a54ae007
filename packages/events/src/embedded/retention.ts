import { randomInt } from 'node:crypto'

import type { Logger } from 'pino'
import type { Database } from '@holdfast/service'

import { isDeadLetterTopic } from '../dead-letters'
import { parkedDays, topicDays } from '../retention'
import { deleteOldMessages } from './sql'

const dayMs = 86_400_000
const intervalMs = 3_600_000
const firstRunMs = 60_000

/** Deletes old messages soon after the start and every hour, each process at a time of its own. */
export function startRetention(database: Database, log: Logger): { stop(): Promise<void> } {
  let running = Promise.resolve()
  const run = () => {
    running = dropOldMessages(database, new Date()).catch((error: unknown) => {
      log.warn({ err: error }, 'old messages could not be deleted; next time')
    })
  }
  let timer = setTimeout(() => {
    run()
    timer = setInterval(run, intervalMs)
  }, randomInt(firstRunMs))
  return {
    stop: async () => {
      clearTimeout(timer)
      await running
    },
  }
}

/** Deletes messages that are older than their topic keeps them: seven days, parked ones fourteen. */
export async function dropOldMessages(database: Database, now: Date): Promise<void> {
  const { rows } = await database.pool.query<{ id: number; name: string }>('select id, name from topics order by name')
  for (const topic of rows) {
    const days = isDeadLetterTopic(topic.name) ? parkedDays : topicDays
    const before = new Date(now.getTime() - days * dayMs)
    while (await deleteOldMessages(database.pool, topic.id, before));
  }
}
