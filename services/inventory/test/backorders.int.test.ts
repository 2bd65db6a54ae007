/** Units that are promised beyond stock: never beyond the cap, filled first come, first served, whatever comes in between. */
import {
  type BackorderPolicy,
  CreateProductRequest,
  CreateShipmentRequest,
  type HoldItem,
  HoldItem_Strategy as Strategy,
  type HoldResult,
  MoveStockRequest,
  ReceiveShipmentRequest,
  StockMovement_Account as Account,
  TransferStockRequest,
  UpdateProductRequest,
} from '@holdfast/contracts/inventory'
import { createLog, systemContext } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'

import { fillLevel } from '../src/fills'
import { adjustment, expectBalanced, fates, hold, holdItem, holdOne, makeBundle, makeDue, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

let pair: TestInventory
beforeAll(async () => {
  pair = await startInventory(2)
})
afterAll(async () => pair.stop())
afterEach(async () => expectBalanced(pair))

async function makeWarehouse(): Promise<string> {
  const code = `W${randomUUID().slice(0, 6).toUpperCase()}`
  await pair.reservation.createWarehouse({ code, name: code, clientToken: '', priority: 200 }, pair.admin())
  return code
}

const rule = (cap: number, more: Partial<BackorderPolicy> = {}): BackorderPolicy => ({
  cap,
  until: undefined,
  warehouse: '',
  ...more,
})
const setRule = async (sku: string, backorder: BackorderPolicy) =>
  pair.reservation.updateProduct(UpdateProductRequest.fromPartial({ sku, backorder }), pair.admin())

async function promised(stock: number, cap: number, more: Partial<BackorderPolicy> = {}): Promise<string> {
  const sku = await makeProduct(pair, stock)
  await setRule(sku, rule(cap, more))
  return sku
}

const wish = (sku: string, quantity = 1, more: Partial<HoldItem> = {}) => holdItem([{ sku, quantity }], more)
const at = (sku: string, warehouse: string, quantity: number) => holdItem([], { lines: [{ sku, warehouse, quantity }] })

/** Asks until others are not in the way any more. */
async function insist(item: () => HoldItem): Promise<HoldResult> {
  for (;;) {
    const result = await holdOne(pair, item())
    if (result.error?.code !== 'CONFLICT') return result
  }
}

async function levelOf(sku: string, channel = '') {
  const { availability } = await pair.reservation.getAvailability({ skus: [sku], channel }, pair.service())
  const { onHand, reserved, available, promised: owed, backorderable } = availability[0] ?? {}
  return { onHand, reserved, available, promised: owed, backorderable }
}

const add = async (sku: string, delta: number, warehouse = '') =>
  pair.reservation.adjustStock(adjustment({ sku, delta, warehouse }), pair.admin())
const ctx = systemContext('inventory', createLog('test', 'silent'))
const fill = async (sku: string, warehouse = 'MAIN') => fillLevel(pair.database, { sku, warehouse }, ctx)
/** What is still to come of each line of a hold. */
async function backorderedOf(id: string): Promise<number[]> {
  const { results } = await pair.reservation.expire({ ids: [id] }, pair.service())
  return (results[0]?.hold?.lines ?? []).map((line) => line.backordered)
}
const commit = async (id: string) => pair.reservation.commit({ ids: [id], linesVersions: [] }, pair.service())
const release = async (id: string) => pair.reservation.release({ items: [{ id, endProtection: false }] }, pair.service())
const giveBack = async (holdId: string, reference = randomUUID()) =>
  pair.order.returnStock({ holdId, reference, reason: 'cancelled' }, pair.service())

describe('the rule of a product', () => {
  test('is set, shown, changed as a whole and taken away, each time with one event; the same again changes nothing', async () => {
    const until = new Date('2031-05-01T00:00:00.000Z')
    const sku = `SKU-${randomUUID().slice(0, 8).toUpperCase()}`
    const price = { currency: 'USD', amountMinor: 1_000n }
    const request = CreateProductRequest.fromPartial({ sku, name: 'A', price, backorder: { cap: 5, until } })
    const made = await pair.reservation.createProduct(request, pair.admin())
    expect(made.product?.backorder).toEqual({ cap: 5, until, warehouse: 'MAIN' })
    expect((await setRule(sku, rule(5, { until }))).product?.version).toBe(1)
    expect((await setRule(sku, rule(7))).product).toMatchObject({ version: 2, backorder: rule(7, { warehouse: 'MAIN' }) })
    expect((await setRule(sku, rule(-1))).product).toMatchObject({ version: 3, backorder: undefined })
    const { rows } = await pair.database.pool.query("select from outbox where key = $1 and type like 'holdfast.product.%'", [sku])
    expect(rows).toHaveLength(3)
  })

  test('bad ones are refused and say why', async () => {
    const sku = await makeProduct(pair, 1)
    const refusal = async (backorder: BackorderPolicy) =>
      setRule(sku, backorder).then(
        () => 'none',
        (error: unknown) => error,
      )
    for (const cap of [0, -2, 1_000_001])
      expect(await refusal(rule(cap))).toMatchObject({ code: 'INVALID_ARGUMENT', fields: [{ field: 'backorder.cap' }] })
    expect(await refusal(rule(1, { warehouse: 'no!' }))).toMatchObject({ fields: [{ field: 'backorder.warehouse' }] })
    expect(await refusal(rule(1, { warehouse: 'NOWHERE' }))).toMatchObject({ code: 'NOT_FOUND' })
    const set = await makeBundle(pair, [{ sku, quantity: 1 }])
    await expect(setRule(set, rule(1))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', fields: [{ field: 'backorder' }] })
    await expect(setRule('NOT-THERE', rule(1))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('the warehouse stays while units are promised there; a lower cap only refuses new ones', async () => {
    const [sku, east] = [await promised(0, 3), await makeWarehouse()]
    const first = wish(sku, 3)
    await holdOne(pair, first)
    await expect(setRule(sku, rule(3, { warehouse: east }))).rejects.toMatchObject({ code: 'ILLEGAL_TRANSITION' })
    await setRule(sku, rule(1))
    expect(await levelOf(sku)).toMatchObject({ promised: 3, backorderable: 0 })
    expect(fates([await holdOne(pair, wish(sku))])).toEqual(['INSUFFICIENT_STOCK'])
    await setRule(sku, rule(-1))
    await expect(setRule(sku, rule(3, { warehouse: east }))).rejects.toMatchObject({ code: 'ILLEGAL_TRANSITION' })
    await add(sku, 3)
    expect(await fill(sku)).toBe(3)
    await setRule(sku, rule(3, { warehouse: east }))
    expect((await holdOne(pair, wish(sku, 2))).hold?.lines).toMatchObject([{ warehouse: east, backordered: 2 }])
  })
})

describe('reserving beyond stock', () => {
  test('what is free comes first, the rest is promised, with the date; what is promised is nobody else’s when it arrives', async () => {
    const until = new Date('2031-05-01T00:00:00.000Z')
    const sku = await promised(2, 5, { until })
    const first = await holdOne(pair, wish(sku, 4))
    expect(first.hold).toMatchObject({ fills: 0, lines: [{ quantity: 4, backordered: 2, backorderUntil: until }] })
    expect(await levelOf(sku)).toEqual({ onHand: 2, reserved: 2, available: 0, promised: 2, backorderable: 3 })
    expect(fates([await holdOne(pair, wish(sku, 4))])).toEqual(['INSUFFICIENT_STOCK'])
    await add(sku, 2)
    expect(await levelOf(sku)).toMatchObject({ onHand: 4, available: 0, promised: 2 })
    // It is promised what is left of the cap, not given what is another's.
    expect((await holdOne(pair, wish(sku, 3))).hold?.lines).toMatchObject([{ quantity: 3, backordered: 3 }])
    expect(fates([await holdOne(pair, wish(sku))])).toEqual(['INSUFFICIENT_STOCK'])
  })

  test.each([Strategy.COMBINING, Strategy.PESSIMISTIC, Strategy.OPTIMISTIC])(
    'of 50 concurrent holds over two replicas no more are promised than the cap, and all of it (%s)',
    async (strategy) => {
      const sku = await promised(10, 7)
      const results = await Promise.all(Array.from({ length: 50 }, async () => insist(() => wish(sku, 1, { strategy }))))
      const made = results.flatMap(({ hold: one }) => (one === undefined ? [] : [one]))
      expect(made).toHaveLength(17)
      expect(made.filter(({ lines }) => lines[0]?.backordered === 1)).toHaveLength(7)
      expect(await levelOf(sku)).toEqual({ onHand: 10, reserved: 10, available: 0, promised: 7, backorderable: 0 })
    },
  )

  test('a batch is served in its order; a repeat is told of its promise', async () => {
    const sku = await promised(1, 2)
    const items = [wish(sku, 2), wish(sku, 2), wish(sku, 1)]
    const results = await hold(pair, items)
    expect(fates(results)).toEqual(['HELD', 'INSUFFICIENT_STOCK', 'HELD'])
    expect(results.map((one) => one.hold?.lines[0]?.backordered)).toEqual([1, undefined, 1])
    const again = await hold(pair, items)
    expect(again.map((one) => [one.replayed, one.hold?.lines[0]?.backordered])).toEqual([
      [true, 1],
      [false, undefined],
      [true, 1],
    ])
    await add(sku, 1)
    await fill(sku)
    expect([await backorderedOf(items[0]?.id ?? ''), await backorderedOf(items[2]?.id ?? '')]).toEqual([[0], [1]])
  })

  test('only the warehouse of the rule promises; with a split all of them give what they have first', async () => {
    const east = await makeWarehouse()
    const sku = await promised(1, 10, { warehouse: east })
    await add(sku, 2, east)
    expect(fates([await holdOne(pair, at(sku, 'MAIN', 2))])).toEqual(['INSUFFICIENT_STOCK'])
    const split = await holdOne(pair, wish(sku, 5, { allowSplit: true }))
    expect(split.hold?.lines).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ warehouse: 'MAIN', quantity: 1, backordered: 0 }),
        expect.objectContaining({ warehouse: east, quantity: 4, backordered: 2 }),
      ]),
    )
    await release(split.hold?.id ?? '')
    expect((await holdOne(pair, wish(sku, 5))).hold?.lines).toMatchObject([{ warehouse: east, quantity: 5, backordered: 3 }])
  })

  test('units that are past their time come before a promise', async () => {
    const sku = await promised(2, 5)
    const late = wish(sku, 2)
    await holdOne(pair, late)
    await makeDue(pair, [late.id])
    expect((await holdOne(pair, wish(sku, 3))).hold?.lines).toMatchObject([{ quantity: 3, backordered: 1 }])
    const promise = wish(sku, 4)
    await holdOne(pair, promise)
    await makeDue(pair, [promise.id])
    expect(await levelOf(sku)).toMatchObject({ promised: 1, backorderable: 4 })
    expect((await holdOne(pair, wish(sku, 4))).hold?.lines).toMatchObject([{ backordered: 4 }])
  })

  test('units that are past their time come before a promise, also where others in the batch had theirs taken back first', async () => {
    const [sku, limited] = [await promised(1, 5), await makeProduct(pair, 5)]
    await pair.reservation.updateProduct(UpdateProductRequest.fromPartial({ sku: limited, mostPerShopper: 1 }), pair.admin())
    const late = [wish(sku), wish(limited, 1, { owner: 'one-at-a-time' })]
    expect(fates(await hold(pair, late))).toEqual(['HELD', 'HELD'])
    await makeDue(
      pair,
      late.map(({ id }) => id),
    )
    const [, promise] = await hold(pair, [wish(limited, 1, { owner: 'one-at-a-time' }), wish(sku)])
    expect(promise?.hold?.lines).toMatchObject([{ quantity: 1, backordered: 0 }])
  })

  test('units that are past their time come before a promise, also those of a line that another warehouse lacks', async () => {
    const warehouse = await makeWarehouse()
    const [sku, other] = [await promised(0, 5), await makeProduct(pair, 2)]
    for (const one of [sku, other]) await add(one, 2, warehouse)
    const lapsed = await holdOne(pair, at(other, warehouse, 2))
    await makeDue(pair, [lapsed.hold?.id ?? ''])
    const both = [sku, other].map((one) => ({ sku: one, quantity: 2 }))
    const { hold: held } = await holdOne(pair, holdItem(both))
    expect(held?.lines.map((line) => [line.warehouse, line.backordered])).toEqual([
      [warehouse, 0],
      [warehouse, 0],
    ])
  })

  test('by hand, units that are past their time are taken though what was only promised lapsed before them', async () => {
    const sku = await promised(1, 5)
    const [there, promise] = [wish(sku), wish(sku)]
    await hold(pair, [there, promise])
    await makeDue(pair, [promise.id])
    await makeDue(pair, [there.id])
    await add(sku, -1)
    expect(await levelOf(sku)).toMatchObject({ onHand: 0, reserved: 0, promised: 0 })
  })

  test('nothing is promised to others when somebody begins to wait while the promise is made', async () => {
    const sku = await promised(0, 5)
    await pair.reservation.updateProduct(UpdateProductRequest.fromPartial({ sku, waitlistFirst: true }), pair.admin())
    const waits = async (units: bigint, version: bigint) =>
      pair.reservation.setWaiting({ waiting: [{ sku, units, version }] }, pair.service())
    await waits(0n, 1n)
    const way = await pair.database.pool.connect()
    try {
      await way.query('begin')
      await way.query('select from stock_levels where sku = $1 for no key update', [sku])
      const { rows } = await way.query<{ pid: number }>('select pg_backend_pid() as pid')
      const late = holdOne(pair, wish(sku))
      const planned = async (): Promise<boolean> => {
        const { rowCount } = await pair.database.pool.query(
          'select from pg_stat_activity where $1 = any (pg_blocking_pids(pid))',
          [rows[0]?.pid],
        )
        return (rowCount ?? 0) > 0
      }
      await waitFor(planned, { what: 'the promise to wait for the level' })
      await waits(1n, 2n)
      await way.query('rollback')
      expect(fates([await late])).toEqual(['INSUFFICIENT_STOCK'])
      expect(fates([await holdOne(pair, wish(sku, 1, { fromWaitlist: true }))])).toEqual(['HELD'])
    } finally {
      way.release(true)
    }
  })

  test('a bundle is promised as its parts are, and says how many of it are not whole', async () => {
    const [part, plain] = [await promised(2, 3), await makeProduct(pair, 10)]
    const set = await makeBundle(pair, [
      { sku: part, quantity: 2 },
      { sku: plain, quantity: 1 },
    ])
    const made = await holdOne(pair, wish(set, 2))
    expect(made.hold?.lines).toMatchObject([{ sku: set, quantity: 2, backordered: 1 }])
    expect(made.hold?.lines[0]?.parts.find(({ sku }) => sku === part)).toMatchObject({ quantity: 4, backordered: 2 })
    await commit(made.hold?.id ?? '')
    await add(part, 1)
    await fill(part)
    expect(await backorderedOf(made.hold?.id ?? '')).toEqual([1])
    await add(part, 1)
    await fill(part)
    expect(await backorderedOf(made.hold?.id ?? '')).toEqual([0])
    await giveBack(made.hold?.id ?? '')
    expect(await levelOf(part)).toMatchObject({ onHand: 4, promised: 0 })
  })
})

describe('fills', () => {
  test('go in the order of the promises, whoever is held or sold, and pass over what is due', async () => {
    const sku = await promised(0, 10)
    const [sold, late, held, last] = [wish(sku, 2), wish(sku, 2), wish(sku, 2), wish(sku, 2)]
    for (const item of [sold, late, held, last]) await holdOne(pair, item)
    await commit(sold.id)
    await makeDue(pair, [late.id])
    await add(sku, 5)
    expect(await fill(sku)).toBe(5)
    expect(await Promise.all([sold, held, last].map(async ({ id }) => backorderedOf(id)))).toEqual([[0], [0], [1]])
    expect(await fill(sku)).toBe(0)
    expect(await levelOf(sku)).toMatchObject({ onHand: 3, reserved: 3, available: 0, promised: 1 })
    const { movements } = await pair.reservation.getStockHistory({ sku, warehouse: '', pageSize: 1, pageToken: '' }, pair.admin())
    expect(movements).toMatchObject([{ kind: 'SALE', quantity: 2, reference: sold.id }])
    const { rows } = await pair.database.pool.query<{ version: bigint; filled: number }>(
      "select aggregate_version as version, (data->>'filled')::integer as filled from outbox where type = 'holdfast.backorder.filled.v1' and key = $1",
      [last.id],
    )
    expect(rows).toEqual([{ version: 1n, filled: 1 }])
    // Who asks again for a hold that is there hears how often it was filled.
    expect(await holdOne(pair, last)).toMatchObject({ replayed: true, hold: { fills: 1, lines: [{ backordered: 1 }] } })
  })

  test('whatever frees units: a receipt, a release, a state, less safety stock, a transfer, a return', async () => {
    const [sku, east] = [await promised(3, 20), await makeWarehouse()]
    const { reservation } = pair
    const admin = pair.admin()
    await add(sku, 2, east)
    const plain = wish(sku, 1)
    const bought = wish(sku, 1)
    for (const item of [plain, bought]) await holdOne(pair, item)
    await commit(bought.id)
    await reservation.moveStock(
      MoveStockRequest.fromPartial({ sku, quantity: 1, from: Account.SELLABLE, to: Account.DAMAGED, reason: 'x' }),
      admin,
    )
    await reservation.setSafetyStock({ sku, warehouse: 'MAIN', units: 1, clientToken: '' }, admin)
    const waiting = wish(sku, 10)
    await holdOne(pair, waiting)
    const fillsAfter = async (what: () => Promise<unknown>) => {
      await what()
      return fill(sku)
    }
    expect(await fillsAfter(async () => release(plain.id))).toBe(0)
    expect(
      await fillsAfter(async () => reservation.setSafetyStock({ sku, warehouse: 'MAIN', units: 0, clientToken: '' }, admin)),
    ).toBe(1)
    expect(
      await fillsAfter(async () =>
        reservation.moveStock(
          MoveStockRequest.fromPartial({ sku, quantity: 1, from: Account.DAMAGED, to: Account.SELLABLE, reason: 'x' }),
          admin,
        ),
      ),
    ).toBe(1)
    expect(await fillsAfter(async () => giveBack(bought.id))).toBe(1)
    const sent = { sku, from: east, to: 'MAIN', quantity: 2, immediate: true }
    expect(await fillsAfter(async () => reservation.transferStock(TransferStockRequest.fromPartial(sent), admin))).toBe(2)
    const { shipment } = await reservation.createShipment(
      CreateShipmentRequest.fromPartial({ lines: [{ sku, quantity: 2 }] }),
      admin,
    )
    const receipt = { id: shipment?.id ?? '', receiptReference: 'r', lines: [{ sku, quantity: 2 }] }
    expect(await fillsAfter(async () => reservation.receiveShipment(ReceiveShipmentRequest.fromPartial(receipt), admin))).toBe(2)
    expect(await backorderedOf(waiting.id)).toEqual([3])
    expect(await levelOf(sku)).toMatchObject({ reserved: 7, promised: 3 })
  })

  test('many at once on both sides fill each unit once', async () => {
    const sku = await promised(0, 40)
    const items = Array.from({ length: 40 }, () => wish(sku))
    for (const item of items) await holdOne(pair, item)
    await Promise.all([
      ...Array.from({ length: 25 }, async () => add(sku, 1)),
      ...Array.from({ length: 20 }, async () => fill(sku)),
      ...items.slice(0, 10).map(async ({ id }) => commit(id)),
      ...items.slice(30).map(async ({ id }) => release(id)),
    ])
    while ((await fill(sku)) > 0);
    const left = await Promise.all(items.slice(0, 30).map(async ({ id }) => backorderedOf(id)))
    expect(left).toEqual(Array.from({ length: 30 }, (_, index) => [index < 25 ? 0 : 1]))
  })

  test('a payment that is under way is not disturbed: its lines keep their version', async () => {
    const sku = await promised(0, 5)
    const item = wish(sku, 2)
    await holdOne(pair, item)
    await pair.order.protect({ items: [{ id: item.id, graceMs: 10_000, linesVersion: 1 }] }, pair.service())
    await add(sku, 1)
    expect(await fill(sku)).toBe(1)
    const { results } = await pair.reservation.commit({ ids: [item.id], linesVersions: [1] }, pair.service())
    expect(results[0]?.hold).toMatchObject({ state: 'COMMITTED', fills: 1, linesVersion: 1, lines: [{ backordered: 1 }] })
    expect(await levelOf(sku)).toEqual({ onHand: 0, reserved: 0, available: 0, promised: 1, backorderable: 4 })
  })
})

describe('what becomes of a promise', () => {
  test('release and expire end it; lowering gives up what is not there first; a part keeps its place', async () => {
    const sku = await promised(2, 10)
    const [first, second] = [wish(sku, 6), wish(sku, 3)]
    for (const item of [first, second]) await holdOne(pair, item)
    const lines = (quantity: number) => [{ sku, warehouse: '', quantity }]
    const common = { id: first.id, fingerprint: '', giveBack: false, operationId: '' }
    await pair.reservation.changeHold({ ...common, lines: lines(5), linesVersion: 1 }, pair.service())
    expect(await backorderedOf(first.id)).toEqual([3])
    const partId = randomUUID()
    const split = { id: first.id, partId, fingerprint: '', lines: lines(3), linesVersion: 2 }
    expect((await pair.reservation.splitHold(split, pair.service())).part?.hold?.lines).toMatchObject([
      { quantity: 3, backordered: 1 },
    ])
    expect(await backorderedOf(first.id)).toEqual([2])
    await commit(partId)
    await add(sku, 4)
    expect(await fill(sku)).toBe(4)
    expect([await backorderedOf(partId), await backorderedOf(first.id), await backorderedOf(second.id)]).toEqual([[0], [0], [2]])
    await release(second.id)
    expect(await levelOf(sku)).toMatchObject({ onHand: 3, reserved: 2, available: 1, promised: 0, backorderable: 10 })
  })

  test('a returned order brings back what was there and gives up the rest, once, also where nothing had come', async () => {
    const sku = await promised(1, 10)
    const [part, none] = [wish(sku, 4), wish(sku, 2)]
    for (const item of [part, none]) {
      await holdOne(pair, item)
      await commit(item.id)
    }
    await add(sku, 1)
    await fill(sku)
    const references = [randomUUID(), randomUUID()]
    for (const [index, { id }] of [part, none].entries()) {
      expect(await giveBack(id, references[index])).toEqual({ replayed: false })
      expect(await giveBack(id, references[index])).toEqual({ replayed: true })
    }
    expect(await levelOf(sku)).toEqual({ onHand: 2, reserved: 0, available: 2, promised: 0, backorderable: 10 })
    expect(await fill(sku)).toBe(0)
  })

  test('a limit that is set later counts what was sold before it was there', async () => {
    const sku = await promised(0, 10)
    const bought = wish(sku, 2, { owner: 'someone' })
    await holdOne(pair, bought)
    await commit(bought.id)
    await pair.reservation.updateProduct(UpdateProductRequest.fromPartial({ sku, mostPerShopper: 2 }), pair.admin())
    expect(fates([await holdOne(pair, wish(sku, 1, { owner: 'someone' }))])).toEqual(['LIMIT_EXCEEDED'])
    await add(sku, 2)
    await fill(sku)
    expect(fates([await holdOne(pair, wish(sku, 1, { owner: 'someone' }))])).toEqual(['LIMIT_EXCEEDED'])
  })

  test('the archive keeps what is still to come, and takes what is there', async () => {
    const sku = await promised(1, 10)
    const item = wish(sku, 2)
    await holdOne(pair, item)
    await commit(item.id)
    const archive = async () => {
      const { rows } = await pair.database.pool.query<{ moved: number }>(
        "select moved from archive_holds(0, '-infinity', '00000000-0000-0000-0000-000000000000', 1000)",
      )
      return rows[0]?.moved
    }
    await archive()
    expect(await backorderedOf(item.id)).toEqual([1])
    await add(sku, 1)
    await fill(sku)
    expect(await archive()).toBe(1)
    expect(await backorderedOf(item.id)).toEqual([0])
    const { consistent } = await pair.reservation.checkConsistency({ archived: true }, pair.admin())
    expect(consistent).toBe(true)
    expect(await giveBack(item.id)).toEqual({ replayed: false })
    expect(await levelOf(sku)).toMatchObject({ onHand: 2, promised: 0 })
  })
})
