import { Bell, pause } from '../pause'
import { Retrying } from '../retrying'
import { keepSession, type Session, takeLock } from '../session'
import type { SubscribeOptions, Subscription } from '../transport'
import { readMessages, readOffset, saveOffset } from './sql'

interface EmbeddedSubscribeOptions extends SubscribeOptions {
  url: string
  name: string
}

/** How long an idle reader waits before it looks by itself, in ms; mostly a notification wakes it at once. */
const pollMs = 1_000
/** After a batch that was not full, in ms: what is published meanwhile is handled together, in one transaction. */
const gatherMs = 50

/**
 * Reads topics for a group on one connection, which also holds the group's lock of each topic: one member at a time reads
 * a topic, the others wait. When its connection dies the lock is free, its offsets can no longer be saved, and another
 * member goes on from the last ones.
 */
export function subscribe(options: EmbeddedSubscribeOptions): Subscription {
  const stop = new AbortController()
  const retrying = new Retrying(options.log, `group ${options.group} reading the event log`)

  const done = keepSession(
    { url: options.url, name: `${options.name}: ${options.group}`, stop: stop.signal },
    retrying,
    async (session) => {
      const bells = new Map(options.topics.map((topic) => [topic, new Bell()]))
      await session.listen('holdfast_log', (topic) => bells.get(topic)?.ring())
      const readers = [...bells].map(async ([topic, bell]) => {
        try {
          await readTopic(options, session, topic, bell, retrying)
        } catch (error) {
          // One for all: the others stop too, and all begin anew on a new session.
          await session.close()
          throw error
        }
      })
      const failed = (await Promise.allSettled(readers)).find((result) => result.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    },
  )
  return {
    close: async () => {
      stop.abort()
      await done
    },
  }
}

async function readTopic(
  options: SubscribeOptions,
  session: Session,
  topic: string,
  bell: Bell,
  retrying: Retrying,
): Promise<void> {
  const { group, types, onBatch, maxBatch = 500, log } = options
  if (!(await takeLock(session, `holdfast group ${group} topic ${topic}`))) return
  const handling = new Retrying(log, `group ${group} handling ${topic}`)
  let next = await readOffset(session, group, topic)
  while (!session.over.aborted) {
    const messages = await readMessages(session, topic, next, maxBatch, types)
    retrying.succeeded()
    const last = messages.at(-1)
    if (last === undefined) {
      await bell.wait(pollMs, session.over)
      continue
    }
    try {
      await onBatch({ messages, signal: session.over })
    } catch (error) {
      if (!session.over.aborted) await pause(handling.failed(error), session.over)
      continue
    }
    handling.succeeded()
    const full = last.offset + 1n - next >= maxBatch
    next = last.offset + 1n
    await saveOffset(session, group, topic, next)
    if (!full) await pause(gatherMs, session.over)
  }
}
