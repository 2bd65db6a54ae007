/** Shoppers at work while something crashes, and what has to be true of all that they were told (truth 7). */
import {
  countSold,
  notAsTold,
  type ReservationReply,
  type Shoppers,
  startShoppers,
  stocks,
  untilAudited,
  waitFor,
} from '@holdfast/testing'

import { type Shop, times } from './shop'

export interface Load extends Shoppers {
  /** Nothing acknowledged is lost, nothing is sold twice, and what was made without an answer is given back. */
  expectKept(): Promise<void>
}

const shoppers = 8
/** Little: what crashes is to be busy. ms */
const pauseMs = 20

export async function startLoad(shop: Shop): Promise<Load> {
  const sales = await Promise.all(stocks.map(async (stock) => ({ sku: await shop.product(stock), stock })))
  const skus = sales.map(({ sku }) => sku)
  const load = startShoppers({ people: await times(shoppers, async () => shop.shopper()), skus, pauseMs })
  const { told } = load
  return {
    ...load,
    expectKept: async () => {
      expect(await notAsTold(shop.admin, told)).toEqual([])
      await shop.expectBalanced()
      // What was made without an answer is known too: every unit that is reserved belongs to an ACTIVE reservation.
      await waitFor(async () => (await unitsOfActive(shop)) === (await reservedUnits(shop, skus)), {
        what: 'orphans to be given back',
        timeoutMs: 40_000,
      })
      const { sold, ...counts } = await countSold(shop.system, shop.admin, sales, told)
      expect(counts).toEqual({ paid: sold, taken: sold, oversold: [] })
      expect(await untilAudited(shop.system, [...told.reservations.keys()])).toBe(0)
      expect((await shop.admin.get('/v1/audit:verify')).body).toMatchObject({ valid: true })
      expect(told.orders.size).toBeGreaterThan(0)
    },
  }
}

async function unitsOfActive(shop: Shop): Promise<number> {
  let units = 0
  let pageToken = ''
  do {
    const { body } = await shop.admin.get<{ reservations: ReservationReply['reservation'][]; nextPageToken: string }>(
      `/v1/reservations?status=ACTIVE&pageSize=200&pageToken=${pageToken}`,
    )
    units += body.reservations.flatMap(({ lines }) => lines).reduce((sum, line) => sum + line.quantity, 0)
    pageToken = body.nextPageToken
  } while (pageToken !== '')
  return units
}

async function reservedUnits(shop: Shop, skus: string[]): Promise<number> {
  const levels = await Promise.all(skus.map(async (sku) => shop.available(sku)))
  return levels.reduce((sum, level) => sum + level.reserved, 0)
}
