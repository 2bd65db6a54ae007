/** What the queues in front of the hot statements tell of themselves: observed once a batch, not once an item. */
import { counter, gauge, histogram } from './metrics'

const batches = histogram(
  'combiner_batch_items',
  'Items that were done together in one batch',
  ['queue'],
  [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
)
const waits = histogram('combiner_wait_seconds', 'How long the first item of each batch had waited', ['queue'])
const refused = counter('combiner_refused_total', 'Items refused because the queue was full', ['queue'])
const expired = counter('combiner_expired_total', 'Items dropped because nobody waited for them any more', ['queue'])

/** How many wait in each queue; two of the same name count together. */
const lengths = new Map<string, (() => number)[]>()
gauge('combiner_queue_items', 'Items that wait for their batch', ['queue'], (waiting) => {
  for (const [queue, read] of lengths) {
    waiting.set(
      { queue },
      read.reduce((sum, length) => sum + length(), 0),
    )
  }
})

export interface QueueMeter {
  /** @param oldestMs how long its first item had waited */
  batch(items: number, oldestMs: number): void
  refused(): void
  expired(): void
}

/** A queue lives as long as its process. */
export function meterQueue(queue: string, length: () => number): QueueMeter {
  lengths.set(queue, [...(lengths.get(queue) ?? []), length])
  // A counter that begins at 0 shows its first increase.
  refused.inc({ queue }, 0)
  expired.inc({ queue }, 0)
  const ofQueue = { batches: batches.labels({ queue }), waits: waits.labels({ queue }) }
  return {
    batch: (items, oldestMs) => {
      ofQueue.batches.observe(items)
      ofQueue.waits.observe(oldestMs / 1000)
    },
    refused: () => refused.inc({ queue }),
    expired: () => expired.inc({ queue }),
  }
}
