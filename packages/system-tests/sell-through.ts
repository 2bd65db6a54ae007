/** What the examples of docs/examples/ print beside a running shop whose events are on a real broker. */
import { randomUUID } from 'node:crypto'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { toMessage } from '@holdfast/events'
import { openKafkaTransport } from '@holdfast/events/kafka'
import { createLog } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'
import { useKafka } from '@holdfast/testing/kafka'

import { checkOut, one, openShop, reserved, type Shop } from './shop'

const patience = { timeoutMs: 60_000 }

/** @param command a program, and the example's file */
export function sellThroughTest(program: string, file: string): void {
  let kafka: Awaited<ReturnType<typeof useKafka>>
  let shop: Shop
  let example: ChildProcess | undefined
  let output = ''

  beforeAll(async () => {
    kafka = await useKafka()
    shop = await openShop({ env: { KAFKA_BROKERS: kafka.brokers } })
  })
  afterAll(async () => {
    if (example !== undefined && example.exitCode === null && example.kill()) await once(example, 'exit')
    await shop.close()
    await kafka.release()
  })

  const start = () => {
    const path = join(__dirname, '..', '..', 'docs', 'examples', file)
    example = spawn(program, [path], { env: { ...process.env, KAFKA_BROKERS: kafka.brokers }, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [example.stdout, example.stderr]) stream?.on('data', (chunk) => (output += String(chunk)))
  }
  const lastOf = (sku: string) => output.split('\n').findLast((line) => line.startsWith(`${sku} `))
  const waitForLine = async (line: string) =>
    waitFor(() => lastOf(line.split(' ')[0] ?? '') === line, { what: `"${line}"`, ...patience }).catch((error: unknown) => {
      throw new Error(`${String(error)}; it printed:\n${output}`)
    })

  test(`${file} counts from the start of the log, and as it goes on`, async () => {
    const shopper = await shop.shopper()
    const sku = await shop.product(100)
    const first = await reserved(shopper, one(sku, 3))
    const second = await reserved(shopper, one(sku, 2))
    await checkOut(shopper, first.id)
    start()
    await waitForLine(`${sku} reserved 5 sold 3 sell-through 0.60`)
    await checkOut(shopper, second.id)
    await waitForLine(`${sku} reserved 5 sold 5 sell-through 1.00`)
  })

  test(`${file} counts what is delivered twice once`, async () => {
    const sku = `TWICE-${randomUUID().slice(0, 8).toUpperCase()}`
    const subject = randomUUID()
    const created = (quantity: number) =>
      toMessage(
        {
          id: randomUUID(),
          source: '//holdfast/reservation',
          type: 'holdfast.reservation.created.v1',
          topic: 'holdfast.reservation.v1',
          key: subject,
          subject,
          version: 1n,
          audit: false,
          actor: { id: 'u-1', role: 'USER' },
          requestId: 'r-1',
          traceparent: undefined,
          at: new Date(),
        },
        JSON.stringify({ after: { id: subject, lines: [{ sku, warehouse: 'MAIN', quantity }] } }),
      )
    const log = createLog('test', 'silent')
    const transport = openKafkaTransport({ connection: { brokers: kafka.brokers.split(',') }, clientId: 'test', log })
    const twice = created(4)
    await transport.publish([twice, twice, created(1)])
    await transport.close()
    await waitForLine(`${sku} reserved 5 sold 0 sell-through 0.00`)
    expect(output.split('\n').filter((line) => line.startsWith(`${sku} `))).toHaveLength(2)
  })
}
