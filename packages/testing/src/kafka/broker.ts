import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { getContainerRuntimeClient } from 'testcontainers'

import { givenBrokers } from '../given-brokers'
import { DockerBroker } from './docker-broker'
import { JavaBroker } from './java-broker'

/** A broker of one's own. */
export interface KafkaBroker {
  /** `host:port` for `KAFKA_BROKERS`; the same after a start anew. */
  readonly brokers: string
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
  /** After a kill: on the same port, with the same data. */
  start(): Promise<void>
  /** Ends it and removes what it has kept. */
  stop(): Promise<void>
}

/** The brokers that `KAFKA_BROKERS` named for this run, else one of one's own. */
export async function useKafka(): Promise<{ brokers: string; release(): Promise<void> }> {
  const given = givenBrokers()
  if (given !== undefined) return { brokers: given, release: async () => Promise.resolve() }
  const broker = await startKafkaBroker()
  return { brokers: broker.brokers, release: async () => broker.stop() }
}

/** A container where Docker answers, else Apache Kafka on this machine's Java. */
export async function startKafkaBroker(): Promise<KafkaBroker> {
  const docker = await getContainerRuntimeClient().catch(() => undefined)
  if (docker !== undefined) return DockerBroker.start()
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-kafka-'))
  const remove = async () => rm(folder, { recursive: true, force: true, maxRetries: 5 })
  try {
    const broker = await JavaBroker.start({ folder })
    return {
      brokers: broker.brokers,
      kill: async () => broker.kill(),
      start: async () => broker.start(),
      stop: async () => {
        // Nobody wants what it would write at an orderly end.
        await broker.kill()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}
