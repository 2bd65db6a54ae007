/** One broker for all suites: it takes a while to start. */
import { openTransport } from '../src'
import { consumerContract } from './consumer-contract'
import { kafkaFixture } from './kafka-fixture'
import { loadContract } from './load-contract'
import { outboxContract } from './outbox-contract'
import { transportContract } from './transport-contract'
import { eventMessages, log, newTopic } from './world'

// A broker notices only after some seconds that a member is dead.
jest.setTimeout(180_000)

const shared = kafkaFixture()
const fixture = async () => ({ ...(await shared), cleanup: async () => Promise.resolve() })

beforeAll(async () => shared)
afterAll(async () => (await shared).cleanup())

transportContract('Kafka', fixture)
consumerContract('Kafka', fixture)
loadContract('Kafka', fixture)
outboxContract('Kafka', fixture)

test('as many brokers keep a topic as KAFKA_TOPIC_REPLICAS says; where there are fewer it is not made', async () => {
  const { config } = await shared
  const publish = async (topic: string, replicas: number) => {
    const KAFKA_BROKERS = config['KAFKA_BROKERS']?.split(',')
    const transport = await openTransport(
      { KAFKA_BROKERS, KAFKA_SSL: false, KAFKA_TOPIC_REPLICAS: replicas },
      { service: 'tests', log },
    )
    try {
      await transport.publish(eventMessages(topic, 'a', 1, 3))
      return await transport.topics()
    } finally {
      await transport.close()
    }
  }
  const [kept, refused] = [newTopic(), newTopic()]
  await expect(publish(refused, 100)).rejects.toThrow(/replication/i)
  const topics = await publish(kept, 1)
  expect(topics).toContain(kept)
  expect(topics).not.toContain(refused)
})
