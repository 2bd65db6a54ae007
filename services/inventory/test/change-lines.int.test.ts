/** The lines of a hold change in place: what is held stays held, units add up, and who races is decided by the hold's row. */
import { AdjustStockRequest, CreateProductRequest, type ChangeHoldRequest, type HoldResult } from '@holdfast/contracts/inventory'
import { randomUUID } from 'node:crypto'

import { available, expectBalanced, fates, holdItem, holdOne, makeDue, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

let inventory: TestInventory
beforeAll(async () => {
  inventory = await startInventory(2)
})
afterAll(async () => inventory.stop())
afterEach(async () => expectBalanced(inventory))

type Wanted = [sku: string, quantity: number, warehouse?: string]

async function change(id: string, wanted: Wanted[], more: Partial<ChangeHoldRequest> = {}): Promise<HoldResult> {
  const lines = wanted.map(([sku, quantity, warehouse = '']) => ({ sku, quantity, warehouse }))
  const request = { id, lines, linesVersion: 0, operationId: '', fingerprint: '', giveBack: false, ...more }
  const { result } = await inventory.reservation.changeHold(request, inventory.service())
  if (result === undefined) throw new Error('no result')
  return result
}

async function made(...lines: Wanted[]): Promise<string> {
  const item = holdItem([])
  const { error } = await holdOne(inventory, {
    ...item,
    lines: lines.map(([sku, quantity, warehouse = '']) => ({ sku, quantity, warehouse })),
  })
  expect(error).toBeUndefined()
  return item.id
}

function linesOf({ hold }: HoldResult): [string, string, number, string][] {
  return (hold?.lines ?? []).map(({ sku, warehouse, quantity, unitPrice }) => [
    sku,
    warehouse,
    quantity,
    String(unitPrice?.amountMinor),
  ])
}

async function setPrice(sku: string, amountMinor: bigint): Promise<void> {
  await inventory.reservation.updateProduct({ sku, price: { currency: 'USD', amountMinor }, parts: [] }, inventory.admin())
}

const protect = async (id: string, graceMs: number, linesVersion = 0) =>
  (await inventory.order.protect({ items: [{ id, graceMs, linesVersion }] }, inventory.service())).results[0]
const commit = async (id: string, linesVersion = 0) =>
  (await inventory.reservation.commit({ ids: [id], linesVersions: [linesVersion] }, inventory.service())).results[0]
const release = async (id: string) =>
  (await inventory.reservation.release({ items: [{ id, endProtection: false }] }, inventory.service())).results[0]
const expire = async (id: string) => (await inventory.reservation.expire({ ids: [id] }, inventory.service())).results[0]

describe('quantities', () => {
  test('a raise and a lower are one change, and the hold says which version of its lines these are', async () => {
    const [a, b] = [await makeProduct(inventory, 10), await makeProduct(inventory, 10)]
    const id = await made([a, 2], [b, 5])
    const result = await change(id, [
      [a, 6],
      [b, 1],
    ])
    expect(result).toMatchObject({ error: undefined, replayed: false, hold: { version: 2, linesVersion: 2 } })
    expect(linesOf(result).toSorted()).toEqual(
      [
        [a, 'MAIN', 6, '1000'],
        [b, 'MAIN', 1, '1000'],
      ].toSorted(),
    )
    expect(await available(inventory, a)).toEqual({ onHand: 10, reserved: 6, available: 4 })
    expect(await available(inventory, b)).toEqual({ onHand: 10, reserved: 1, available: 9 })
  })

  test('a raise that does not fit leaves everything as it was, also what would have been lowered', async () => {
    const [a, b] = [await makeProduct(inventory, 3), await makeProduct(inventory, 10)]
    const id = await made([a, 2], [b, 5])
    const result = await change(id, [
      [b, 1],
      [a, 4],
    ])
    expect(result.error).toMatchObject({ code: 'INSUFFICIENT_STOCK', fields: [{ field: 'lines[1].sku' }] })
    expect(result.hold).toMatchObject({ state: 'HELD', version: 1, linesVersion: 1 })
    expect(await available(inventory, b)).toMatchObject({ reserved: 5 })
    expect(await available(inventory, a)).toMatchObject({ reserved: 2 })
    // The units that it has count as its own: all three are one more.
    expect(fates([await change(id, [[a, 3]])])).toEqual(['HELD'])
  })

  test('what comes in has the price of the day, what stays keeps its own, and the last that came goes first', async () => {
    const sku = await makeProduct(inventory, 10)
    const id = await made([sku, 2])
    await setPrice(sku, 1_500n)
    expect(linesOf(await change(id, [[sku, 5]]))).toEqual([
      [sku, 'MAIN', 2, '1000'],
      [sku, 'MAIN', 3, '1500'],
    ])
    expect(linesOf(await change(id, [[sku, 4]]))).toEqual([
      [sku, 'MAIN', 2, '1000'],
      [sku, 'MAIN', 2, '1500'],
    ])
    expect(linesOf(await change(id, [[sku, 1]]))).toEqual([[sku, 'MAIN', 1, '1000']])
    await commit(id)
    expect(await available(inventory, sku)).toEqual({ onHand: 9, reserved: 0, available: 9 })
  })

  test('more comes from a warehouse that the hold has units of, unless one is named', async () => {
    const code = `WH-${randomUUID().slice(0, 8).toUpperCase()}`
    await inventory.reservation.createWarehouse({ code, name: code, clientToken: '' }, inventory.admin())
    const [sku, other] = [await makeProduct(inventory, 3), await makeProduct(inventory, 0)]
    for (const one of [sku, other]) {
      const stock = AdjustStockRequest.fromPartial({ sku: one, delta: 5, reason: 'stock', warehouse: code })
      await inventory.reservation.adjustStock(stock, inventory.admin())
    }
    const id = await made([sku, 1, 'MAIN'])
    expect(fates([await change(id, [[other, 1]])])).toEqual(['INSUFFICIENT_STOCK'])
    expect(fates([await change(id, [[sku, 4]])])).toEqual(['INSUFFICIENT_STOCK'])
    const named = await change(id, [
      [sku, 4, code],
      [sku, 3, 'MAIN'],
    ])
    expect(linesOf(named).map(([, warehouse, quantity]) => [warehouse, quantity])).toEqual([
      ['MAIN', 3],
      [code, 4],
    ])
    expect(fates([await change(id, [[other, 2]])])).toEqual(['HELD'])
    // All that it has of the SKU, wherever: what came last goes first.
    expect(linesOf(await change(id, [[sku, 2]])).filter(([one]) => one === sku)).toEqual([[sku, 'MAIN', 2, '1000']])
  })

  test('none left is a release, with the lines as they were', async () => {
    const sku = await makeProduct(inventory, 5)
    const id = await made([sku, 5])
    const operation = { operationId: randomUUID(), fingerprint: 'all' }
    expect((await change(id, [[sku, 0]], operation)).hold).toMatchObject({ state: 'RELEASED', lines: [{ sku, quantity: 5 }] })
    expect(await change(id, [[sku, 0]], operation)).toMatchObject({
      replayed: true,
      error: undefined,
      hold: { state: 'RELEASED' },
    })
    expect(await available(inventory, sku)).toMatchObject({ reserved: 0 })
  })

  test('giving back is about units, and more than there are is refused', async () => {
    const sku = await makeProduct(inventory, 5)
    const id = await made([sku, 3])
    const back = { giveBack: true }
    expect(linesOf(await change(id, [[sku, 2]], back))).toEqual([[sku, 'MAIN', 1, '1000']])
    expect((await change(id, [[sku, 2]], back)).error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      fields: [{ field: 'lines[0].quantity' }],
    })
    expect((await change(id, [[sku, 1]], back)).hold).toMatchObject({ state: 'RELEASED' })
  })

  test('what is asked for already is no change', async () => {
    const sku = await makeProduct(inventory, 5)
    const id = await made([sku, 3])
    expect((await change(id, [[sku, 3]])).hold).toMatchObject({ version: 1, linesVersion: 1 })
  })
})

describe('repeats', () => {
  test('an operation is done once, and its id with another request is refused', async () => {
    const sku = await makeProduct(inventory, 10)
    const id = await made([sku, 5])
    const operation = { operationId: randomUUID(), fingerprint: 'two back', giveBack: true }
    const all = await Promise.all([1, 2, 3, 4].map(async () => change(id, [[sku, 2]], operation)))
    expect(fates(all)).toEqual(['HELD', 'HELD', 'HELD', 'HELD'])
    expect(all.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect(await available(inventory, sku)).toMatchObject({ reserved: 3 })
    expect(fates([await change(id, [[sku, 1]], { ...operation, fingerprint: 'one back' })])).toEqual(['IDEMPOTENCY_KEY_REUSED'])
    const other = await made([sku, 5])
    expect(fates([await change(other, [[sku, 2]], { ...operation, fingerprint: 'of another' })])).toEqual([
      'IDEMPOTENCY_KEY_REUSED',
    ])
    expect(await available(inventory, sku)).toMatchObject({ reserved: 8 })
  })

  test('a change that is meant for other lines is refused, and brings those that there are', async () => {
    const sku = await makeProduct(inventory, 10)
    const id = await made([sku, 5])
    await change(id, [[sku, 4]], { linesVersion: 1 })
    const late = await change(id, [[sku, 6]], { linesVersion: 1 })
    expect(late).toMatchObject({ error: { code: 'CONFLICT' }, hold: { linesVersion: 2, lines: [{ sku, quantity: 4 }] } })
  })
})

describe('who may not', () => {
  test('a hold that is unknown, ended, due, or under a payment does not change', async () => {
    const sku = await makeProduct(inventory, 50)
    expect(fates([await change(randomUUID(), [[sku, 1]])])).toEqual(['NOT_FOUND'])
    const [ended, due, paying] = [await made([sku, 5]), await made([sku, 5]), await made([sku, 5])]
    await release(ended)
    expect(fates([await change(ended, [[sku, 1]])])).toEqual(['RESERVATION_NOT_ACTIVE'])
    await makeDue(inventory, [due])
    expect(fates([await change(due, [[sku, 1]])])).toEqual(['RESERVATION_EXPIRED'])
    await protect(paying, 60_000)
    expect(fates([await change(paying, [[sku, 6]])])).toEqual(['PAYMENT_IN_PROGRESS'])
    await protect(paying, 0)
    expect(fates([await change(paying, [[sku, 6]])])).toEqual(['HELD'])
  })

  test.each([
    ['no lines', []],
    ['less than none', [['A-SKU', -1]]],
    [
      'a SKU twice',
      [
        ['A-SKU', 1],
        ['a-sku', 2],
      ],
    ],
    [
      'a SKU with a warehouse and without',
      [
        ['A-SKU', 1, 'MAIN'],
        ['A-SKU', 2],
      ],
    ],
    ['no SKU', [['', 1]]],
  ] as [string, Wanted[]][])('%s is refused', async (_, wanted) => {
    await expect(change(randomUUID(), wanted)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a product that is not there, or has rules, is not added', async () => {
    const [sku, ruled] = [await makeProduct(inventory, 5), await makeProduct(inventory, 5)]
    await inventory.database.pool.query('update products set waitlist_first = true, version = version + 1 where sku = $1', [
      ruled,
    ])
    const id = await made([sku, 2])
    expect(
      (
        await change(id, [
          [sku, 3],
          ['NO-SUCH', 1],
        ])
      ).error,
    ).toMatchObject({ code: 'NOT_FOUND', fields: [{ field: 'lines[1].sku' }] })
    expect(fates([await change(id, [[ruled, 1]])])).toEqual(['ILLEGAL_TRANSITION'])
    expect(await available(inventory, sku)).toMatchObject({ reserved: 2 })
  })
})

test('a bundle changes neither by its name nor by that of its parts, and what else there is of a part does', async () => {
  const part = await makeProduct(inventory, 20)
  const bundle = `SET-${randomUUID().slice(0, 8).toUpperCase()}`
  const price = { currency: 'USD', amountMinor: 3_000n }
  const product = CreateProductRequest.fromPartial({ sku: bundle, name: bundle, price, parts: [{ sku: part, quantity: 2 }] })
  await inventory.reservation.createProduct(product, inventory.admin())
  const id = await made([bundle, 2], [part, 3])
  expect(fates([await change(id, [[bundle, 0]])])).toEqual(['ILLEGAL_TRANSITION'])
  expect(fates([await change(id, [[bundle, 3]])])).toEqual(['ILLEGAL_TRANSITION'])
  expect(fates([await change(id, [[part, 4]], { giveBack: true })])).toEqual(['INVALID_ARGUMENT'])
  const { hold } = await change(id, [[part, 1]])
  expect(hold?.lines.map(({ sku, quantity, parts }) => [sku, quantity, parts[0]?.quantity]).toSorted()).toEqual(
    [
      [bundle, 2, 4],
      [part, 1, undefined],
    ].toSorted(),
  )
  expect(await available(inventory, part)).toMatchObject({ reserved: 5 })
})

test('less of what has a limit leaves room for more of it', async () => {
  const sku = await makeProduct(inventory, 20)
  await inventory.reservation.updateProduct({ sku, price: undefined, parts: [], mostPerShopper: 5 }, inventory.admin())
  const owner = randomUUID()
  const item = holdItem([{ sku, quantity: 5 }], { owner })
  await holdOne(inventory, item)
  expect(fates([await change(item.id, [[sku, 6]])])).toEqual(['LIMIT_EXCEEDED'])
  expect(fates([await change(item.id, [[sku, 2]])])).toEqual(['HELD'])
  const more = async (quantity: number) => holdOne(inventory, holdItem([{ sku, quantity }], { owner }))
  expect((await more(4)).error).toBeDefined()
  expect(fates([await more(3)])).toEqual(['HELD'])
})

describe('more of what has a limit', () => {
  async function limited(stock: number, mostPerShopper: number): Promise<string> {
    const sku = await makeProduct(inventory, stock)
    await inventory.reservation.updateProduct({ sku, price: undefined, parts: [], mostPerShopper }, inventory.admin())
    return sku
  }
  const heldBy = async (owner: string, sku: string, quantity: number) => {
    const item = holdItem([{ sku, quantity }], { owner })
    expect(fates([await holdOne(inventory, item)])).toEqual(['HELD'])
    return item.id
  }

  test('counts with all that its owner has, and is refused with what is left; the change is all of it or nothing', async () => {
    const [sku, other, owner] = [await limited(50, 5), await limited(50, 2), randomUUID()]
    const [bought, id] = [await heldBy(owner, sku, 1), await heldBy(owner, sku, 1)]
    await commit(bought)
    expect(fates([await change(id, [[sku, 3]])])).toEqual(['HELD'])
    const { error } = await change(id, [
      [other, 2],
      [sku, 5],
    ])
    const message = 'at most 5 for each shopper, of which 1 are left'
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED', fields: [{ field: 'lines[1].quantity', message }] })
    expect(fates([await change(id, [[other, 2]])])).toEqual(['HELD'])
    expect(fates([await change(id, [[sku, 4]])])).toEqual(['HELD'])
    for (const one of [sku, other]) {
      const next = await holdOne(inventory, holdItem([{ sku: one, quantity: 1 }], { owner }))
      expect(fates([next])).toEqual(['LIMIT_EXCEEDED'])
    }
    await release(id)
    await heldBy(owner, sku, 4)
    await heldBy(owner, other, 2)
  })

  test('of two reservations of one shopper, and of new ones beside them, never passes it', async () => {
    const [sku, owner] = [await limited(100, 6), randomUUID()]
    const ids = [await heldBy(owner, sku, 1), await heldBy(owner, sku, 1)]
    const insist = async (ask: () => Promise<HoldResult>): Promise<HoldResult> => {
      for (;;) {
        const result = await ask()
        if (result.error?.code !== 'CONFLICT') return result
      }
    }
    const results = await Promise.all([
      ...[2, 3, 4, 5].flatMap((quantity) => ids.map(async (id) => insist(async () => change(id, [[sku, quantity]])))),
      ...Array.from({ length: 4 }, async () =>
        insist(async () => holdOne(inventory, holdItem([{ sku, quantity: 1 }], { owner }))),
      ),
    ])
    for (const fate of fates(results)) expect(['HELD', 'LIMIT_EXCEEDED']).toContain(fate)
    expect((await available(inventory, sku)).reserved).toBeLessThanOrEqual(6)
  })

  test('takes back what has lapsed of it first', async () => {
    const [sku, owner] = [await limited(50, 4), randomUUID()]
    const [id, lapsing] = [await heldBy(owner, sku, 1), await heldBy(owner, sku, 3)]
    expect(fates([await change(id, [[sku, 2]])])).toEqual(['LIMIT_EXCEEDED'])
    await makeDue(inventory, [lapsing])
    expect(fates([await change(id, [[sku, 4]])])).toEqual(['HELD'])
    expect((await expire(lapsing))?.hold).toMatchObject({ state: 'EXPIRED' })
  })
})

describe('time', () => {
  test('a raise takes the units of holds that are due before it is refused', async () => {
    const sku = await makeProduct(inventory, 5)
    const [mine, lapsed] = [await made([sku, 2]), await made([sku, 3])]
    expect(fates([await change(mine, [[sku, 4]])])).toEqual(['INSUFFICIENT_STOCK'])
    await makeDue(inventory, [lapsed])
    expect(fates([await change(mine, [[sku, 5]])])).toEqual(['HELD'])
    expect((await expire(lapsed))?.hold).toMatchObject({ state: 'EXPIRED' })
  })

  test('every later answer brings the lines: of an extension, a payment, a commit', async () => {
    const sku = await makeProduct(inventory, 10)
    const id = await made([sku, 5])
    const untouched = await made([sku, 1])
    await change(id, [[sku, 3]])
    const until = new Date(Date.now() + 600_000)
    const { results } = await inventory.reservation.extend({ items: [{ id, expiresAt: until }] }, inventory.service())
    const told = { linesVersion: 2, lines: [{ sku, quantity: 3 }] }
    expect(results[0]?.hold).toMatchObject(told)
    expect((await protect(id, 1_000))?.hold).toMatchObject(told)
    expect((await expire(id))?.hold).toMatchObject({ state: 'HELD', ...told })
    expect((await commit(id))?.hold).toMatchObject({ state: 'COMMITTED', ...told })
    expect((await expire(untouched))?.hold).toMatchObject({ linesVersion: 1, lines: [] })
  })
})

describe('payments', () => {
  test('a payment of other lines than there are is refused before and after it was protected', async () => {
    const sku = await makeProduct(inventory, 10)
    const id = await made([sku, 5])
    await change(id, [[sku, 3]])
    expect(await protect(id, 60_000, 1)).toMatchObject({ error: { code: 'PRECONDITION_FAILED' }, hold: { linesVersion: 2 } })
    await protect(id, 0)
    expect(await commit(id, 1)).toMatchObject({
      error: { code: 'PRECONDITION_FAILED' },
      hold: { state: 'HELD', linesVersion: 2 },
    })
    expect(await protect(id, 60_000, 2)).toMatchObject({ error: undefined })
    expect(await commit(id, 2)).toMatchObject({ error: undefined, hold: { state: 'COMMITTED' } })
    // It was sold with these lines: whoever asks again is told so.
    expect(await commit(id, 1)).toMatchObject({ error: undefined, replayed: true })
    expect(await available(inventory, sku)).toEqual({ onHand: 7, reserved: 0, available: 7 })
  })
})

describe('races', () => {
  test('two replicas never give the last units twice', async () => {
    const sku = await makeProduct(inventory, 20)
    const ids = await Promise.all(Array.from({ length: 8 }, async () => made([sku, 1])))
    const results = await Promise.all(ids.flatMap((id) => [4, 3, 2].map(async (units) => change(id, [[sku, units]]))))
    // Whether anybody is refused is a matter of who comes when.
    for (const fate of fates(results)) expect(['HELD', 'INSUFFICIENT_STOCK']).toContain(fate)
    const { reserved } = await available(inventory, sku)
    expect(reserved).toBeLessThanOrEqual(20)
    expect(reserved).toBeGreaterThan(8)
  })

  test('a change against the end of its hold: the units are sold, free, or held once', async () => {
    const sku = await makeProduct(inventory, 1_000)
    const ids = await Promise.all(Array.from({ length: 12 }, async () => made([sku, 5])))
    const ends = [commit, release, expire]
    await makeDue(
      inventory,
      ids.filter((_, index) => index % 3 === 2),
    )
    const results = await Promise.all(
      ids.flatMap((id, index) => [change(id, [[sku, 7]]), ends[index % 3]?.(id), change(id, [[sku, 2]])]),
    )
    expect(results.every((result) => result?.hold !== undefined)).toBe(true)
    const { rows } = await inventory.database.pool.query<{ sold: number }>(
      `select -sum(delta)::integer as sold from ledger where sku = $1 and kind = 'SALE'`,
      [sku],
    )
    expect(await available(inventory, sku)).toEqual({
      onHand: 1_000 - (rows[0]?.sold ?? 0),
      reserved: 0,
      available: 1_000 - (rows[0]?.sold ?? 0),
    })
  })
})
