/** PostgreSQL ends under load, all five databases and the event log with it, and every service goes on by itself (truth 7). */
import { expectAtRest } from './books'
import { startLoad } from './load'
import { openShop, type Shop } from './shop'

let shop: Shop
const pids = () => [
  shop.system.pid('inventory'),
  shop.system.pid('reservation'),
  shop.system.pid('order'),
  shop.system.pid('audit'),
]
beforeAll(async () => {
  shop = await openShop({
    ownPostgres: true,
    envFor: { reservation: { ORPHAN_MIN_AGE_MS: '2000' }, order: { PAYMENT_LEASE_MS: '1500', PAYMENT_LIMIT_MS: '4000' } },
  })
})
afterAll(async () => shop.close())

test('PostgreSQL stopped at once and started again, then killed, under load', async () => {
  const before = pids()
  const load = await startLoad(shop)
  for (const how of ['immediate', 'kill'] as const) {
    await load.goesOn()
    shop.system.crashDatabase(how)
    await load.goesOn()
  }
  await load.stop()
  await load.expectKept()
  await expectAtRest(shop)
  // Nobody ended to be started again.
  expect(pids()).toEqual(before)
}, 120_000)
