/** Which products have changed since a position: each change once, and none is missed, however transactions overlap. */
import { adjustment, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

let inventory: TestInventory
beforeAll(async () => {
  // Two replicas take turns: a position of one means the same to the other.
  inventory = await startInventory(2)
})
afterAll(async () => inventory.stop())

const changesAfter = async (after: string) => inventory.gateway.listProductChanges({ after }, inventory.service())
const present = async () => (await changesAfter('')).position
const rename = async (sku: string, name: string) =>
  inventory.reservation.updateProduct(
    { sku, name, description: undefined, price: undefined, expectedVersion: undefined, lowStockAt: undefined, parts: [] },
    inventory.admin(),
  )

test('who has no position is told that anything may have changed, and gets one', async () => {
  await makeProduct(inventory, 1)
  const first = await changesAfter('')
  expect(first).toMatchObject({ all: true, changed: [] })
  expect(await changesAfter(first.position)).toMatchObject({ all: false, changed: [] })
})

test('what is made and what is changed is named once, what stays as it was and what is sold is not', async () => {
  const sku = await makeProduct(inventory, 1)
  const start = await present()
  const made = await makeProduct(inventory, 1)
  await rename(sku, 'Another name')
  await rename(sku, 'A third name')
  const changes = await changesAfter(start)
  expect([...changes.changed].sort()).toEqual([sku, made].sort())
  await rename(sku, 'A third name')
  await inventory.reservation.adjustStock(adjustment({ sku, delta: 5 }), inventory.admin())
  expect(await changesAfter(changes.position)).toMatchObject({ all: false, changed: [] })
})

test('a change that commits after a later one is not missed', async () => {
  const [slow, quick] = [await makeProduct(inventory, 1), await makeProduct(inventory, 1)]
  const start = await present()
  const client = await inventory.database.pool.connect()
  try {
    await client.query('begin')
    await client.query('update products set price_minor = 7 where sku = $1', [slow])
    await rename(quick, 'Quick')
    const first = await changesAfter(start)
    expect(first.changed).toEqual([quick])
    expect((await changesAfter(first.position)).changed).toEqual([])
    await client.query('commit')
    // By a hand in the database, past the service: it counts as well.
    const second = await changesAfter(first.position)
    expect(second.changed).toEqual([slow])
    expect((await changesAfter(second.position)).changed).toEqual([])
  } finally {
    client.release()
  }
})

test('too many to name are all, and the next position is behind them', async () => {
  const start = await present()
  await inventory.database.pool.query(
    `insert into products (sku, name, currency, price_minor, created_by, fingerprint)
     select 'MANY-' || n, 'One of many', 'USD', 1, gen_random_uuid(), '' from generate_series(1, 1001) as n`,
  )
  const changes = await changesAfter(start)
  expect(changes).toMatchObject({ all: true, changed: [] })
  expect(await changesAfter(changes.position)).toMatchObject({ all: false, changed: [] })
})

test('a position that this database has never reached is of another time: all may have changed', async () => {
  const position = await present()
  const end = BigInt(position.split(':')[1] ?? 0) + 1_000_000n
  expect(await changesAfter(`${end}:${end}:`)).toMatchObject({ all: true, changed: [] })
})

test('products that came from another server with transactions yet to come here are not told again and again', async () => {
  const sku = await makeProduct(inventory, 1)
  const client = await inventory.database.pool.connect()
  try {
    // As a dump is loaded: triggers come after the rows.
    await client.query('begin')
    await client.query('alter table products disable trigger note_change')
    await client.query(`update products set changed_in = '999999999999' where sku = $1`, [sku])
    await client.query('alter table products enable trigger note_change')
    await client.query('commit')
  } finally {
    client.release()
  }
  expect((await changesAfter(await present())).changed).toEqual([])
  const start = await present()
  await rename(sku, 'Of this server now')
  expect((await changesAfter(start)).changed).toEqual([sku])
})

test.each(['nonsense', '7', '9:3:', '0:5:', '5:9:4', 'x'.repeat(100_001)])('%.20j is no position', async (after) => {
  await expect(changesAfter(after)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', fields: [{ field: 'after' }] })
})

test('only the gateway may ask', async () => {
  await expect(inventory.reservation.listProductChanges({ after: '' }, inventory.service())).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
  })
})
