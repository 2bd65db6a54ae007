import type { PublishedEvent } from '@holdfast/events'
import { waitFor } from '@holdfast/testing'

import { admin, endpointAt, event, openReceiver, openWorld, type Process, untilTaken, type World } from './world'

let world: World
let service: Process
beforeAll(async () => {
  world = await openWorld()
  service = await world.start({ STOCK_LOW_AT: '5', STOCK_LOW_CLEAR_AT: '10' })
})
afterAll(async () => world.close())

/** A level as inventory tells it. @param version of the level; 2 is its first units */
function level(sku: string, version: number, available: number, warehouse = 'MAIN', onHand = available): PublishedEvent {
  const after = { sku, warehouse, onHand, reserved: onHand - available, available }
  return event('holdfast.stock_level.changed.v1', sku, version, { after }, { subject: `${sku}/${warehouse}`, audit: false })
}

const created = (sku: string, stock: number, lowStockAt?: number) =>
  event('holdfast.product.created.v1', sku, 1, { after: { sku, lowStockAt }, stock })

/** A change of a product, by which it has this threshold; undefined: none of its own. */
const updated = (sku: string, version: number, lowStockAt?: number) =>
  event('holdfast.product.updated.v1', sku, version, { before: { sku }, after: { sku, lowStockAt } })

/** What was published of a SKU by the time that a later crossing of a marker is there: partitions of one topic are one here. */
async function told(sku: string): Promise<string[]> {
  const marker = `MARKER-${sku}`
  await world.publish([level(marker, 2, 50), level(marker, 3, 0)])
  await waitFor(async () => (await world.published()).some(({ key }) => key === marker), {
    what: 'the marker',
  })
  return (await world.published())
    .filter(({ key }) => key === sku)
    .map(({ type, data }) => {
      const { after } = data as { after: { available?: number; state: string } }
      return `${type.split('.')[2]} at ${after.available ?? 0} ${after.state}`
    })
}

test('low, out and back are told once per crossing, over a redelivery and an old event too', async () => {
  const fall = [level('A', 2, 20), level('A', 3, 5), level('A', 4, 7), level('A', 5, 4), level('A', 6, 0)]
  await world.publish(fall)
  await world.publish([...fall, level('A', 4, 30, 'MAIN'), level('A', 7, 3), level('A', 8, 30), level('A', 9, 2)])
  expect(await told('A')).toEqual(['ran_low at 5 LOW', 'ran_out at 0 OUT', 'came_back at 3 LOW', 'ran_low at 2 LOW'])
})

test('a product begins without a crossing, and one that was made without stock comes back with its first units', async () => {
  await world.publish([level('NEW', 2, 3), created('NEW', 3), created('EMPTY', 0), level('EMPTY', 2, 40)])
  expect(await told('NEW')).toEqual([])
  expect(await told('EMPTY')).toEqual(['came_back at 40 IN_STOCK'])
})

test('what is seen for the first time in the middle of its life is told of, if there is need', async () => {
  await world.publish([level('OLD', 700, 0), level('PLENTY', 700, 100)])
  expect(await told('OLD')).toEqual(['ran_out at 0 OUT'])
  expect(await told('PLENTY')).toEqual([])
})

test('units of all warehouses count together', async () => {
  await world.publish([
    level('W', 2, 10),
    level('W', 2, 8, 'NORTH'),
    level('W', 3, 0),
    level('W', 3, 4, 'NORTH'),
    level('W', 4, 0, 'NORTH', 4),
  ])
  expect(await told('W')).toEqual(['ran_low at 4 LOW', 'ran_out at 0 OUT'])
})

test.each<[string, (sku: string) => PublishedEvent[], string[]]>([
  [
    'told at it, not at the configured one',
    (sku) => [level(sku, 2, 100), created(sku, 100, 20), level(sku, 3, 20), level(sku, 4, 4), level(sku, 5, 0)],
    ['ran_low at 20 LOW', 'ran_out at 0 OUT'],
  ],
  [
    'low from its first units on is not told',
    (sku) => [level(sku, 2, 15), created(sku, 15, 20), level(sku, 3, 41), level(sku, 4, 19)],
    ['ran_low at 19 LOW'],
  ],
  [
    '0: out and back alone',
    (sku) => [level(sku, 2, 10), created(sku, 10, 0), level(sku, 3, 1), level(sku, 4, 0), level(sku, 5, 1)],
    ['ran_out at 0 OUT', 'came_back at 1 IN_STOCK'],
  ],
  [
    'raised above what is left: it is low now',
    (sku) => [level(sku, 2, 50), created(sku, 50), updated(sku, 2, 60), level(sku, 3, 55), level(sku, 4, 130), level(sku, 5, 60)],
    ['ran_low at 50 LOW', 'ran_low at 60 LOW'],
  ],
  [
    'lowered below what is left: it is not low any more, which nobody is told, and low again at the new one',
    (sku) => [level(sku, 2, 50), created(sku, 50), level(sku, 3, 5), updated(sku, 2, 3), level(sku, 4, 4), level(sku, 5, 3)],
    ['ran_low at 5 LOW', 'ran_low at 3 LOW'],
  ],
  [
    'taken away: the configured one again',
    (sku) => [level(sku, 2, 50), created(sku, 50, 0), level(sku, 3, 4), updated(sku, 2), level(sku, 4, 0)],
    ['ran_low at 4 LOW', 'ran_out at 0 OUT'],
  ],
  [
    'changed while there is nothing: only what comes back is judged by it',
    (sku) => [created(sku, 0), updated(sku, 2, 30), level(sku, 2, 25), level(sku, 3, 61), level(sku, 4, 30)],
    ['came_back at 25 LOW', 'ran_low at 30 LOW'],
  ],
  [
    'another change of the product does not begin anew',
    (sku) => [level(sku, 2, 50), created(sku, 50), level(sku, 3, 5), level(sku, 4, 8), updated(sku, 2), level(sku, 5, 5)],
    ['ran_low at 5 LOW'],
  ],
  [
    'an older change that comes later changes nothing',
    (sku) => [level(sku, 2, 50), created(sku, 50), updated(sku, 3, 0), updated(sku, 2, 40), level(sku, 3, 30), level(sku, 4, 1)],
    [],
  ],
])("a product's own threshold, %s", async (what, events, expected) => {
  const sku = `OWN-${what.replaceAll(/[^a-z]/g, '').slice(0, 20)}`
  await world.publish(events(sku))
  expect(await told(sku)).toEqual(expected)
})

test('an endpoint without Kafka gets them like any other event', async () => {
  const receiver = await openReceiver()
  await service.client.createWebhookEndpoint(endpointAt(receiver.url, ['holdfast.stock.*']), admin())
  await world.publish([level('HOOK', 2, 9), level('HOOK', 3, 0), level('HOOK', 4, 9)])
  await untilTaken(receiver, 2)
  expect(receiver.taken.map(({ type, data }) => [type, data])).toEqual([
    [
      'holdfast.stock.ran_out.v1',
      {
        before: { sku: 'HOOK', state: 'IN_STOCK', available: 9, onHand: 9, lowAt: 5 },
        after: { sku: 'HOOK', state: 'OUT', lowAt: 5 },
      },
    ],
    [
      'holdfast.stock.came_back.v1',
      {
        before: { sku: 'HOOK', state: 'OUT', lowAt: 5 },
        after: { sku: 'HOOK', state: 'IN_STOCK', available: 9, onHand: 9, lowAt: 5 },
      },
    ],
  ])
  await receiver.close()
})
