/** Some units of a hold become a hold of their own: no level changes, and every unit is in one of the two. */
import type { SplitHoldRequest, SplitHoldResponse } from '@holdfast/contracts/inventory'
import { randomUUID } from 'node:crypto'

import { available, expectBalanced, holdItem, holdOne, makeDue, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

let inventory: TestInventory
beforeAll(async () => {
  inventory = await startInventory(2)
})
afterAll(async () => inventory.stop())
afterEach(async () => expectBalanced(inventory))

async function made(...lines: [sku: string, quantity: number][]): Promise<string> {
  const item = holdItem(lines.map(([sku, quantity]) => ({ sku, quantity })))
  expect((await holdOne(inventory, item)).error).toBeUndefined()
  return item.id
}

async function split(
  id: string,
  lines: [sku: string, quantity: number][],
  more: Partial<SplitHoldRequest> = {},
): Promise<SplitHoldResponse> {
  const wanted = lines.map(([sku, quantity]) => ({ sku, quantity, warehouse: '' }))
  const request = { id, partId: randomUUID(), fingerprint: 'a part', lines: wanted, linesVersion: 1, ...more }
  return inventory.reservation.splitHold(request, inventory.service())
}

const release = async (id: string) =>
  inventory.reservation.release({ items: [{ id, endProtection: false }] }, inventory.service())
const fate = ({ part }: SplitHoldResponse): string => part?.error?.code ?? part?.hold?.state ?? 'nothing'

test('units move, with their price and their end, and a repeat finds the part', async () => {
  const [a, b] = [await makeProduct(inventory, 10), await makeProduct(inventory, 10, undefined, 300n)]
  const id = await made([a, 4], [b, 2])
  const partId = randomUUID()
  const first = await split(
    id,
    [
      [a, 1],
      [b, 2],
    ],
    { partId },
  )
  expect(first.part).toMatchObject({ replayed: false, hold: { id: partId, state: 'HELD', version: 1, linesVersion: 1 } })
  expect(
    first.part?.hold?.lines.map(({ sku, quantity, unitPrice }) => [sku, quantity, unitPrice?.amountMinor]).toSorted(),
  ).toEqual(
    [
      [a, 1, 1_000n],
      [b, 2, 300n],
    ].toSorted(),
  )
  expect(first.rest).toMatchObject({ id, version: 2, linesVersion: 2, lines: [{ sku: a, quantity: 3 }] })
  expect(first.part?.hold?.expiresAt).toEqual(first.rest?.expiresAt)
  expect(
    (
      await split(
        id,
        [
          [a, 1],
          [b, 2],
        ],
        { partId },
      )
    ).part,
  ).toMatchObject({ replayed: true, hold: { version: 1 } })
  expect(fate(await split(id, [[a, 1]], { partId, fingerprint: 'another' }))).toBe('IDEMPOTENCY_KEY_REUSED')
  expect(await available(inventory, a)).toMatchObject({ reserved: 4 })
  await inventory.reservation.commit({ ids: [partId], linesVersions: [1] }, inventory.service())
  await release(id)
  expect(await available(inventory, a)).toEqual({ onHand: 9, reserved: 0, available: 9 })
  expect(await available(inventory, b)).toEqual({ onHand: 8, reserved: 0, available: 8 })
})

test('a part that was given back before it was made, is too large, or is all of it, is refused', async () => {
  const sku = await makeProduct(inventory, 10)
  const id = await made([sku, 4])
  const buried = randomUUID()
  await release(buried)
  expect(fate(await split(id, [[sku, 1]], { partId: buried }))).toBe('RESERVATION_EXPIRED')
  expect(fate(await split(id, [[sku, 5]]))).toBe('INVALID_ARGUMENT')
  expect(fate(await split(id, [[sku, 4]]))).toBe('ILLEGAL_TRANSITION')
  expect(fate(await split(id, [[sku, 1]], { linesVersion: 7 }))).toBe('CONFLICT')
  expect(fate(await split(randomUUID(), [[sku, 1]]))).toBe('NOT_FOUND')
  await expect(split(id, [[sku, 0]])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('what is paid, due or ended is not split', async () => {
  const sku = await makeProduct(inventory, 20)
  const [paying, due, ended] = [await made([sku, 4]), await made([sku, 4]), await made([sku, 4])]
  await inventory.order.protect({ items: [{ id: paying, graceMs: 60_000 }] }, inventory.service())
  await makeDue(inventory, [due])
  await release(ended)
  const all = await Promise.all([paying, due, ended].map(async (id) => split(id, [[sku, 1]])))
  expect(all.map(fate)).toEqual(['PAYMENT_IN_PROGRESS', 'RESERVATION_EXPIRED', 'RESERVATION_NOT_ACTIVE'])
})

test('of two splits at two replicas that are meant for the same lines one is made', async () => {
  const sku = await makeProduct(inventory, 20)
  const id = await made([sku, 4])
  const all = await Promise.all(Array.from({ length: 6 }, async () => split(id, [[sku, 2]])))
  expect(all.map(fate).toSorted()).toEqual([...Array<string>(5).fill('CONFLICT'), 'HELD'])
})

test('what has a limit counts once, in whichever hold it is', async () => {
  const sku = await makeProduct(inventory, 20)
  await inventory.reservation.updateProduct({ sku, price: undefined, parts: [], mostPerShopper: 5 }, inventory.admin())
  const owner = randomUUID()
  const item = holdItem(
    [
      { sku, quantity: 4 },
      { sku: await makeProduct(inventory, 5), quantity: 1 },
    ],
    { owner },
  )
  await holdOne(inventory, item)
  expect(fate(await split(item.id, [[sku, 3]]))).toBe('HELD')
  const more = async (quantity: number) => holdOne(inventory, holdItem([{ sku, quantity }], { owner }))
  expect((await more(2)).error).toBeDefined()
  expect((await more(1)).error).toBeUndefined()
})
