/** Where the tests find brokers that somebody else runs: set by the global setup, inherited by the workers. */
const variable = 'HOLDFAST_TEST_KAFKA_BROKERS'

/**
 * Keeps `KAFKA_BROKERS` for the tests that ask for Kafka: a system that the others start must not go there just because it
 * inherits the environment.
 */
export function reserveGivenBrokers(): void {
  const brokers = process.env.KAFKA_BROKERS
  if (brokers !== undefined && brokers !== '') process.env[variable] = brokers
  delete process.env.KAFKA_BROKERS
}

export function givenBrokers(): string | undefined {
  return process.env[variable]
}
