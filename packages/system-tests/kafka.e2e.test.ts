/**
 * Events over a real broker that dies, from services that die (truths 5, 9): shoppers notice nothing, and in the end every
 * change of every reservation and order has exactly one effect, in order, and nothing has one that did not happen: in the
 * audit log, in the activity figures, at a receiver of webhooks.
 */
import { type KafkaBroker, startKafkaBroker } from '@holdfast/testing/kafka'
import { type OrderReply, type ReservationReply, untilAnswered, waitFor } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import { expectEachEffectOnce, outboxRows, readTopic } from './effects'
import { openReceiver, type Receiver } from './receiver'
import { one, openShop, reserved, type Shop, type Shopper } from './shop'

jest.setTimeout(600_000)
const patience = { timeoutMs: 120_000 }
/** How long the broker is away, in ms: longer than it takes to think that a reader is dead. */
const outageMs = 12_000

let broker: KafkaBroker
let shop: Shop
let receiver: Receiver
beforeAll(async () => {
  broker = await startKafkaBroker()
  receiver = await openReceiver()
  shop = await openShop({
    env: { KAFKA_BROKERS: broker.brokers },
    envFor: { notification: { WEBHOOK_PRIVATE_TARGETS: 'on' } },
    notifications: true,
    faults: true,
  })
  await receiver.register(shop, ['holdfast.reservation.*'])
  await receiver.register(shop, ['holdfast.order.*'])
})
afterAll(async () => {
  await shop.close()
  await receiver.close()
  await broker.stop()
})

test('the broker killed for a while under load, then each service once', async () => {
  const load = startLoad(await Promise.all(Array.from({ length: 6 }, async () => shop.shopper())), await shop.product(100_000))
  await load.goesOn()

  await broker.kill()
  const before = { ...load.done }
  await load.goesOn()
  const backlog = await outboxRows(shop)
  expect(backlog).toBeGreaterThan(0)
  await sleep(outageMs)
  expect(await outboxRows(shop)).toBeGreaterThan(backlog)
  expect(load.done.reservations).toBeGreaterThan(before.reservations)
  expect(load.done.checkouts).toBeGreaterThan(before.checkouts)
  expect(load.errors).toEqual([])
  await broker.start()

  // The relay of each dies with it; one of them in the worst moment, published and not noted.
  for (const service of ['order', 'inventory', 'audit', 'notification', 'gateway'] as const) {
    await load.goesOn()
    await shop.system.kill(service)
    await shop.system.restart(service)
  }
  await load.goesOn()
  await killAtPublishing('reservation')
  await load.goesOn()
  await load.stop()
  await expectEachEffectOnce(shop, receiver)
})

test('a relay that dies between publishing and deleting: its events are there twice, and have one effect', async () => {
  const shopper = await shop.shopper()
  const sku = await shop.product(10)
  const killed = killAtPublishing('reservation')
  const { id } = await reserved(shopper, one(sku))
  await killed
  await expectEachEffectOnce(shop, receiver)
  const published = (await readTopic(shop, 'holdfast.reservation.v1')).filter(({ key }) => key === id)
  expect(published.map(({ headers }) => headers['ce_type'])).toEqual(Array(2).fill('holdfast.reservation.created.v1'))
  expect(new Set(published.map(({ headers }) => headers['ce_id'])).size).toBe(1)
})

/** The next batch that the service publishes is on the broker, and still in the outbox when it is back. */
async function killAtPublishing(service: 'reservation'): Promise<void> {
  shop.system.faults.arm(service, 'relay.published', 'crash')
  await waitFor(() => shop.system.pid(service) === undefined, { what: 'the relay to die', ...patience })
  expect(shop.system.faults.hasStruck(service, 'relay.published')).toBe(true)
  await shop.system.restart(service)
}

interface Load {
  done: { reservations: number; checkouts: number }
  /** Answers of the server's side while all services were up. */
  errors: string[]
  /** Resolves when there is some more of everything. */
  goesOn(): Promise<void>
  stop(): Promise<void>
}

/** Each shopper reserves, then leaves, cancels or checks out, one after the other; what is not answered is asked again. */
function startLoad(shoppers: Shopper[], sku: string): Load {
  const done = { reservations: 0, checkouts: 0 }
  const errors: string[] = []
  const until = new AbortController()
  const shopping = shoppers.map(async (shopper) => {
    for (let round = 0; !until.signal.aborted; round++) {
      const idempotencyKey = randomUUID()
      const asked = async <Reply extends { status: number }>(call: () => Promise<Reply>) =>
        untilAnswered(async () => {
          const reply = await call()
          if (reply.status >= 500) errors.push(JSON.stringify(reply))
          return reply
        })
      const { body } = await asked(async () =>
        shopper.post<ReservationReply>('/v1/reservations', { lines: one(sku) }, { idempotencyKey }),
      )
      done.reservations++
      const { id } = body.reservation
      if (round % 3 === 1) await asked(async () => shopper.post(`/v1/reservations/${id}:cancel`))
      if (round % 3 === 2) {
        await asked(async () => shopper.post<OrderReply>('/v1/checkout', { reservationId: id }))
        done.checkouts++
      }
    }
  })
  return {
    done,
    errors,
    goesOn: async () => {
      const { reservations, checkouts } = { ...done }
      await waitFor(() => done.reservations >= reservations + 30 && done.checkouts >= checkouts + 10, {
        what: 'the load to go on',
        ...patience,
      })
    },
    stop: async () => {
      until.abort()
      await Promise.all(shopping)
    },
  }
}
