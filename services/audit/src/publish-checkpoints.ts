import { setTimeout as sleep } from 'node:timers/promises'

import { AuditCheckpointed } from '@holdfast/contracts/audit'
import { appendEvents, createEvent } from '@holdfast/events'
import { type Database, type Logger, systemContext } from '@holdfast/service'

import type { CheckpointKey } from './checkpoint'
import { insertCheckpoint, readHead } from './sql/checkpoints'

export interface PublishCheckpointsOptions {
  database: Database
  key: CheckpointKey
  /** Between two looks, in ms. */
  intervalMs: number
  /** Called after a commit that wrote an event. */
  published: () => void
  log: Logger
}

/** Publishes the signed end of the log, every so often while it grows. @returns ends it */
export function publishCheckpoints(options: PublishCheckpointsOptions): () => Promise<void> {
  const stop = new AbortController()
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        if (await publishCheckpoint(options)) options.published()
      } catch (error) {
        options.log.warn({ err: error }, 'no checkpoint could be published; next time')
      }
      await sleep(options.intervalMs, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }
  const done = run()
  return async () => {
    stop.abort()
    await done
  }
}

/** @returns whether the log has grown since the last one */
export async function publishCheckpoint({ database, key, log }: PublishCheckpointsOptions): Promise<boolean> {
  return database.transaction(async (client) => {
    const head = await readHead(client)
    if (head.sequence === 0n) return false
    const checkpoint = key.sign(head)
    if (!(await insertCheckpoint(client, checkpoint))) return false
    const event = createEvent({
      type: 'holdfast.audit.checkpointed.v1',
      data: AuditCheckpointed.toJSON({ after: checkpoint }),
      key: 'audit',
      subject: 'audit',
      version: head.sequence,
      ctx: systemContext('audit', log),
    })
    await appendEvents(client, [event])
    return true
  })
}
