import { useKafka } from '@holdfast/testing/kafka'

import { dlqContract } from './dlq-contract'

jest.setTimeout(180_000)

dlqContract('Kafka', async () => {
  const kafka = await useKafka()
  return { env: { KAFKA_BROKERS: kafka.brokers }, close: async () => kafka.release() }
})
