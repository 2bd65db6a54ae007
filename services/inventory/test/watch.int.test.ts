/** Watching availability: over two replicas, each with a database connection of its own. */
import type { WatchAvailabilityResponse } from '@holdfast/contracts/inventory'
import { HoldfastError } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'

import { fates, holdItem, holdOne, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

let inventory: TestInventory
beforeAll(async () => {
  inventory = await startInventory(2)
})
afterAll(async () => inventory.stop())

interface Watch {
  messages: WatchAvailabilityResponse[]
  /** What is known of each SKU by now. */
  available(): Record<string, number>
  error: unknown
}

function watch(skus: string[], resumeToken = '', channel = ''): Watch {
  const ctx = { ...inventory.service(), deadline: Infinity }
  const stream = inventory.reservation.watchAvailability({ skus, resumeToken, channel }, ctx)
  const messages: WatchAvailabilityResponse[] = []
  const read = async (): Promise<void> => {
    try {
      for await (const message of stream) messages.push(message)
    } catch (error) {
      one.error = error
    }
  }
  const one: Watch = {
    messages,
    available: () =>
      Object.fromEntries(messages.flatMap(({ availability }) => availability.map(({ sku, available }) => [sku, available]))),
    error: undefined,
  }
  void read()
  return one
}

async function untilIt(what: string, check: () => boolean): Promise<void> {
  await waitFor(check, { what })
}

test('every watcher has a snapshot first, and sees what any replica does', async () => {
  const sku = await makeProduct(inventory, 10)
  const watches = [1, 2, 3, 4].map(() => watch([sku]))
  await untilIt('four snapshots', () => watches.every((one) => one.available()[sku] === 10))
  const units = { onHand: 10, reserved: 0, available: 10, withheld: 0, incoming: 0, promised: 0, backorderable: 0 }
  expect(watches[0]?.messages[0]?.availability).toEqual([{ sku, ...units, warehouses: [{ warehouse: 'MAIN', ...units }] }])
  expect(fates([await holdOne(inventory, holdItem([{ sku, quantity: 3 }]))])).toEqual(['HELD'])
  await untilIt('the change everywhere', () => watches.every((one) => one.available()[sku] === 7))
})

test('a hold that has fallen due is free for those who watch, though nobody has written anything', async () => {
  const sku = await makeProduct(inventory, 5)
  await holdOne(inventory, holdItem([{ sku, quantity: 5 }], { ttlSeconds: 2 }))
  const one = watch([sku])
  await untilIt('the snapshot', () => one.messages.length > 0)
  await untilIt('the units', () => one.available()[sku] === 5)
  const { rows } = await inventory.database.pool.query(
    'select state from holds h join hold_lines l on l.hold_id = h.id where sku = $1',
    [sku],
  )
  expect(rows).toEqual([{ state: 'HELD' }])
})

test('only what has changed is sent, and only of what was asked for', async () => {
  const [a, b, other] = [await makeProduct(inventory, 1), await makeProduct(inventory, 2), await makeProduct(inventory, 3)]
  const one = watch([a, b])
  await untilIt('the snapshot', () => one.messages.length === 1)
  await holdOne(inventory, holdItem([{ sku: other, quantity: 1 }]))
  await holdOne(inventory, holdItem([{ sku: b, quantity: 1 }]))
  await untilIt('the change', () => one.messages.length === 2)
  expect(one.messages[1]?.availability.map(({ sku, available }) => [sku, available])).toEqual([[b, 1]])
  expect(Object.keys(one.available()).sort()).toEqual([a, b].sort())
})

test('who comes back is sent what differs from what they had, by any replica', async () => {
  const [a, b] = [await makeProduct(inventory, 1), await makeProduct(inventory, 2)]
  const first = watch([a, b])
  await untilIt('the snapshot', () => first.messages.length === 1)
  const token = first.messages[0]?.resumeToken ?? ''
  const unchanged = [watch([a, b], token), watch([a, b], token)]
  await untilIt('both answers', () => unchanged.every((one) => one.messages.length === 1))
  expect(unchanged.map((one) => one.messages)).toEqual([1, 2].map(() => [{ availability: [], resumeToken: token }]))
  await holdOne(inventory, holdItem([{ sku: b, quantity: 2 }]))
  await untilIt('the change', () => first.messages.length === 2)
  const later = [watch([a, b], token), watch([a, b], token)]
  await untilIt('both answers', () => later.every((one) => one.messages.length === 1))
  for (const one of later) expect(one.available()).toEqual({ [b]: 0 })
})

test.each([
  ['no token', () => 'garbage'],
  ['that of another list', (token: string) => token],
])('a resume token that is %s counts as none', async (_what, spoil) => {
  const [a, b] = [await makeProduct(inventory, 1), await makeProduct(inventory, 2)]
  const first = watch([a])
  await untilIt('the snapshot', () => first.messages.length === 1)
  const one = watch([b], spoil(first.messages[0]?.resumeToken ?? ''))
  await untilIt('a whole snapshot', () => one.available()[b] === 2)
})

test('a SKU that there is not is named, and nothing is sent', async () => {
  const sku = await makeProduct(inventory, 1)
  const one = watch([sku, 'NO-SUCH-SKU'])
  await untilIt('the refusal', () => one.error !== undefined)
  expect(one.error).toMatchObject({ code: 'NOT_FOUND', fields: [{ field: 'skus[1]', message: 'there is no such product' }] })
  expect(one.messages).toEqual([])
})

test.each([
  ['no SKU', []],
  ['more than a hundred', Array.from({ length: 101 }, (_, index) => `SKU-${index}`)],
  ['what is no SKU', ['a b']],
])('%s is not valid', async (_what, skus) => {
  const one = watch(skus)
  await untilIt('the refusal', () => one.error !== undefined)
  expect(one.error).toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('one SKU in two spellings is one', async () => {
  const sku = await makeProduct(inventory, 4)
  const one = watch([sku, sku.toLowerCase()])
  await untilIt('the snapshot', () => one.messages.length === 1)
  expect(one.messages[0]?.availability).toHaveLength(1)
})

test('more SKUs than may be watched together are refused, while what is watched may have more watchers', async () => {
  const sku = await makeProduct(inventory, 1)
  const watches = [1, 2].map(() => watch([sku]))
  await untilIt('the snapshots', () => watches.every((one) => one.messages.length === 1))
  const most = [1, 2].map(() => watch(Array.from({ length: 100 }, (_, index) => `MANY-${index}`)))
  await untilIt('the refusals', () => most.every((one) => one.error !== undefined))
  for (const { error } of most) expect(error).toMatchObject({ code: 'OVERLOADED' })
  const more = [1, 2].map(() => watch([sku]))
  await untilIt('more snapshots', () => more.every((one) => one.messages.length === 1))
})

test('a channel that is deleted ends what is watched of it, and nothing else', async () => {
  const sku = await makeProduct(inventory, 5)
  const channel = { code: 'WEB', name: 'Web', warehouses: ['MAIN'], clientToken: '' }
  await inventory.reservation.createSalesChannel(channel, inventory.admin())
  const [all, ofChannel] = [watch([sku]), watch([sku], '', 'WEB')]
  await untilIt('the snapshots', () => [all, ofChannel].every((one) => one.messages.length === 1))
  await inventory.reservation.deleteSalesChannel({ code: 'WEB' }, inventory.admin())
  await untilIt('its end', () => ofChannel.error !== undefined)
  expect(ofChannel.error).toMatchObject({ code: 'NOT_FOUND', fields: [{ field: 'channel' }] })
  await holdOne(inventory, holdItem([{ sku, quantity: 1 }]))
  await untilIt('the change', () => all.available()[sku] === 4)
})

test('more watchers than there may be are told to come later, and those that were there go on', async () => {
  const sku = await makeProduct(inventory, 3)
  const watches = Array.from({ length: 220 }, () => watch([sku]))
  await untilIt('an answer for each', () => watches.every((one) => one.messages.length > 0 || one.error !== undefined))
  const refused = watches.filter((one) => one.error !== undefined)
  expect(refused.length).toBeGreaterThan(0)
  for (const { error } of refused) {
    expect(error).toBeInstanceOf(HoldfastError)
    expect(error).toMatchObject({ code: 'OVERLOADED', retryAfterMs: 1_000 })
  }
  await holdOne(inventory, holdItem([{ sku, quantity: 1 }]))
  const admitted = watches.filter((one) => one.error === undefined)
  await untilIt('the change everywhere', () => admitted.every((one) => one.available()[sku] === 2))
})
