import { type AdjustStockRequest, StockMovement_Account } from '@holdfast/contracts/inventory'
import { randomUUID } from 'node:crypto'

import { adjustment, available, expectBalanced, hold, holdItem, makeDue, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

let inventory: TestInventory
beforeAll(async () => {
  inventory = await startInventory()
})
afterAll(async () => inventory.stop())
afterEach(async () => expectBalanced(inventory))

const product = (change: Record<string, unknown> = {}) => ({
  sku: `P-${randomUUID().slice(0, 8)}`,
  name: 'A thing',
  description: '',
  price: { currency: 'USD', amountMinor: 1_000n },
  stock: 3,
  clientToken: '',
  parts: [],
  ...change,
})

const events = async (type: string, subject: string) => {
  const { rows } = await inventory.database.pool.query<{ data: unknown; actor_role: string }>(
    'select data, actor_role from outbox where type = $1 and subject = $2 order by place',
    [type, subject],
  )
  return rows
}

describe('products', () => {
  test('a SKU is upper-cased and taken once', async () => {
    const { product: made } = await inventory.reservation.createProduct(product({ sku: 'laptop-a1' }), inventory.admin())
    expect(made).toMatchObject({ sku: 'LAPTOP-A1', version: 1 })
    await expect(inventory.reservation.createProduct(product({ sku: 'Laptop-A1' }), inventory.admin())).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    })
    expect(await events('holdfast.product.created.v1', 'LAPTOP-A1')).toHaveLength(1)
  })

  test('the same key makes it once, and other content under it is refused', async () => {
    const request = product({ clientToken: randomUUID() })
    const admin = inventory.admin()
    const answers = await Promise.all(Array.from({ length: 10 }, async () => inventory.reservation.createProduct(request, admin)))
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1)
    await expect(inventory.reservation.createProduct({ ...request, name: 'Another' }, admin)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    })
  })

  test('a change leaves what is not named, and an event with before and after', async () => {
    const sku = await makeProduct(inventory, 1)
    const update = {
      sku,
      name: undefined,
      description: undefined,
      price: { currency: 'USD', amountMinor: 5n },
      expectedVersion: undefined,
      parts: [],
    }
    const { product: after } = await inventory.reservation.updateProduct(update, inventory.admin())
    expect(after).toMatchObject({ name: `Product ${sku}`, price: { amountMinor: 5n }, version: 2 })
    await inventory.reservation.updateProduct(update, inventory.admin())
    expect(await events('holdfast.product.updated.v1', sku)).toMatchObject([
      { data: { before: { price: { amountMinor: '1000' } }, after: { price: { amountMinor: '5' } } }, actor_role: 'ADMIN' },
    ])
  })

  test('a change may name the version that it is meant for', async () => {
    const sku = await makeProduct(inventory, 1)
    const change = async (name: string, expectedVersion: number | undefined) =>
      inventory.reservation.updateProduct(
        { sku, name, description: undefined, price: undefined, expectedVersion, parts: [] },
        inventory.admin(),
      )
    expect((await change('Second', 1)).product).toMatchObject({ name: 'Second', version: 2 })
    await expect(change('Third', 1)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
    expect((await change('Third', undefined)).product?.version).toBe(3)
  })

  test('a threshold for low stock is optional, 0 is one, and it is taken away again', async () => {
    const request = product({ lowStockAt: 0, clientToken: randomUUID() })
    const admin = inventory.admin()
    const { product: made } = await inventory.reservation.createProduct(request, admin)
    const sku = made?.sku ?? ''
    expect(made?.lowStockAt).toBe(0)
    await expect(inventory.reservation.createProduct({ ...request, lowStockAt: 1 }, admin)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    })
    const change = async (lowStockAt: number | undefined, name?: string) => {
      const update = { sku, name, description: undefined, price: undefined, lowStockAt, parts: [] }
      return (await inventory.reservation.updateProduct(update, inventory.admin())).product
    }
    expect(await change(25)).toMatchObject({ lowStockAt: 25, version: 2 })
    expect(await change(25)).toMatchObject({ version: 2 })
    expect(await change(undefined, 'Another name')).toMatchObject({ lowStockAt: 25, version: 3 })
    expect(await change(-1)).toMatchObject({ lowStockAt: undefined, version: 4 })
    expect(await change(-1)).toMatchObject({ version: 4 })
    const told = (await events('holdfast.product.updated.v1', sku)) as { data: Record<string, { lowStockAt?: number }> }[]
    expect(told.map(({ data }) => [data['before']?.lowStockAt, data['after']?.lowStockAt])).toEqual([
      [0, 25],
      [25, 25],
      [25, undefined],
    ])
    expect(await events('holdfast.product.created.v1', sku)).toMatchObject([{ data: { after: { lowStockAt: 0 } } }])
  })

  test.each([-1, 1_000_001])('a threshold of %d is none to begin with', async (lowStockAt) => {
    await expect(inventory.reservation.createProduct(product({ lowStockAt }), inventory.admin())).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      fields: [{ field: 'lowStockAt' }],
    })
  })

  test('a list is given in pages that hold each product once', async () => {
    await Promise.all(Array.from({ length: 5 }, async () => makeProduct(inventory, 1)))
    const seen: string[] = []
    let pageToken = ''
    do {
      const page = await inventory.reservation.listProducts({ pageSize: 2, pageToken, search: '' }, inventory.service())
      seen.push(...page.products.map(({ sku }) => sku))
      pageToken = page.nextPageToken
    } while (pageToken !== '')
    expect(seen).toEqual([...new Set(seen)].sort())
    await expect(
      inventory.reservation.listProducts({ pageSize: 2, pageToken: 'nonsense', search: '' }, inventory.service()),
    ).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      fields: [{ field: 'pageToken' }],
    })
  })

  test.each([
    ['name', { name: ' ' }],
    ['price', { price: undefined }],
    ['price.currency', { price: { currency: 'usd', amountMinor: 1n } }],
    ['price.amountMinor', { price: { currency: 'USD', amountMinor: -1n } }],
    ['stock', { stock: -1 }],
    ['sku', { sku: '' }],
    ['sku', { sku: 'stra\u00dfe' }],
  ])('a product with a wrong %s is refused by that name', async (field, change) => {
    await expect(inventory.reservation.createProduct(product(change), inventory.admin())).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      fields: [{ field }],
    })
  })

  test('only an admin may make one', async () => {
    await expect(inventory.reservation.createProduct(product(), inventory.user())).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    })
    await expect(inventory.reservation.createProduct(product(), inventory.service())).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    })
  })
})

describe('a search', () => {
  const find = async (search: string, pageSize = 0, pageToken = '') =>
    inventory.reservation.listProducts({ pageSize, pageToken, search }, inventory.service())
  const found = async (search: string) => (await find(search)).products.map(({ sku }) => sku)

  beforeAll(async () => {
    const names: Record<string, string> = {
      'SEEK-1': 'Folding chair, Oak',
      'SEEK-2': 'Oak table',
      'SEEK-3': 'Crème brûlée torch',
      'SEEK-4': '100%_off \\ "sale" \'n more',
      'SEEK-5': 'Кофемолка',
      SEEK_6: 'Chair of steel',
    }
    await Promise.all(
      Object.entries(names).map(async ([sku, name]) =>
        inventory.reservation.createProduct(product({ sku, name }), inventory.admin()),
      ),
    )
  })

  test.each([
    ['a part of a name, in any case', 'CHAI', ['SEEK-1', 'SEEK_6']],
    ['a part of a SKU, in any case', 'eek-2', ['SEEK-2']],
    ['words in any order, of which one is in the SKU', ' oak   seek-1 fold', ['SEEK-1']],
    ['words of which one is nowhere', 'oak steel', []],
    ['one letter', 'К', ['SEEK-5']],
    ['letters beyond ASCII, in any case', 'КОФЕ', ['SEEK-5']],
    ['a letter that is put together of two', 'cre\u0300me', ['SEEK-3']],
    ['a percent sign, which stands for itself', '0%', ['SEEK-4']],
    ['a percent sign between letters', 'oak%table', []],
    ['an underscore, which stands for itself', 'seek_', ['SEEK_6']],
    ['a backslash', '\\', ['SEEK-4']],
    ['a backslash before a sign', '\\%', []],
    ['quotes', `"sale" 'n`, ['SEEK-4']],
    ['what would end a statement', `'; drop table products; --`, []],
    ['what is not there', 'nothing-like-it', []],
  ])('finds %s', async (_, search, skus) => {
    expect(await found(search)).toEqual(skus)
  })

  test('of nothing but spaces finds all', async () => {
    expect(await found(' \t ')).toEqual(await found(''))
  })

  test('follows a name that changes', async () => {
    const sku = await makeProduct(inventory, 1)
    const renamed = {
      sku,
      name: 'Renamed samovar',
      description: undefined,
      price: undefined,
      expectedVersion: undefined,
      parts: [],
    }
    await inventory.reservation.updateProduct(renamed, inventory.admin())
    expect(await found('samovar')).toEqual([sku])
    expect(await found(`product ${sku}`)).toEqual([])
  })

  test('is given in pages that hold each product once, whatever is made meanwhile', async () => {
    const first = await find('seek', 4)
    await inventory.reservation.createProduct(product({ sku: 'SEEK-0', name: 'Later' }), inventory.admin())
    const second = await find('seek', 4, first.nextPageToken)
    expect([first, second].map(({ products }) => products.map(({ sku }) => sku))).toEqual([
      ['SEEK-1', 'SEEK-2', 'SEEK-3', 'SEEK-4'],
      ['SEEK-5', 'SEEK_6'],
    ])
    expect(second.nextPageToken).toBe('')
  })

  test.each([
    ['of more than 100 characters', 'x'.repeat(101)],
    ['of more than 8 words', 'a b c d e f g h i'],
    ['with what no name may hold', 'oak\0'],
  ])('%s is refused by that name', async (_, search) => {
    await expect(find(search)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', fields: [{ field: 'search' }] })
  })

  test('of 8 words and 100 characters is none too many', async () => {
    expect(await found(`seek oak ${'abcdefghijklmno '.repeat(6).slice(0, 90)}`)).toEqual([])
  })
})

describe('adjustments', () => {
  const adjust = async (sku: string, delta: number, more: Partial<AdjustStockRequest> = {}) =>
    inventory.reservation.adjustStock(adjustment({ sku, delta, ...more }), inventory.admin())

  test('add and take away with a reason and an actor, and the history adds up', async () => {
    const sku = await makeProduct(inventory, 5)
    await adjust(sku, 10)
    const { level, movement } = await adjust(sku, -3)
    expect(level).toMatchObject({ onHand: 12, available: 12 })
    expect(movement).toMatchObject({ kind: 'ADJUSTMENT', delta: -3, reason: 'counted', actor: { role: 'ADMIN' } })
    const first = await inventory.reservation.getStockHistory(
      { sku, warehouse: '', pageSize: 2, pageToken: '' },
      inventory.admin(),
    )
    const rest = await inventory.reservation.getStockHistory(
      { sku, warehouse: '', pageSize: 2, pageToken: first.nextPageToken },
      inventory.admin(),
    )
    expect([...first.movements, ...rest.movements].map(({ delta }) => delta)).toEqual([-3, 10, 5])
  })

  test('never take away what is reserved, but what is due counts as free', async () => {
    const sku = await makeProduct(inventory, 5)
    const item = holdItem([{ sku, quantity: 4 }])
    await hold(inventory, [item])
    await expect(adjust(sku, -2)).rejects.toMatchObject({ code: 'INSUFFICIENT_STOCK', fields: [{ field: 'delta' }] })
    await makeDue(inventory, [item.id])
    expect((await adjust(sku, -2)).level).toMatchObject({ onHand: 3, available: 3 })
  })

  test('many that come after the end of a hold each get its units, whoever of them took it back', async () => {
    const sku = await makeProduct(inventory, 20)
    const item = holdItem([{ sku, quantity: 20 }])
    await hold(inventory, [item])
    await makeDue(inventory, [item.id])
    const answers = await Promise.all(Array.from({ length: 20 }, async () => adjust(sku, -1)))
    expect(answers).toHaveLength(20)
    expect(await available(inventory, sku)).toMatchObject({ onHand: 0, reserved: 0 })
  })

  test('the same key moves stock once, however many ask at once', async () => {
    const sku = await makeProduct(inventory, 0)
    const admin = inventory.admin()
    const request = adjustment({ sku, delta: 7, clientToken: randomUUID() })
    const answers = await Promise.all(Array.from({ length: 20 }, async () => inventory.reservation.adjustStock(request, admin)))
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1)
    expect(await available(inventory, sku)).toMatchObject({ onHand: 7 })
    await expect(inventory.reservation.adjustStock({ ...request, delta: 8 }, admin)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    })
    expect(await events('holdfast.stock.adjusted.v1', sku)).toHaveLength(1)
  })

  test('go to the warehouse named, which must exist', async () => {
    const sku = await makeProduct(inventory, 1)
    const code = `W-${randomUUID().slice(0, 8).toUpperCase()}`
    await expect(adjust(sku, 1, { warehouse: code })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await inventory.reservation.createWarehouse({ code, name: 'North', clientToken: '' }, inventory.admin())
    await adjust(sku, 4, { warehouse: code })
    const { availability } = await inventory.reservation.getAvailability({ skus: [sku], channel: '' }, inventory.service())
    expect(availability[0]).toMatchObject({
      available: 5,
      warehouses: [
        { warehouse: 'MAIN', available: 1 },
        { warehouse: code, available: 4 },
      ],
    })
  })

  test.each([
    ['delta', { delta: 0 }],
    ['delta', { expectedOnHand: 1, onHand: 2 }],
    ['onHand', { delta: 0, expectedOnHand: 1 }],
    ['expectedOnHand', { delta: 0, onHand: 1 }],
    ['onHand', { delta: 0, expectedOnHand: 1, onHand: -1 }],
    ['reference', { reference: 'r'.repeat(201) }],
    ['account', { account: StockMovement_Account.SOLD }],
    ['reason', { reason: '' }],
    ['sku', { sku: 'a b' }],
    ['warehouse', { warehouse: '?' }],
  ])('a wrong %s is refused by that name', async (field, change) => {
    const request = adjustment({ sku: 'X', delta: 1, ...change })
    await expect(inventory.reservation.adjustStock(request, inventory.admin())).rejects.toMatchObject({ fields: [{ field }] })
  })
})

test('the reservation and the order service allocate without a hold, in their own name; another service may not', async () => {
  const sku = await makeProduct(inventory, 5)
  const reference = randomUUID()
  const request = { lines: [{ sku, warehouse: '', quantity: 2 }], reference, reason: 'sold over the counter' }
  const { allocation, replayed } = await inventory.order.createAllocation(request, inventory.service())
  expect(replayed).toBe(false)
  expect(allocation).toMatchObject({ reference, actor: { id: 'order', role: 'SERVICE' }, lines: [{ warehouse: 'MAIN' }] })
  expect((await inventory.reservation.createAllocation(request, inventory.service())).replayed).toBe(true)
  const other = { ...request, reference: randomUUID() }
  for (const ctx of [inventory.service(), inventory.user()]) {
    await expect(inventory.gateway.createAllocation(other, ctx)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  }
  expect(await available(inventory, sku)).toEqual({ onHand: 3, reserved: 0, available: 3 })
})

test('availability of a SKU that is asked for again and again is told once', async () => {
  const [first, second] = [await makeProduct(inventory, 1), await makeProduct(inventory, 2)]
  const skus = [first, second, ...Array.from({ length: 498 }, () => first)]
  const { availability } = await inventory.reservation.getAvailability({ skus, channel: '' }, inventory.service())
  expect(availability).toMatchObject([
    { sku: first, available: 1 },
    { sku: second, available: 2 },
  ])
  await expect(
    inventory.reservation.getAvailability({ skus: [first, first, 'NOPE', 'NOPE'], channel: '' }, inventory.service()),
  ).rejects.toMatchObject({ code: 'NOT_FOUND', fields: [{ field: 'skus[2]' }] })
})

test('availability names the SKU that is not there', async () => {
  const sku = await makeProduct(inventory, 1)
  await expect(
    inventory.reservation.getAvailability({ skus: [sku, 'NOPE'], channel: '' }, inventory.service()),
  ).rejects.toMatchObject({
    code: 'NOT_FOUND',
    fields: [{ field: 'skus[1]' }],
  })
})

test('more units in all warehouses than a reply can say read as the most that it can', async () => {
  const sku = await makeProduct(inventory, 1_000_000_000)
  const admin = inventory.admin()
  for (const code of ['NORTH', 'SOUTH']) {
    await inventory.reservation.createWarehouse({ code, name: code, clientToken: '' }, admin)
    const delta = 1_000_000_000
    await inventory.reservation.adjustStock(adjustment({ sku, delta, warehouse: code }), admin)
  }
  const { availability } = await inventory.reservation.getAvailability({ skus: [sku], channel: '' }, inventory.service())
  expect(availability).toMatchObject([{ onHand: 2_147_483_647, reserved: 0, available: 2_147_483_647 }])
  expect(availability[0]?.warehouses.map(({ available: units }) => units)).toEqual([1e9, 1e9, 1e9])
})
