// Sell-through per SKU, units sold / units reserved, from the start of the log and then as it goes on.
// Run: KAFKA_BROKERS=localhost:9092 node sell-through.ts (Node >= 22.18, kafkajs)
import { randomUUID } from 'node:crypto'

import { Kafka } from 'kafkajs'

const kafka = new Kafka({ clientId: 'sell-through', brokers: (process.env.KAFKA_BROKERS ?? 'localhost:9092').split(',') })
// A group of its own for each run, since what is counted is only in memory.
const consumer = kafka.consumer({ groupId: `sell-through-${randomUUID()}` })

const units = new Map<string, { reserved: number; sold: number }>()
const seen = new Set<string>()

await consumer.connect()
await consumer.subscribe({ topic: 'holdfast.reservation.v1', fromBeginning: true })
await consumer.run({
  eachMessage: async ({ message: { headers, value } }) => {
    // Delivery is at least once: what has been counted is passed over, and so are events of other types.
    const [id, type] = [String(headers?.ce_id), String(headers?.ce_type)]
    const counts = { 'holdfast.reservation.created.v1': 'reserved', 'holdfast.reservation.committed.v1': 'sold' } as const
    if (!(type in counts) || seen.has(id)) return
    seen.add(id)
    const event: { after: { lines: { sku: string; quantity: number }[] } } = JSON.parse(String(value))
    for (const { sku, quantity } of event.after.lines) {
      const count = units.get(sku) ?? { reserved: 0, sold: 0 }
      count[counts[type as keyof typeof counts]] += quantity
      units.set(sku, count)
      const share = count.reserved === 0 ? 0 : count.sold / count.reserved
      console.log(`${sku} reserved ${count.reserved} sold ${count.sold} sell-through ${share.toFixed(2)}`)
    }
  },
})
