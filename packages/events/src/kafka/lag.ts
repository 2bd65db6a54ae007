import type { Admin } from 'kafkajs'

import type { Topics } from './topics'

/** How many messages of each topic a group has not done; 0 for a topic that is not there yet. */
export async function readLag(admin: Admin, topics: Topics, group: string, names: string[]): Promise<Map<string, number>> {
  const there = await topics.existing(names)
  const committed = there.length === 0 ? [] : await admin.fetchOffsets({ groupId: group, topics: there })
  const done = new Map(
    committed.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => [`${topic} ${partition}`, BigInt(offset)] as const),
    ),
  )
  const lags = await Promise.all(
    names.map(async (topic) => {
      if (!there.includes(topic)) return [topic, 0] as const
      const partitions = await admin.fetchTopicOffsets(topic)
      const left = partitions.map(({ partition, low, high }) => {
        // Nothing committed is -1; and what retention took is nobody's any more.
        const next = done.get(`${topic} ${partition}`) ?? 0n
        return Number(BigInt(high) - (next > BigInt(low) ? next : BigInt(low)))
      })
      return [topic, left.reduce((sum, count) => sum + count, 0)] as const
    }),
  )
  return new Map(lags)
}
