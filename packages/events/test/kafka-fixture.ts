import { randomUUID } from 'node:crypto'
import net, { type Socket } from 'node:net'

import type { KafkaConfig } from 'kafkajs'
import { useKafka } from '@holdfast/testing/kafka'

import type { Transport } from '../src'
import { openKafkaTransport } from '../src/kafka/transport'
import type { TransportFixture } from './transport-contract'
import { log } from './world'

/** The shortest that brokers allow as a rule. */
const sessionTimeoutMs = 6_000

/** A broker, and transports whose connections can be taken away. */
export async function kafkaFixture(): Promise<TransportFixture> {
  const kafka = await useKafka()
  const brokers = kafka.brokers.split(',')
  const wires = new Map<Transport, Wires>()
  return {
    config: { KAFKA_BROKERS: kafka.brokers },
    silenceMs: sessionTimeoutMs,
    sharing: true,
    open: async () => {
      const mine = new Wires()
      const connection: KafkaConfig = { brokers, socketFactory: mine.connect }
      const transport = openKafkaTransport({ connection, clientId: `test-${randomUUID()}`, log, sessionTimeoutMs })
      wires.set(transport, mine)
      return Promise.resolve(transport)
    },
    kill: async (transport) => {
      wires.get(transport)?.cutForGood()
      await transport.close()
    },
    cut: async () => {
      for (const each of wires.values()) each.cut()
      return Promise.resolve()
    },
    cleanup: async () => kafka.release(),
  }
}

/** The connections of one transport. */
class Wires {
  readonly #open = new Set<Socket>()
  #dead = false

  readonly connect: KafkaConfig['socketFactory'] = ({ host, port, onConnect }) => {
    // Nobody ever listens on port 1.
    const socket = net.connect({ host, port: this.#dead ? 1 : port }, onConnect)
    this.#open.add(socket)
    socket.on('close', () => this.#open.delete(socket))
    return socket
  }

  cut(): void {
    for (const socket of this.#open) socket.destroy(new Error('connection reset by a test'))
  }

  cutForGood(): void {
    this.#dead = true
    this.cut()
  }
}
