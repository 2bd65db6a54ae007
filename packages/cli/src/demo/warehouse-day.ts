/** The real day again, over three warehouses: sets of what is bought together, stock that comes late, and shoppers who change their minds. */
import { readFile } from 'node:fs/promises'

import { type Client, HoldfastApiError, type Order } from '@holdfast/client'

import { readShopDay, type ShopDay } from './baskets'
import { cancel, checkOut, isConfirmed, isReserved, isSoldOut, reserve } from './reserve'
import { count, type Session } from './session'
import { dayFile, type Sold } from './shop-day'
import { ifThere, makeProducts } from './stock'
import {
  commonPairs,
  firstBaskets,
  type Pair,
  type Purchase,
  setPrefix,
  spread,
  type Stocked,
  toPurchase,
} from './warehouse-plan'
import { deliveries, expectDeliveries, readBooks, receive, setLevels, type Shipments } from './warehouse-stock'

/** Of which the demo's shoppers see nothing else. */
const channel = 'DEMO'
const warehouses = ['DEMO-NORTH', 'DEMO-MIDDLE', 'DEMO-SOUTH'] as const
const numberOfPairs = 10
const ttlSeconds = 120

interface Buyer {
  shopper: Client
  purchase: Purchase
  /** Takes the basket once and gives it back, then comes again; or does not. */
  mind: 'sure' | 'hesitates' | 'gives up'
}

/** @param baskets only so many of the day's */
export async function warehouseDay(session: Session, baskets = Infinity): Promise<Sold> {
  const { progress, shoppers } = session
  const day = firstBaskets(readShopDay(await readFile(dayFile, 'utf8')), baskets)
  progress.say(
    `\nThe same day over three warehouses: ${day.baskets.length} baskets, ${numberOfPairs} sets, a fifth of the stock late`,
  )
  const pairs = commonPairs(day.baskets, numberOfPairs)
  const stocked = spread(day.products, warehouses.length)
  await makeWarehouses(session)
  await makeProducts(
    session,
    day.products.map((product) => ({ ...product, currency: 'GBP' })),
  )
  await makeSets(session, day, pairs)
  await setLevels(session, stocked, warehouses)
  const shipments = await expectDeliveries(session, stocked, warehouses)
  const buyers = day.baskets.flatMap((basket, index): Buyer[] => {
    const shopper = shoppers[index % shoppers.length]
    const mind = index % 10 === 9 ? 'gives up' : index % 7 === 3 ? 'hesitates' : 'sure'
    return shopper === undefined ? [] : [{ shopper, purchase: toPurchase(basket, pairs), mind }]
  })
  const orders = await sellAll(session, buyers, shipments)
  await checkUnits(session, { day, stocked, shipments, buyers, orders })
  // What is left is no part of another day.
  await setLevels(
    session,
    stocked.map(({ sku }) => ({ sku, opening: warehouses.map(() => 0) })),
    warehouses,
  )
  return { orderIds: orders.map(({ id }) => id) }
}

async function makeWarehouses({ api, admin }: Session): Promise<void> {
  for (const code of warehouses) {
    await api.must(`make the warehouse ${code}`, admin.createWarehouse({ code, name: `${code}, of the demo` }).catch(ifThere))
  }
  const made = admin.createSalesChannel({ code: channel, name: 'Demo', warehouses })
  await api.must(`make the channel ${channel}`, made.catch(ifThere))
}

/** At the price of both. */
async function makeSets({ api, admin }: Session, { products }: ShopDay, pairs: readonly Pair[]): Promise<void> {
  const bySku = new Map(products.map((product) => [product.sku, product]))
  for (const { sku, parts } of pairs) {
    const both = parts.flatMap((part) => bySku.get(part) ?? [])
    const amountMinor = String(both.reduce((sum, product) => sum + product.amountMinor, 0))
    const fields = { name: both.map(({ name }) => name).join(' + '), price: { currency: 'GBP', amountMinor } }
    const made = admin.createProduct({ sku, ...fields, parts: parts.map((part) => ({ sku: part, quantity: 1 })) })
    await api.must(`make the set ${sku}`, made.catch(ifThere))
  }
}

/** What became of one try. */
type Try = { order: Order } | { refusal: HoldfastApiError } | 'given back'

/** Everybody at once while half of what is late arrives; who has nothing yet, with the other half; and the rest when all of it is there. */
async function sellAll(session: Session, buyers: readonly Buyer[], shipments: Shipments): Promise<Order[]> {
  const { progress, checks, facts } = session
  const step = progress.begin('baskets over three warehouses', buyers.length)
  const orders: Order[] = []
  const refusals: HoldfastApiError[] = []
  let waiting = buyers
  for (const round of [0, 1, 2]) {
    const left: Buyer[] = []
    const shopping = waiting.map(async (buyer) => {
      const outcome = await tryToBuy(session, buyer, round)
      if (outcome === 'given back') {
        if (buyer.mind === 'hesitates') left.push(buyer)
        else step.tick()
      } else if ('order' in outcome) {
        orders.push(outcome.order)
        step.tick()
      } else {
        refusals.push(outcome.refusal)
        left.push(buyer)
      }
    })
    await Promise.all([...shopping, ...(round < deliveries ? [receive(session, shipments, round)] : [])])
    waiting = left
  }
  const ms = step.end()
  const wanted = buyers.filter(({ mind }) => mind !== 'gives up').length
  checks.push({ what: 'baskets that were sold in the end', expected: wanted, found: count(session, orders, isConfirmed) })
  const tooEarly = count(session, refusals, isSoldOut)
  const several = orders.filter(({ lines }) => new Set(lines.flatMap(placesOf)).size > 1).length
  facts.push(
    `three warehouses: ${orders.length} baskets sold in ${(ms / 1000).toFixed(2)} s, ${several} of them from more than one; ` +
      `${tooEarly} tries came before the stock`,
  )
  return orders
}

const placesOf = ({ warehouse, parts }: Order['lines'][number]): string[] =>
  parts.length === 0 ? [warehouse] : parts.map((part) => part.warehouse)

async function tryToBuy(session: Session, { shopper, purchase, mind }: Buyer, round: number): Promise<Try> {
  const reply = await reserve(session, shopper, purchase.lines, ttlSeconds, { channel, allowSplit: true })
  // Who gives up would have given it back.
  if (!isReserved(reply)) return mind === 'gives up' && isSoldOut(reply) ? 'given back' : { refusal: reply }
  if (mind === 'sure' || (mind === 'hesitates' && round > 0)) {
    const order = await checkOut(session, shopper, reply)
    return order instanceof HoldfastApiError ? { refusal: order } : { order }
  }
  await cancel(session, shopper, reply)
  return 'given back'
}

interface Sale {
  day: ShopDay
  stocked: readonly Stocked[]
  shipments: Shipments
  buyers: readonly Buyer[]
  orders: readonly Order[]
}

/** Every unit: what was there and what came is there or sold, and what was sold is what the baskets of those who bought had. */
async function checkUnits(session: Session, { day, stocked, shipments, buyers, orders }: Sale): Promise<void> {
  const { checks } = session
  const bought = new Map<string, number>()
  for (const { mind, purchase } of buyers) {
    if (mind === 'gives up') continue
    for (const [sku, units] of purchase.units) bought.set(sku, (bought.get(sku) ?? 0) + units)
  }
  const reservations = new Set(orders.map(({ reservationId }) => reservationId))
  const arrived = new Set(shipments.map(({ id }) => id))
  const books = await readBooks(session, stocked, { channel, reservations, shipments: arrived })
  const sum = (of: (book: (typeof books)[number]) => number): number => books.reduce((total, book) => total + of(book), 0)
  const accounted = books.filter(({ opening, received, onHand, sold }) => opening + received === onHand + sold)
  checks.push(
    { what: 'products: opening + received = on hand + sold', expected: day.products.length, found: accounted.length },
    { what: 'units there at first, or late', expected: day.units, found: sum(({ opening, received }) => opening + received) },
    {
      what: 'units sold',
      expected: [...bought.values()].reduce((total, units) => total + units, 0),
      found: sum(({ sold }) => sold),
    },
    {
      what: 'products sold as the baskets say',
      expected: books.length,
      found: books.filter(({ sku, sold }) => sold === (bought.get(sku) ?? 0)).length,
    },
    { what: 'units still on the way', expected: 0, found: sum(({ incoming }) => incoming) },
    { what: 'units still reserved', expected: 0, found: sum(({ reserved }) => reserved) },
  )
  const sets = buyers.filter(({ mind }) => mind !== 'gives up').flatMap(({ purchase }) => purchase.lines.filter(isSet))
  const soldSets = orders.flatMap(({ lines }) => lines.filter(isSet))
  const quantities = (lines: readonly { quantity: number }[]): number =>
    lines.reduce((total, { quantity }) => total + quantity, 0)
  checks.push({ what: 'sets sold', expected: quantities(sets), found: quantities(soldSets) })
}

const isSet = ({ sku }: { sku: string }): boolean => sku.startsWith(setPrefix)
