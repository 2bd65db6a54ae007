/** Brokers that let in only who proves who they are, configured as a service is: by its environment alone. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { readConfig } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'
import { type SecureBroker, startSecureBroker } from '@holdfast/testing/kafka'
import pino from 'pino'

import { eventsShape, type Message, openTransport, type Transport } from '../src'
import { eventMessages, names, newTopic } from './world'

jest.setTimeout(180_000)

const passwords = { holdfast: 'correct-horse-battery', late: 'not-yet-the-one' }
const wrong = 'an-old-password'

let broker: SecureBroker
let folder: string
/** All that was said in this file, at the finest level. */
const lines: string[] = []
const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
const opened: Transport[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-secure-'))
  broker = await startSecureBroker(passwords)
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map(async (transport) => transport.close()))
})
afterAll(async () => {
  await broker.stop()
  rmSync(folder, { recursive: true })
})

const password = (mechanism: string, given: string = passwords.holdfast, username = 'holdfast') => ({
  KAFKA_SASL_MECHANISM: mechanism,
  KAFKA_USERNAME: username,
  KAFKA_PASSWORD: given,
})
const tls = (authority = broker.authority) => ({ KAFKA_SSL: 'on', KAFKA_SSL_CA: authority })

async function open(brokers: string, env: NodeJS.ProcessEnv): Promise<Transport> {
  const config = readConfig(eventsShape, { KAFKA_BROKERS: brokers, ...env })
  const transport = await openTransport(config, { service: 'test', log })
  opened.push(transport)
  return transport
}

/** A file of its own for a value, as secrets are mounted. */
function mounted(value: string): string {
  const file = join(folder, randomUUID())
  writeFileSync(file, value)
  return file
}

async function readAll(transport: Transport, topic: string): Promise<Message[]> {
  const messages: Message[] = []
  await transport.subscribe({
    group: `group of ${topic}`,
    topics: [topic],
    log,
    onBatch: async (batch) => {
      messages.push(...batch.messages)
      return Promise.resolve()
    },
  })
  return messages
}

const versionsOf = (messages: Message[]) => messages.map(({ key, headers }) => `${key}:${headers['ce_aggregateversion']}`)

test.each<[string, keyof SecureBroker['brokers'], () => NodeJS.ProcessEnv]>([
  ['a password in the clear (PLAIN)', 'sasl', () => password('plain')],
  ['a password that never travels (SCRAM-SHA-256)', 'sasl', () => password('scram-sha-256')],
  ['the same with a longer hash (SCRAM-SHA-512)', 'sasl', () => password('SCRAM-SHA-512')],
  ['TLS, with the authority in a file', 'tls', () => ({ KAFKA_SSL: 'on', KAFKA_SSL_CA_FILE: mounted(broker.authority) })],
  [
    "TLS, with a client's certificate",
    'mutualTls',
    () => ({ ...tls(), KAFKA_SSL_CERT: broker.client.certificate, KAFKA_SSL_KEY_FILE: mounted(broker.client.key) }),
  ],
  ['a password over TLS', 'saslTls', () => ({ ...tls(), ...password('plain') })],
])('events are published and read by %s', async (_way, listener, env) => {
  const topic = newTopic()
  const transport = await open(broker.brokers[listener], env())
  await transport.publish(eventMessages(topic, 'a', 1, 3))
  const messages = await readAll(transport, topic)
  await waitFor(() => messages.length >= 3, { what: 'three messages', timeoutMs: 60_000 })
  expect(versionsOf(messages)).toEqual(names('a', 1, 3))
  expect((await transport.lag(`another ${topic}`, [topic])).get(topic)).toBe(3)
})

test.each<[string, keyof SecureBroker['brokers'], () => NodeJS.ProcessEnv, RegExp]>([
  ['a wrong password (PLAIN)', 'sasl', () => password('plain', wrong), /Invalid username or password/],
  ['a wrong password (SCRAM)', 'saslTls', () => ({ ...tls(), ...password('scram-sha-512', wrong) }), /invalid credentials/],
  ['an authority that did not sign', 'tls', () => tls(broker.stranger), /unable to verify|self.signed certificate|issuer/i],
  ['the authorities of the system', 'tls', () => ({ KAFKA_SSL: 'on' }), /unable to verify|self.signed certificate|issuer/i],
  ['no certificate where one is asked for', 'mutualTls', () => tls(), /certificate required|bad certificate|closed|reset/i],
])('%s is told at the start, and publishing says it too', async (_what, listener, env, problem) => {
  const before = lines.length
  const transport = await open(broker.brokers[listener], env())
  await waitFor(() => lines.slice(before).some((line) => line.includes('Kafka can not be reached')), {
    what: 'the log to say so',
    timeoutMs: 60_000,
  })
  const told = lines.slice(before).filter((line) => line.includes('Kafka can not be reached'))
  expect(told).toHaveLength(1)
  expect(told[0]).toMatch(problem)
  await expect(transport.publish(eventMessages(newTopic(), 'a', 1, 1))).rejects.toThrow(problem)
})

test('who reads with a wrong password says so once, goes on trying, and reads when it has become the right one', async () => {
  const topic = newTopic()
  await (await open(broker.brokers.sasl, password('plain'))).publish(eventMessages(topic, 'a', 1, 2))
  const before = lines.length
  const transport = await open(broker.brokers.sasl, password('scram-sha-512', wrong, 'late'))
  const messages = await readAll(transport, topic)
  const said = (what: string) => lines.slice(before).filter((line) => line.includes(what))
  await waitFor(() => said('reading from Kafka fails').length > 0, { what: 'the log to say so', timeoutMs: 60_000 })
  expect(messages).toEqual([])
  await broker.setPassword('late', wrong)
  await waitFor(() => messages.length >= 2, { what: 'both messages', timeoutMs: 60_000 })
  expect(said('reading from Kafka fails')).toHaveLength(1)
  expect(said('reading from Kafka works again')).toHaveLength(1)
})

test('nothing that was said has a password or a key in it', () => {
  expect(lines.length).toBeGreaterThan(20)
  const all = lines.join('')
  for (const secret of [...Object.values(passwords), wrong, broker.client.key.split('\n')[1] ?? ''])
    expect(all).not.toContain(secret)
})
