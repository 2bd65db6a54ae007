import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Client } from '@holdfast/client'
import { workspaceRoot } from '@holdfast/launcher'

import { readShopDay, type ShopDay } from './baskets'
import { perSecond } from './race'
import { checkOut, isConfirmed, isReserved, isSoldOut, reserve } from './reserve'
import { count, type Session } from './session'
import { makeProducts, readStock, setStock } from './stock'

/** One day of a real shop. */
export const dayFile = join(workspaceRoot(), 'packages', 'cli', 'data', 'online-retail-2010-12-01.csv')
/** Long enough to check out; what an interrupted demo leaves is gone soon. */
const ttlSeconds = 120

export interface Sold {
  orderIds: string[]
}

/** A real day's baskets, all at once, out of exactly the stock that the day sold; then all of them again, out of none. */
export async function shopDay(session: Session): Promise<Sold> {
  const { progress, checks } = session
  const day = readShopDay(await readFile(dayFile, 'utf8'))
  progress.say(`\nA real shop's day, 1 December 2010: ${day.baskets.length} baskets, ${day.lines.toLocaleString('en-GB')} lines`)
  checks.push({ what: 'baskets of the day', expected: 84, found: day.baskets.length })
  checks.push({ what: 'products of the day', expected: 773, found: day.products.length })
  checks.push({ what: 'units of the day', expected: 17_341, found: day.units })
  await makeProducts(
    session,
    day.products.map((product) => ({ ...product, currency: 'GBP' })),
  )
  await setStock(session, new Map(day.products.map((product) => [product.sku, product.units])))
  const sold = await sellEverything(session, day)
  await sellNothing(session, day)
  return sold
}

async function sellEverything(session: Session, day: ShopDay): Promise<Sold> {
  const { checks, facts } = session
  const begunAt = performance.now()
  let reservedMs = 0
  const reserving = session.progress.begin('baskets, all at once', day.baskets.length)
  const replies = await forEachBasket(session, day, async (shopper, lines) => {
    const reserved = await reserve(session, shopper, lines, ttlSeconds)
    reservedMs = performance.now() - begunAt
    const paid = isReserved(reserved) ? await checkOut(session, shopper, reserved) : undefined
    reserving.tick()
    return { reserved, paid }
  })
  const ms = reserving.end()
  const reserved = replies.map((reply) => reply.reserved)
  const paid = replies.flatMap((reply) => reply.paid ?? [])
  checks.push({ what: 'baskets reserved', expected: day.baskets.length, found: count(session, reserved, isReserved) })
  checks.push({ what: 'orders confirmed', expected: day.baskets.length, found: count(session, paid, isConfirmed) })
  const orders = paid.filter(isConfirmed)
  const units = orders.flatMap(({ lines }) => lines).reduce((sum, { quantity }) => sum + quantity, 0)
  checks.push({ what: 'units sold', expected: day.units, found: units })
  const levels = [
    ...(
      await readStock(
        session,
        day.products.map(({ sku }) => sku),
      )
    ).values(),
  ]
  const empty = levels.filter(({ onHand, reserved, available }) => onHand === 0 && reserved === 0 && available === 0)
  checks.push({ what: 'stock levels that ended at 0', expected: day.products.length, found: empty.length })
  facts.push(
    `the day: ${day.baskets.length} reservations of ${day.lines.toLocaleString('en-GB')} lines in ${(reservedMs / 1000).toFixed(2)} s, ` +
      `${perSecond(day.baskets.length, reservedMs)} reservations (${perSecond(day.lines, reservedMs)} lines) a second, paid for in ${(ms / 1000).toFixed(2)} s`,
  )
  return { orderIds: orders.map((order) => order.id) }
}

async function sellNothing(session: Session, day: ShopDay): Promise<void> {
  const { checks } = session
  const step = session.progress.begin('the same baskets once more', day.baskets.length)
  const replies = await forEachBasket(session, day, async (shopper, lines) => {
    const reply = await reserve(session, shopper, lines, ttlSeconds)
    step.tick()
    return reply
  })
  step.end()
  checks.push({
    what: 'second time: baskets told INSUFFICIENT_STOCK',
    expected: day.baskets.length,
    found: count(session, replies, isSoldOut),
  })
  const levels = [
    ...(
      await readStock(
        session,
        day.products.map(({ sku }) => sku),
      )
    ).values(),
  ]
  const held = levels.reduce((sum, { reserved }) => sum + reserved, 0)
  checks.push({ what: 'second time: units held', expected: 0, found: held })
}

/** Every basket at once, each by a shopper of its own. */
async function forEachBasket<Result>(
  { shoppers }: Session,
  day: ShopDay,
  work: (shopper: Client, lines: ShopDay['baskets'][number]['lines']) => Promise<Result>,
): Promise<Result[]> {
  const pairs = day.baskets.flatMap(({ lines }, index) => {
    const shopper = shoppers[index % shoppers.length]
    return shopper === undefined ? [] : [{ shopper, lines }]
  })
  return Promise.all(pairs.map(async ({ shopper, lines }) => work(shopper, lines)))
}
