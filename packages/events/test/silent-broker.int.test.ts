/** A broker that takes connections and never answers, as behind a firewall that drops what comes back. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

import type { Transport } from '../src'
import { openKafkaTransport } from '../src/kafka/transport'
import { log } from './world'

let server: Server
const sockets = new Set<Socket>()
let transport: Transport

beforeAll(async () => {
  server = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  transport = openKafkaTransport({ connection: { brokers: [`127.0.0.1:${port}`] }, clientId: 'test', log })
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  server.close()
  await transport.close()
})

test('who asks how far a group is behind is not held', async () => {
  await expect(transport.lag('audit', ['holdfast.order.v1'])).rejects.toThrow('did not answer within 5 s')
  expect(sockets.size).toBeGreaterThan(0)
})
