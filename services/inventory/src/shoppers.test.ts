import { HoldItem, HoldItem_Strategy as Strategy, type HoldResult } from '@holdfast/contracts/inventory'

import { watchShoppers } from './shoppers'

const item = HoldItem.fromPartial({ ttlSeconds: 1, strategy: Strategy.COMBINING })
const held: HoldResult = { hold: undefined, error: undefined, replayed: false }

/** Holds that wait until they are answered. */
function open() {
  const waiting: { resolve: (result: HoldResult) => void; reject: (error: unknown) => void }[] = []
  const submit = async () => new Promise<HoldResult>((resolve, reject) => waiting.push({ resolve, reject }))
  return { shoppers: watchShoppers({ submit }), waiting }
}

const ended = async (turn: Promise<void>): Promise<boolean> =>
  Promise.race([turn.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))])

test('with nobody about, a turn is over at once', async () => {
  const { shoppers } = open()
  expect(shoppers.about()).toBe(false)
  expect(await ended(shoppers.turn())).toBe(true)
})

test('a turn lasts until those who waited have their answers, whichever, and not for those who came later', async () => {
  const { shoppers, waiting } = open()
  const [first, second] = [shoppers.submit(item, 0), shoppers.submit(item, 0)]
  const turn = shoppers.turn()
  const later = shoppers.submit(item, 0)
  expect(shoppers.about()).toBe(true)
  expect(await ended(turn)).toBe(false)
  waiting[0]?.resolve(held)
  waiting[1]?.reject(new Error('no'))
  expect(await first).toBe(held)
  await expect(second).rejects.toThrow('no')
  await turn
  waiting[2]?.resolve(held)
  await later
  expect(await ended(shoppers.turn())).toBe(true)
  expect(shoppers.about()).toBe(true)
})

test('a turn is over after a moment, however long they wait', async () => {
  const { shoppers, waiting } = open()
  const never = shoppers.submit(item, 0)
  await shoppers.turn()
  waiting[0]?.resolve(held)
  await never
})
