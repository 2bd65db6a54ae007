import type { Logger } from 'pino'

import { deadLetterTopic, replayGroup, toRetry } from './dead-letters'
import { pause } from './pause'
import type { Transport } from './transport'

/** How often a replay looks whether it is done, in ms. */
const progressMs = 250

export interface ReplayOptions {
  transport: Transport
  /** The topic that the messages were published on. */
  topic: string
  /** The consumer that parked them. */
  consumer: string
  log: Logger
}

/**
 * Puts the messages that a consumer has parked back to it, and to nobody else: those parked when the call begins, so that
 * one which fails again at once is not put back forever. They stay on the dead letter topic, as read by the replay's group.
 * @returns how many were put back
 */
export async function replayDeadLetters({ transport, topic, consumer, log }: ReplayOptions): Promise<number> {
  const parked = deadLetterTopic(topic, consumer)
  const group = replayGroup(consumer)
  const countWaiting = async () => (await transport.lag(group, [parked])).get(parked) ?? 0
  const waiting = await countWaiting()
  if (waiting === 0) return 0

  let replayed = 0
  const enough = new AbortController()
  const subscription = await transport.subscribe({
    group,
    topics: [parked],
    maxBatch: Math.min(waiting, 500),
    log,
    onBatch: async (batch) => {
      // A batch that begins while the subscription closes is left for the next replay.
      enough.signal.throwIfAborted()
      await transport.publish(batch.messages.map((message) => toRetry(message, topic, consumer)))
      replayed += batch.messages.length
      if (replayed >= waiting) enough.abort()
    },
  })
  try {
    // Another replay at the same time may do a part of the work, or all of it.
    while (!enough.signal.aborted && (await countWaiting()) > 0) await pause(progressMs, enough.signal)
  } finally {
    await subscription.close()
  }
  return replayed
}
