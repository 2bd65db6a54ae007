import { setTimeout as sleep } from 'node:timers/promises'

import type { Admin } from 'kafkajs'

import type { Topics } from './topics'

/** The messages of a partition that a group has not done: from `next` on, before `end`. */
export interface Rest {
  partition: number
  next: bigint
  end: bigint
}

/** Whoever asks is not held for longer than this by brokers that take a question and never answer, in ms. */
const longestMs = 5_000

/**
 * How many messages of each topic a group has not done; 0 for a topic that is not there yet.
 * @throws when the brokers do not answer within 5 s
 */
export async function readLag(
  connect: () => Promise<Admin>,
  topics: Topics,
  group: string,
  names: string[],
): Promise<Map<string, number>> {
  const answered = new AbortController()
  const late = async () => {
    await sleep(longestMs, undefined, { signal: answered.signal })
    throw new Error(`Kafka did not answer within ${longestMs / 1_000} s`)
  }
  const ask = async () => readRests(await connect(), topics, group, names)
  try {
    const rests = await Promise.race([late(), ask()])
    return new Map(
      [...rests].map(([topic, partitions]) => [topic, partitions.reduce((sum, { next, end }) => sum + Number(end - next), 0)]),
    )
  } finally {
    answered.abort()
  }
}

/** What a group has not done of each topic; nothing of a topic that is not there yet. */
export async function readRests(admin: Admin, topics: Topics, group: string, names: string[]): Promise<Map<string, Rest[]>> {
  const there = await topics.existing(names)
  const committed = there.length === 0 ? [] : await admin.fetchOffsets({ groupId: group, topics: there })
  const done = new Map(
    committed.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => [`${topic} ${partition}`, BigInt(offset)] as const),
    ),
  )
  const rests = await Promise.all(
    names.map(async (topic): Promise<[string, Rest[]]> => {
      if (!there.includes(topic)) return [topic, []]
      const partitions = await admin.fetchTopicOffsets(topic)
      const rest = partitions.map(({ partition, low, high }) => {
        // Nothing committed is -1; and what retention took is nobody's any more.
        const next = done.get(`${topic} ${partition}`) ?? 0n
        return { partition, next: next > BigInt(low) ? next : BigInt(low), end: BigInt(high) }
      })
      return [topic, rest]
    }),
  )
  return new Map(rests)
}
