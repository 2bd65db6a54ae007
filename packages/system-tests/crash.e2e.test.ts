/** kill -9 of each service under load: nothing acknowledged is lost, and the books balance (truth 7). */
import { startLoad } from './load'
import { openShop, type Shop } from './shop'

let shop: Shop
beforeAll(async () => {
  shop = await openShop({
    restartCrashed: true,
    envFor: { reservation: { ORPHAN_MIN_AGE_MS: '2000' }, order: { PAYMENT_LEASE_MS: '1500', PAYMENT_LIMIT_MS: '4000' } },
  })
})
afterAll(async () => shop.close())

test('each of the five processes killed under load', async () => {
  const load = await startLoad(shop)
  for (const service of ['inventory', 'reservation', 'order', 'audit', 'gateway'] as const) {
    await load.goesOn()
    await shop.system.kill(service, 'SIGKILL')
    await shop.system.waitUntilReady()
  }
  await load.goesOn()
  await load.stop()
  await load.expectKept()
})
