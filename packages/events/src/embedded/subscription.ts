import { createHash } from 'node:crypto'

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
/** Each topic has its own, so that nobody is woken for what they don't read; as `append_messages` names it. */
const channelOf = (topic: string): string => `holdfast_log_${createHash('md5').update(topic).digest('hex')}`
/** After a batch that was not full, in ms: what is published meanwhile is handled together, in one transaction. */
const gatherMs = 50
/** The same after a batch in which there was nothing that the group wants: whoever only passes over others' events looks less often. */
const passOverMs = 200
/** Where a group that only passes over events goes on is noted once in so long, in ms: another member passes over the rest again. */
const noteMs = 1_000

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
      const readers = options.topics.map(async (topic) => {
        try {
          await readTopic(options, session, topic, retrying)
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

/** Listens while there is nothing to read: where messages come all the time, it looks anyway, and each would wake it for nothing. */
async function readTopic(options: SubscribeOptions, session: Session, topic: string, retrying: Retrying): Promise<void> {
  const { group, types, onBatch, maxBatch = 500, log } = options
  if (!(await takeLock(session, `holdfast group ${group} topic ${topic}`))) return
  const handling = new Retrying(log, `group ${group} handling ${topic}`)
  const bell = new Bell()
  const channel = channelOf(topic)
  let listens = false
  let waited = false
  let next = await readOffset(session, group, topic)
  let noted = { offset: next, at: performance.now() }
  const note = async (): Promise<void> => {
    if (noted.offset !== next) await saveOffset(session, group, topic, next)
    noted = { offset: next, at: performance.now() }
  }
  while (!session.over.aborted) {
    const messages = await readMessages(session, topic, next, maxBatch, types)
    retrying.succeeded()
    const last = messages.at(-1)
    if (last === undefined) {
      await note()
      if (listens) await bell.wait(pollMs, session.over)
      else await session.listen(channel, () => bell.ring())
      // What came before it listened is found by looking once more.
      waited = listens
      listens = true
      continue
    }
    if (listens && !waited) {
      await session.unlisten(channel)
      listens = false
    }
    waited = false
    try {
      await onBatch({ messages, signal: session.over })
    } catch (error) {
      if (!session.over.aborted) await pause(handling.failed(error), session.over)
      continue
    }
    handling.succeeded()
    const full = last.offset + 1n - next >= maxBatch
    next = last.offset + 1n
    const passedOver = types !== undefined && !messages.some(({ headers }) => types.includes(headers['ce_type'] ?? ''))
    if (!passedOver || performance.now() - noted.at >= noteMs) await note()
    if (!full) await pause(passedOver ? passOverMs : gatherMs, session.over)
  }
}
