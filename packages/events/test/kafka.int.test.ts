/** One broker for all suites: it takes a while to start. */
import { consumerContract } from './consumer-contract'
import { kafkaFixture } from './kafka-fixture'
import { loadContract } from './load-contract'
import { outboxContract } from './outbox-contract'
import { transportContract } from './transport-contract'

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
