/** A client that knows nothing of Holdfast, kcat, reads the reservations of a running shop as docs/events.md shows it. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { type ReservationReply, waitFor } from '@holdfast/testing'
import { useKafka } from '@holdfast/testing/kafka'

import { outboxRows } from './effects'
import { checkOut, one, openShop, reserved, type Shop, type Shopper } from './shop'

jest.setTimeout(180_000)

const topic = 'holdfast.reservation.v1'
const run = promisify(execFile)

let kafka: Awaited<ReturnType<typeof useKafka>>
let shop: Shop
let shopper: Shopper
let sku: string
beforeAll(async () => {
  kafka = await useKafka()
  shop = await openShop({ env: { KAFKA_BROKERS: kafka.brokers } })
  shopper = await shop.shopper()
  sku = await shop.product(100)
})
afterAll(async () => {
  await shop.close()
  await kafka.release()
})

/** As `kcat -J` prints a message. */
interface Printed {
  partition: number
  key: string
  /** Names and values in turn. */
  headers: string[]
  payload: string
}

/** All that the topic has by now, of one reservation. */
async function readWithKcat(id: string): Promise<Printed[]> {
  await waitFor(async () => (await outboxRows(shop)) === 0, { what: 'all events to be published', timeoutMs: 60_000 })
  const args = ['-C', '-q', '-e', '-J', '-b', kafka.brokers, '-t', topic, '-o', 'beginning']
  const { stdout } = await run('kcat', args, { maxBuffer: 100_000_000 })
  const all = stdout.split('\n').filter((line) => line !== '')
  return all.map((line) => JSON.parse(line) as Printed).filter(({ key }) => key === id)
}

function headersOf({ headers }: Printed): Map<string, string> {
  const map = new Map<string, string>()
  for (let index = 0; index < headers.length; index += 2) map.set(headers[index] ?? '', headers[index + 1] ?? '')
  return map
}

test('key, headers and JSON of each event of a reservation, those of one key in order', async () => {
  const requestId = 'kcat-looks-for-this'
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const { body } = await shopper.post<ReservationReply>(
    '/v1/reservations',
    { lines: one(sku, 2) },
    { headers: { 'x-request-id': requestId, traceparent } },
  )
  const { id } = body.reservation
  for (let others = 0; others < 5; others++) await reserved(shopper, one(sku))
  await shopper.post(`/v1/reservations/${id}:extend`, { ttlSeconds: 900 })
  await checkOut(shopper, id)

  const messages = await readWithKcat(id)
  expect(new Set(messages.map(({ partition }) => partition)).size).toBe(1)
  expect(messages.map((message) => headersOf(message).get('ce_type'))).toEqual(
    ['created', 'extended', 'committed'].map((what) => `holdfast.reservation.${what}.v1`),
  )
  for (const [index, message] of messages.entries()) {
    const headers = headersOf(message)
    expect(Object.fromEntries(headers)).toEqual({
      ce_specversion: '1.0',
      ce_id: expect.stringMatching(/^[\da-f-]{36}$/) as string,
      ce_source: '//holdfast/reservation',
      ce_type: headers.get('ce_type'),
      ce_subject: id,
      ce_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      ce_partitionkey: id,
      ce_requestid: index === 0 ? requestId : (expect.any(String) as string),
      ce_actor: index === 2 ? 'SERVICE:order' : `USER:${shopper.user.id}`,
      ce_aggregateversion: String(index + 1),
      ce_audit: 'true',
      // Of the caller, where the services trace nothing themselves.
      ...(index === 0 && { traceparent }),
      'content-type': 'application/json',
    })
  }
  const [created, extended] = messages.map(({ payload }) => JSON.parse(payload) as { before?: object; after: object })
  // What the event says is what the client was answered, who is told of fields without a value too.
  expect(created).toEqual({ after: expect.objectContaining({ id, lines: [expect.objectContaining({ quantity: 2 })] }) })
  expect(body.reservation).toMatchObject(created?.after ?? {})
  expect(extended?.before).toEqual(created?.after)
})

test('the command of the documentation prints what the documentation says', async () => {
  const page = readFileSync(join(__dirname, '..', '..', 'docs', 'events.md'), 'utf8')
  const command = /^kcat -C .*$/m.exec(page)?.[0] ?? ''
  await reserved(shopper, one(sku))
  await waitFor(async () => (await outboxRows(shop)) === 0, { what: 'all events to be published', timeoutMs: 60_000 })
  const { stdout } = await run('sh', ['-c', command.replace('localhost:9092', kafka.brokers)])
  const printed = /^partition \d+, offset \d+, key \S+\n(?<headers>.*)\n(?<value>\{.*\})\n$/.exec(stdout)?.groups ?? {}
  const names = (headers: string) => headers.split(/,\n?(?=ce_|content-type|traceparent)/).map((header) => header.split('=')[0])
  const shown = /^partition 0, offset 0, key \S+\n(?<headers>[^{]*)\n\{/m.exec(page)?.groups?.['headers'] ?? 'nothing'
  // The first of any partition: perhaps the one whose caller had a trace.
  expect(names(printed['headers'] ?? '').filter((name) => name !== 'traceparent')).toEqual(names(shown))
  expect(JSON.parse(printed['value'] ?? '')).toHaveProperty('after.id')
})
