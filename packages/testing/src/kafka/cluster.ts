import { join } from 'node:path'

import { freePort } from '@holdfast/launcher'

import type { KafkaBroker } from './broker'
import { JavaBroker, newClusterId } from './java-broker'

const brokerCount = 3
/** None serves before most of them are there, in ms. */
const startTimeoutMs = 240_000

/**
 * Three brokers of one cluster on this machine's Java, each a controller too: every topic is on all three, and what is acknowledged
 * is on two of them at least.
 * @param folder data, settings and logs
 */
export async function startKafkaCluster(folder: string): Promise<KafkaBroker[]> {
  const clusterId = newClusterId()
  const ids = Array.from({ length: brokerCount }, (_, index) => index + 1)
  const controllerPorts: number[] = []
  for (const _ of ids) controllerPorts.push(await freePort())
  const voters = ids.map((id) => `${id}@127.0.0.1:${controllerPorts[id - 1]}`).join(',')
  return Promise.all(
    ids.map(async (id) =>
      JavaBroker.start({
        folder: join(folder, `broker${id}`),
        controllerPort: controllerPorts[id - 1],
        clusterId,
        startTimeoutMs,
        properties: {
          'node.id': String(id),
          'controller.quorum.voters': voters,
          'default.replication.factor': String(brokerCount),
          'min.insync.replicas': '2',
          'offsets.topic.replication.factor': String(brokerCount),
          'transaction.state.log.replication.factor': String(brokerCount),
          'transaction.state.log.min.isr': '2',
          'share.coordinator.state.topic.replication.factor': String(brokerCount),
          'share.coordinator.state.topic.min.isr': '2',
          // As it is shipped: a busy machine is not a lost broker.
          'broker.session.timeout.ms': '9000',
          'broker.heartbeat.interval.ms': '2000',
        },
      }),
    ),
  )
}
