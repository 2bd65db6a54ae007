import { freePort } from '@holdfast/launcher'
import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer, Wait } from 'testcontainers'

import type { KafkaBroker } from './broker'

const image = 'apache/kafka:4.1.1'
const port = 9092

/** Apache Kafka in a container, on a port of this machine that stays the same when it is started again. */
export class DockerBroker implements KafkaBroker {
  private constructor(
    readonly brokers: string,
    private readonly container: StartedTestContainer,
  ) {}

  static async start(): Promise<DockerBroker> {
    const outside = await freePort()
    const container = await new GenericContainer(image)
      .withExposedPorts({ container: port, host: outside })
      .withEnvironment({
        KAFKA_PROCESS_ROLES: 'broker,controller',
        KAFKA_NODE_ID: '1',
        KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
        KAFKA_LISTENERS: `PLAINTEXT://:${port},CONTROLLER://:9093`,
        KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${outside}`,
        KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
        KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
        KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
        KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
        KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
        KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
        KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
        KAFKA_BROKER_SESSION_TIMEOUT_MS: '3000',
        KAFKA_BROKER_HEARTBEAT_INTERVAL_MS: '500',
        KAFKA_HEAP_OPTS: '-Xms64m -Xmx384m',
      })
      .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
      .start()
    return new DockerBroker(`127.0.0.1:${outside}`, container)
  }

  async start(): Promise<void> {
    await this.container.restart()
  }

  async kill(): Promise<void> {
    const { container } = await getContainerRuntimeClient()
    await container.getById(this.container.getId()).kill({ signal: 'SIGKILL' })
  }

  async stop(): Promise<void> {
    await this.container.stop()
  }
}
