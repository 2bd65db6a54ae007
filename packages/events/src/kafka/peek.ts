import { randomUUID } from 'node:crypto'

import type { Admin, Consumer, Kafka } from 'kafkajs'

import type { ReceivedMessage } from '../transport'
import { retry } from './client'
import { readRests, type Rest } from './lag'
import { received } from './subscription'
import type { Topics } from './topics'

interface PeekOptions {
  kafka: Kafka
  admin: Admin
  topics: Topics
  group: string
  topic: string
  limit: number
}

const timeoutMs = 60_000

/**
 * The first messages that a group has not done, read by a group of its own that is gone afterwards: kafkajs reads in no other
 * way, and the group's own members are not to be disturbed.
 */
export async function peek({ kafka, admin, topics, group, topic, limit }: PeekOptions): Promise<ReceivedMessage[]> {
  const rests = (await readRests(admin, topics, group, [topic])).get(topic) ?? []
  const wanted = rests.filter(({ next, end }) => next < end)
  if (wanted.length === 0) return []

  const groupId = `${group}.peek-${randomUUID()}`
  const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false, retry })
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    return await read(consumer, topic, wanted, limit)
  } finally {
    await consumer.disconnect()
    // Where it can't be removed, it is empty, and brokers forget it after a while.
    await admin.deleteGroups([groupId]).catch(() => undefined)
  }
}

async function read(consumer: Consumer, topic: string, rests: Rest[], limit: number): Promise<ReceivedMessage[]> {
  const found: ReceivedMessage[] = []
  const left = new Map(rests.map((rest) => [rest.partition, rest]))
  let giveUp: NodeJS.Timeout | undefined
  const over = new Promise<void>((resolve, reject) => {
    giveUp = setTimeout(() => reject(new Error(`${topic} could not be read in time`)), timeoutMs)
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
    void consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        const rest = left.get(batch.partition)
        if (rest === undefined) return Promise.resolve()
        const toReceived = received(batch)
        for (const message of batch.messages) {
          const offset = BigInt(message.offset)
          if (offset >= rest.next && offset < rest.end && found.length < limit) found.push(toReceived(message))
        }
        if (BigInt(batch.lastOffset()) + 1n >= rest.end) left.delete(batch.partition)
        if (left.size === 0 || found.length >= limit) resolve()
        return Promise.resolve()
      },
    })
    for (const { partition, next } of rests) consumer.seek({ topic, partition, offset: String(next) })
  })
  try {
    await over
    return found
  } finally {
    clearTimeout(giveUp)
  }
}
