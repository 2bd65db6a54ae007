import { createLog, readConfig } from '@holdfast/service'

import { eventsShape, openTransport } from './config'

const options = { service: 'test', log: createLog('test', 'silent') }
const brokers = { KAFKA_BROKERS: 'one:9092' }
const sasl = { KAFKA_SASL_MECHANISM: 'plain', KAFKA_USERNAME: 'holdfast', KAFKA_PASSWORD: 'secret' }
const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'

test('brokers are named with commas, blanks do not matter, and how to speak to them is read from words', () => {
  const read = (env: NodeJS.ProcessEnv) => readConfig(eventsShape, env)
  expect(read({ KAFKA_BROKERS: 'one:9092, two:9093' })).toMatchObject({
    KAFKA_BROKERS: ['one:9092', 'two:9093'],
    KAFKA_SSL: false,
  })
  expect(read({ ...brokers, KAFKA_SSL: 'on', ...sasl, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512' })).toMatchObject({
    KAFKA_SSL: true,
    KAFKA_SASL_MECHANISM: 'scram-sha-512',
  })
})

test.each([
  ['a broker without a port', { KAFKA_BROKERS: 'one' }, 'KAFKA_BROKERS: must be host:port'],
  ['nothing after a comma', { KAFKA_BROKERS: 'one:9092,' }, 'KAFKA_BROKERS: must be host:port'],
  ['neither on nor off', { KAFKA_SSL: 'yes please' }, 'KAFKA_SSL: must be on or off'],
  ['a mechanism that is not spoken', { KAFKA_SASL_MECHANISM: 'gssapi' }, 'KAFKA_SASL_MECHANISM: must be one of plain'],
])('%s is refused, and the variable named', (_what, env, problem) => {
  expect(() => readConfig(eventsShape, env)).toThrow(problem)
})

test.each([
  ['no place for events', {}, 'EVENTS_DATABASE_URL: is needed, or KAFKA_BROKERS'],
  ['an authority without TLS', { ...brokers, KAFKA_SSL_CA: pem }, 'KAFKA_SSL: must be on'],
  ['a certificate without its key', { ...brokers, KAFKA_SSL: 'on', KAFKA_SSL_CERT: pem }, 'KAFKA_SSL_CERT and KAFKA_SSL_KEY'],
  ['a user without a mechanism', { ...brokers, ...sasl, KAFKA_SASL_MECHANISM: undefined }, 'all are needed, or none'],
  ['a user without a password', { ...brokers, ...sasl, KAFKA_PASSWORD: undefined }, 'all are needed, or none'],
])('%s does not go together, and stops the start', async (_what, env: NodeJS.ProcessEnv, problem) => {
  await expect(openTransport(readConfig(eventsShape, env), options)).rejects.toThrow(problem)
})
