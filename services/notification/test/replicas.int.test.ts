import { waitFor } from '@holdfast/testing'

import {
  admin,
  endpointAt,
  openReceiver,
  openWorld,
  orderEvents,
  type Receiver,
  subjects,
  subjectsOf,
  untilTaken,
  type World,
} from './world'

let world: World
const receivers: Receiver[] = []
beforeEach(async () => {
  world = await openWorld()
})
afterEach(async () => {
  for (const receiver of receivers.splice(0)) await receiver.close()
  await world.close()
})

async function receive(): Promise<Receiver> {
  const receiver = await openReceiver()
  receivers.push(receiver)
  return receiver
}

test('two replicas share the endpoints, and deliver each event once, in order and one at a time', async () => {
  const services = [await world.start(), await world.start()]
  const all = await Promise.all([1, 2, 3, 4, 5, 6].map(async () => receive()))
  await Promise.all(
    all.map(async ({ url }, index) => services[index % 2]?.client.createWebhookEndpoint(endpointAt(url), admin())),
  )
  const events = orderEvents(60)
  for (let from = 0; from < events.length; from += 10) await world.publish(events.slice(from, from + 10))
  for (const receiver of all) await untilTaken(receiver, 60)
  for (const receiver of all) {
    expect(subjects(receiver.asked)).toEqual(subjectsOf(events))
    expect(receiver.mostAtOnce).toBe(1)
  }
})

test('a receiver that fails while the service is killed, and then started anew, misses nothing', async () => {
  // So many tries that none is the last.
  const env = { WEBHOOK_TIMEOUT_MS: '500', WEBHOOK_RETRY_SECONDS: `0.1${',0.5'.repeat(200)}` }
  let service = await world.start(env)
  const receiver = await receive()
  await service.client.createWebhookEndpoint(endpointAt(receiver.url), admin())
  receiver.answer = () => 503
  const failed = async (times: number) =>
    waitFor(() => receiver.asked.length >= times, { what: `${times} tries`, timeoutMs: 40_000 })
  const events = orderEvents(60, 'away')
  await world.publish(events.slice(0, 20))
  await failed(2)
  await service.kill('SIGTERM')
  // Events come while nobody is there, and while the receiver still fails.
  await world.publish(events.slice(20, 40))
  service = await world.start(env)
  await failed(4)
  await service.kill()
  service = await world.start(env)
  await world.publish(events.slice(40))
  await failed(5)
  receiver.answer = () => 204
  await untilTaken(receiver, 60)
  expect(subjects(receiver.taken)).toEqual(subjectsOf(events))
  const rows = await world.query<{ status: string; attempts: number }>(
    'select status, attempts from webhook_deliveries order by id',
  )
  expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(['DELIVERED']))
})

test('kill -9 in the middle: the next process goes on, and nothing is missing or out of order', async () => {
  const first = await world.start({ WEBHOOK_TIMEOUT_MS: '500' })
  const receiver = await receive()
  await first.client.createWebhookEndpoint(endpointAt(receiver.url), admin())
  const events = orderEvents(40)
  // The tenth hangs until its sender is dead: an answer that nobody hears.
  let killed = false
  receiver.answer = async ({ subject }) => {
    if (subject === 'order-10' && !killed) {
      killed = true
      await first.kill()
    }
    return 200
  }
  await world.publish(events.slice(0, 20))
  await waitFor(() => killed, { what: 'the kill' })
  await world.publish(events.slice(20))
  await world.start({ WEBHOOK_TIMEOUT_MS: '500' })
  await untilTaken(receiver, 41)
  // At least once: the one whose answer was lost comes again, under the same id, so that its receiver can tell.
  expect([...new Set(subjects(receiver.taken))]).toEqual(subjectsOf(events))
  const [one, other] = receiver.taken.filter(({ subject }) => subject === 'order-10')
  expect(one?.id).toBe(other?.id)
  expect(receiver.taken).toHaveLength(41)
})
