/**
 * Publishes what the outbox holds. One relay per database at a time: whoever has the advisory lock reads, publishes and
 * deletes on the very connection that holds the lock, so one that lost its place can delete nothing. It may still publish
 * the batch that its successor publishes as well: a batch twice, which every consumer's inbox filters out; the first
 * occurrences are in order all the same.
 */
import type { Logger } from 'pino'
import { type Database, faultPoint, gauge, readAtScrape } from '@holdfast/service'

import { inSendSpans } from './event-spans'
import { type Backlog, deleteFromOutbox, readBacklog, readOutbox } from './outbox'
import { Bell, pause } from './pause'
import { Retrying } from './retrying'
import { keepSession, type Session, takeLock } from './session'
import type { EventPublisher } from './transport'

export interface RelayOptions {
  database: Database
  transport: EventPublisher
  /** The service's name, as `inventory`: the events' source is `//holdfast/inventory`. */
  service: string
  log: Logger
  /** Most events published at once; 500. */
  batchSize?: number
  /** How long an idle relay waits at most before it looks again by itself, in ms; 500. It begins with a fifth of it. */
  pollMs?: number
}

export interface Relay {
  /** Call it after a commit that wrote events: they are published at once instead of at the next look. */
  wake(): void
  /** What waits in the outbox, whoever is its relay. */
  backlog(): Promise<Backlog>
  /** Whether this process is the one that publishes. */
  readonly leading: boolean
  /** Finishes the batch under way; what is left in the outbox is another relay's, or for the next start. */
  stop(): Promise<void>
}

const outboxRows = gauge('outbox_rows', 'Events that wait to be published; counted up to a million')
const outboxOldest = gauge('outbox_oldest_seconds', 'How long the first of them has waited')
const relayLeading = gauge('relay_leading', '1 in the process that publishes the events of its database')

/** Starts at once and never fails: with the database or the transport away it goes on trying, and nothing else waits for it. */
export function startRelay(options: RelayOptions): Relay {
  const stop = new AbortController()
  const bell = new Bell()
  const retrying = new Retrying(options.log, 'publishing events')
  let leading = false

  const lead = async (session: Session) => {
    leading = await takeLock(session, 'holdfast relay')
    try {
      await publishUntilOver(options, session, bell, retrying)
    } finally {
      leading = false
    }
  }
  const done = keepSession({ url: options.database.url, name: `${options.service} relay`, stop: stop.signal }, retrying, lead)

  const unread = readAtScrape('outbox', async () => {
    const { rows, oldestAgeMs } = await readBacklog(options.database.pool)
    return [
      { gauge: outboxRows, value: rows },
      { gauge: outboxOldest, value: oldestAgeMs / 1000 },
      { gauge: relayLeading, value: leading ? 1 : 0 },
    ]
  })

  return {
    wake: () => bell.ring(),
    backlog: async () => readBacklog(options.database.pool),
    get leading() {
      return leading
    },
    stop: async () => {
      unread()
      stop.abort()
      await done
    },
  }
}

/**
 * After a batch that was not full, in ms: what is committed meanwhile goes together in the next. An event out of the blue is
 * published at once; under load this spares most of the transactions, whose cost would be the requests'.
 */
const gatherMs = 50

async function publishUntilOver(options: RelayOptions, session: Session, bell: Bell, retrying: Retrying): Promise<void> {
  const { batchSize = 500, pollMs: longestIdleMs = 500 } = options
  let idleMs = longestIdleMs / 5
  while (!session.over.aborted) {
    const rows = await readOutbox(session, `//holdfast/${options.service}`, batchSize)
    if (rows.length === 0) {
      await bell.wait(idleMs, session.over)
      idleMs = Math.min(longestIdleMs, idleMs * 1.5)
      continue
    }
    idleMs = longestIdleMs / 5
    try {
      const messages = rows.map((row) => row.message)
      await inSendSpans(messages, options.transport.system, async (traced) => options.transport.publish(traced))
    } catch (error) {
      // No wake ends this wait early: a transport that is down is not asked again for each commit.
      await pause(retrying.failed(error), session.over)
      continue
    }
    await faultPoint('relay.published')
    await deleteFromOutbox(session, rows)
    retrying.succeeded()
    if (rows.length < batchSize) await pause(gatherMs, session.over)
  }
}
