/** Who holds what: every hold of a product once, by pages, whether it lives or has lapsed. */
import { type ListProductHoldsRequest, type ProductHold, ProductHold_State as State } from '@holdfast/contracts/inventory'

import { adjustment, hold, holdItem, holdOne, makeBundle, makeDue, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

let inventory: TestInventory
beforeAll(async () => {
  inventory = await startInventory()
  await inventory.reservation.createWarehouse({ code: 'NORTH', name: 'North', clientToken: '' }, inventory.admin())
})
afterAll(async () => inventory.stop())

const list = async (sku: string, more: Partial<ListProductHoldsRequest> = {}) =>
  inventory.reservation.listProductHolds(
    { sku, warehouse: '', state: State.STATE_UNSPECIFIED, pageSize: 0, pageToken: '', ...more },
    inventory.admin(),
  )

/** All pages. */
async function listAll(sku: string, more: Partial<ListProductHoldsRequest> = {}): Promise<ProductHold[]> {
  const holds: ProductHold[] = []
  for (let pageToken = ''; ;) {
    const page = await list(sku, { ...more, pageToken })
    holds.push(...page.holds)
    if (page.nextPageToken === '') return holds
    pageToken = page.nextPageToken
  }
}

const idsOf = (holds: ProductHold[]): string[] => holds.map(({ holdId }) => holdId)

/** Two warehouses with so many units each. */
async function inBoth(units: number): Promise<string> {
  const sku = await makeProduct(inventory, units)
  await inventory.reservation.adjustStock(adjustment({ sku, warehouse: 'NORTH', delta: units }), inventory.admin())
  return sku
}

const inNorth = (sku: string) => ({ lines: [{ sku, warehouse: 'NORTH', quantity: 1 }] })

test('a hold is told with its user, units, age, time left, and whether a payment protects it', async () => {
  const sku = await makeProduct(inventory, 9)
  const paying = holdItem([{ sku, quantity: 2 }], { owner: 'who-pays', ttlSeconds: 600 })
  const gone = holdItem([{ sku, quantity: 3 }], { owner: 'who-left' })
  await hold(inventory, [paying, gone, holdItem([{ sku, quantity: 1 }], { ttlSeconds: 900 })])
  await inventory.order.protect({ items: [{ id: paying.id, graceMs: 60_000 }] }, inventory.service())
  await makeDue(inventory, [gone.id])
  const { holds, now } = await list(sku)
  expect(holds).toMatchObject([
    { holdId: gone.id, userId: 'who-left', warehouse: 'MAIN', quantity: 3, state: 'LAPSED', protected: false },
    { holdId: paying.id, userId: 'who-pays', warehouse: 'MAIN', quantity: 2, state: 'LIVE', protected: true },
    { quantity: 1, state: 'LIVE', protected: false, promised: 0 },
  ])
  for (const { createdAt, expiresAt, ageSeconds, secondsLeft } of holds) {
    const seconds = (from: Date | undefined, to: Date | undefined) => (Number(to) - Number(from)) / 1000
    expect(Math.abs(seconds(createdAt, now) - ageSeconds)).toBeLessThanOrEqual(1)
    expect(Math.abs(seconds(now, expiresAt) - secondsLeft)).toBeLessThanOrEqual(1)
  }
  expect(holds[0]?.secondsLeft).toBeLessThan(0)
})

test('who holds a bundle is told of each of its parts, which nobody sees as a hold of the bundle', async () => {
  const [camera, bag] = [await makeProduct(inventory, 9), await makeProduct(inventory, 9)]
  const kit = await makeBundle(inventory, [
    { sku: camera, quantity: 1 },
    { sku: bag, quantity: 2 },
  ])
  const item = holdItem([{ sku: kit, quantity: 3 }])
  await holdOne(inventory, item)
  expect((await list(bag)).holds).toMatchObject([{ holdId: item.id, quantity: 6, bundle: kit }])
  expect((await list(camera)).holds).toMatchObject([{ holdId: item.id, quantity: 3, bundle: kit }])
  expect((await list(kit)).holds).toEqual([])
})

test('what has ended is not there', async () => {
  const sku = await makeProduct(inventory, 3)
  const [sold, released, kept] = [1, 2, 3].map(() => holdItem([{ sku, quantity: 1 }]))
  await hold(
    inventory,
    [sold, released, kept].flatMap((item) => item ?? []),
  )
  await inventory.reservation.commit({ ids: [sold?.id ?? ''], linesVersions: [] }, inventory.service())
  await inventory.reservation.release({ items: [{ id: released?.id ?? '', endProtection: false }] }, inventory.service())
  expect(idsOf((await list(sku)).holds)).toEqual([kept?.id])
})

test('pages have each hold once, whose time is up first in front, also of those that end in one moment and in several warehouses', async () => {
  const sku = await inBoth(100)
  const items = Array.from({ length: 60 }, (_, index) =>
    holdItem([{ sku, quantity: 1 }], { ttlSeconds: 300 + (index % 3), ...(index % 2 === 0 && inNorth(sku)) }),
  )
  await hold(inventory, items)
  const lapsed = items.slice(0, 20).map(({ id }) => id)
  await makeDue(inventory, lapsed)
  const all = await listAll(sku, { pageSize: 7 })
  expect(idsOf(all).sort()).toEqual(items.map(({ id }) => id).sort())
  expect(all.map(({ expiresAt }) => Number(expiresAt))).toEqual(
    all.map(({ expiresAt }) => Number(expiresAt)).toSorted((a, b) => a - b),
  )
  expect(idsOf(await listAll(sku, { pageSize: 7, state: State.LAPSED })).sort()).toEqual([...lapsed].sort())
  expect(await listAll(sku, { pageSize: 7, state: State.LIVE })).toHaveLength(40)
  const north = await listAll(sku, { pageSize: 7, warehouse: 'north' })
  expect([north.length, ...new Set(north.map(({ warehouse }) => warehouse))]).toEqual([30, 'NORTH'])
  expect(await listAll(sku, { warehouse: 'NORTH', state: State.LAPSED })).toHaveLength(10)
})

test('a product that nobody holds has an empty page, and one that there is not is none', async () => {
  const page = await list(await makeProduct(inventory, 1))
  expect(page).toMatchObject({ holds: [], nextPageToken: '' })
  expect(page.now).toBeInstanceOf(Date)
  await expect(list('NONE')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('reading waits for nobody, and nobody waits for it', async () => {
  const sku = await makeProduct(inventory, 5)
  await holdOne(inventory, holdItem([{ sku, quantity: 1 }]))
  await inventory.database.transaction(async (client) => {
    await client.query('select from holds for update')
    await client.query('select from stock_levels where sku = $1 for update', [sku])
    expect((await list(sku)).holds).toHaveLength(1)
  })
})

test.each([
  ['a state that there is not', { state: 'SOON' as State }, 'state'],
  ['a page that is too large', { pageSize: 1_001 }, 'pageSize'],
  ['a token of another list', { pageToken: Buffer.from('["1"]').toString('base64url') }, 'pageToken'],
  ['a warehouse that can not be', { warehouse: 'a b' }, 'warehouse'],
])('%s is refused', async (_what, more, field) => {
  const sku = await makeProduct(inventory, 1)
  await expect(list(sku, more)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', fields: [{ field }] })
})
