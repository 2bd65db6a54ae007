import { randomUUID } from 'node:crypto'

import { available, expectBalanced, fates, hold, holdItem, holdOne, makeDue, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

let inventory: TestInventory
beforeAll(async () => {
  inventory = await startInventory()
})
afterAll(async () => inventory.stop())
afterEach(async () => expectBalanced(inventory))

const commit = async (...ids: string[]) =>
  (await inventory.reservation.commit({ ids, linesVersions: [] }, inventory.service())).results
const expire = async (...ids: string[]) => (await inventory.reservation.expire({ ids }, inventory.service())).results
const release = async (id: string, endProtection = false) =>
  (await inventory.reservation.release({ items: [{ id, endProtection }] }, inventory.service())).results
const protect = async (id: string, graceMs: number) =>
  (await inventory.order.protect({ items: [{ id, graceMs }] }, inventory.service())).results
const extend = async (id: string, expiresAt: Date) =>
  (await inventory.reservation.extend({ items: [{ id, expiresAt }] }, inventory.service())).results

async function held(quantity = 2, stock = 5) {
  const sku = await makeProduct(inventory, stock)
  const item = holdItem([{ sku, quantity }])
  await holdOne(inventory, item)
  return { sku, id: item.id }
}

describe('a unit leaves HELD once', () => {
  test('commit sells: on hand and reserved fall together, and the ledger says so', async () => {
    const { sku, id } = await held()
    expect(fates(await commit(id))).toEqual(['COMMITTED'])
    expect(await available(inventory, sku)).toEqual({ onHand: 3, reserved: 0, available: 3 })
    const { movements } = await inventory.reservation.getStockHistory(
      { sku, warehouse: '', pageSize: 0, pageToken: '' },
      inventory.admin(),
    )
    expect(movements.map(({ kind, delta, reference }) => [kind, delta, reference])).toEqual([
      ['SALE', -2, id],
      ['OPENING', 5, ''],
    ])
    expect((await commit(id))[0]).toMatchObject({ replayed: true, hold: { state: 'COMMITTED', version: 2 } })
    expect(fates(await release(id))).toEqual(['RESERVATION_NOT_ACTIVE'])
    expect(fates(await expire(id))).toEqual(['COMMITTED'])
  })

  test('release gives back, and a commit afterwards is refused', async () => {
    const { sku, id } = await held()
    expect(fates(await release(id))).toEqual(['RELEASED'])
    expect((await release(id))[0]?.replayed).toBe(true)
    expect(fates(await commit(id))).toEqual(['RESERVATION_NOT_ACTIVE'])
    expect(await available(inventory, sku)).toEqual({ onHand: 5, reserved: 0, available: 5 })
  })

  test('who asks what became of holds that are not due waits for nobody, and what is due beside them is ended', async () => {
    const [{ sku, id }, sold, due] = [await held(), await held(), await held()]
    await commit(sold.id)
    await makeDue(inventory, [due.id])
    const way = await inventory.database.pool.connect()
    try {
      await way.query('begin')
      await way.query('select from holds where id = any ($1) for update', [[id, sold.id]])
      await way.query('select from stock_levels where sku = any ($1) for update', [[sku, sold.sku]])
      expect(fates(await expire(id, sold.id, due.id, randomUUID()))).toEqual(['HELD', 'COMMITTED', 'EXPIRED', 'NOT_FOUND'])
    } finally {
      await way.query('rollback')
      way.release()
    }
  })

  test('a due hold can not be committed, extended or protected, only expired', async () => {
    const { id } = await held()
    expect((await expire(id))[0]).toMatchObject({ error: undefined, hold: { state: 'HELD' } })
    await makeDue(inventory, [id])
    expect(fates(await commit(id))).toEqual(['RESERVATION_EXPIRED'])
    expect(fates(await extend(id, new Date(Date.now() + 600_000)))).toEqual(['RESERVATION_EXPIRED'])
    expect(fates(await protect(id, 10_000))).toEqual(['RESERVATION_EXPIRED'])
    expect(fates(await expire(id))).toEqual(['EXPIRED'])
  })

  test('commit, release and expire at the same moment: exactly one of them wins, many times', async () => {
    const sku = await makeProduct(inventory, 1_000)
    for (let round = 0; round < 30; round++) {
      const items = Array.from({ length: 10 }, () => holdItem([{ sku, quantity: 1 }], { ttlSeconds: 1 }))
      const ids = items.map((item) => item.id)
      await hold(inventory, items)
      if (round % 2 === 0) await makeDue(inventory, ids.slice(0, 5))
      const [commits, releases, expiries] = await Promise.all([
        commit(...ids),
        inventory.reservation.release({ items: ids.map((id) => ({ id, endProtection: false })) }, inventory.service()),
        expire(...ids),
      ])
      ids.forEach((_, index) => {
        const wins = [commits[index], releases.results[index], expiries[index]].filter(
          (result) => result?.error === undefined && !result?.replayed && result?.hold?.state !== 'HELD',
        )
        const states = new Set(wins.map((win) => win?.hold?.state))
        expect(states.size).toBe(1)
      })
    }
  })

  test('releasing an unknown id leaves a tombstone: a late hold meets it and sets nothing aside', async () => {
    const sku = await makeProduct(inventory, 5)
    const item = holdItem([{ sku, quantity: 1 }])
    expect(fates(await release(item.id))).toEqual(['RELEASED'])
    const late = await holdOne(inventory, item)
    expect(late).toMatchObject({ replayed: true, hold: { state: 'RELEASED', owner: '' } })
    expect(await available(inventory, sku)).toMatchObject({ reserved: 0 })
  })

  test('commit and expire of an unknown id say that it is not there', async () => {
    expect(fates(await commit(randomUUID()))).toEqual(['NOT_FOUND'])
    expect(fates(await expire(randomUUID()))).toEqual(['NOT_FOUND'])
  })
})

describe('the end of a hold', () => {
  test('extends to the time given, and never to an earlier one', async () => {
    const { id } = await held()
    const later = new Date(Date.now() + 900_000)
    expect((await extend(id, later))[0]?.hold).toMatchObject({ expiresAt: later, version: 2 })
    expect((await extend(id, new Date(Date.now() + 1_000)))[0]?.hold?.expiresAt).toEqual(later)
  })

  test('a payment protects the hold beyond its time, and gives the time back when it is over', async () => {
    const sku = await makeProduct(inventory, 1)
    const item = holdItem([{ sku, quantity: 1 }], { ttlSeconds: 5 })
    const base = (await holdOne(inventory, item)).hold?.expiresAt
    const [during] = await protect(item.id, 30_000)
    expect(Number(during?.hold?.expiresAt)).toBeGreaterThan(Number(base))
    expect(during?.hold).toMatchObject({ baseExpiresAt: base })
    const refused = await release(item.id)
    expect(fates(refused)).toEqual(['PAYMENT_IN_PROGRESS'])
    expect(refused[0]?.hold).toMatchObject({ baseExpiresAt: base })
    const [after] = await protect(item.id, 0)
    expect(after?.hold).toMatchObject({ expiresAt: base, protectedUntil: undefined })
    expect(fates(await release(item.id))).toEqual(['RELEASED'])
  })

  test('an extension during a payment moves the end that is left when the payment is over', async () => {
    const { id } = await held()
    const later = new Date(Date.now() + 450_000)
    await protect(id, 60_000)
    const [during] = await extend(id, later)
    expect(during?.hold).toMatchObject({ baseExpiresAt: later })
    const [after] = await protect(id, 0)
    expect(after?.hold).toMatchObject({ expiresAt: later, baseExpiresAt: later })
  })

  test("the order's own release goes through while its payment protects the hold", async () => {
    const { id } = await held()
    await protect(id, 30_000)
    expect(fates(await release(id, true))).toEqual(['RELEASED'])
  })

  test('the grace is bounded', async () => {
    const { id } = await held()
    const [result] = await protect(id, 3_000_000)
    expect(Number(result?.hold?.protectedUntil) - Date.now()).toBeLessThan(61_000)
  })
})

describe('returning stock', () => {
  test('puts the units of a sold hold back once per reference', async () => {
    const { sku, id } = await held()
    await commit(id)
    const request = { holdId: id, reference: randomUUID(), reason: 'order cancelled' }
    expect(await inventory.order.returnStock(request, inventory.service())).toEqual({ replayed: false })
    expect(await inventory.order.returnStock(request, inventory.service())).toEqual({ replayed: true })
    expect(await available(inventory, sku)).toEqual({ onHand: 5, reserved: 0, available: 5 })
  })

  test('refuses a hold that was not sold', async () => {
    const { id } = await held()
    const request = { holdId: id, reference: randomUUID(), reason: 'order cancelled' }
    await expect(inventory.order.returnStock(request, inventory.service())).rejects.toMatchObject({ code: 'ILLEGAL_TRANSITION' })
  })
})
