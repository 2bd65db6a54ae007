import { Kafka, type KafkaConfig, logLevel, type RetryOptions } from 'kafkajs'
import type { Logger } from 'pino'

/** A few quick tries; whoever uses a client tries again from the beginning, with a new one. */
export const retry: RetryOptions = {
  initialRetryTime: 100,
  maxRetryTime: 1_000,
  retries: 4,
  restartOnFailure: async () => Promise.resolve(false),
}

export function createClient(connection: KafkaConfig, clientId: string, log: Logger): Kafka {
  return new Kafka({
    connectionTimeout: 5_000,
    requestTimeout: 15_000,
    ...connection,
    clientId,
    retry,
    // It calls each try that failed an error; what fails for good is told by the relay and the consumers.
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, log: { message, ...entry } }) =>
        log.debug({ kafka: entry }, `${namespace}: ${message}`),
  })
}
